// SPDX-License-Identifier: MIT
#include "pricing/calendar.hpp"

#include <algorithm>

#include "base/civil.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t minutes_per_day = 24 * 60;

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::int64_t minute_of(Instant at) {
  return floor_divide(at.time_since_epoch().count(), 60'000'000);
}

Instant instant_of(std::int64_t minute) { return Instant(std::chrono::minutes(minute)); }

/// The day of a UTC minute where days begin `offset_min` before those of UTC.
std::int64_t day_of(std::int64_t minute, int offset_min) {
  return floor_divide(minute + offset_min, minutes_per_day);
}

bool within_hours(const Window& window, int minute_of_day) {
  if (window.start_min < window.end_min) {
    return minute_of_day >= window.start_min && minute_of_day < window.end_min;
  }
  return minute_of_day >= window.start_min || minute_of_day < window.end_min;
}

bool contains(const Window& window, std::int64_t minute, int minute_of_day) {
  if (!within_hours(window, minute_of_day)) return false;
  if (window.weekdays != Window::every_weekday) {
    const int weekday_then = weekday(day_of(minute, window.weekday_offset_min));
    if ((window.weekdays >> weekday_then & 1U) == 0) return false;
  }
  return !window.except || !window.except->contains(day_of(minute, window.calendar_offset_min));
}

/// The minutes of a UTC day at which a window of the schedule can open or close. The weekday and
/// the holiday are those of the instant, so a day that begins inside a window is such a minute too.
std::vector<std::int64_t> possible_edges(const Schedule& schedule) {
  std::vector<std::int64_t> minutes;
  const auto day_start = [](int offset_min) {
    return (minutes_per_day - offset_min % minutes_per_day) % minutes_per_day;
  };
  for (const Window& window : schedule.windows) {
    minutes.push_back(window.start_min);
    minutes.push_back(window.end_min);
    minutes.push_back(day_start(window.weekday_offset_min));
    minutes.push_back(day_start(window.calendar_offset_min));
  }
  std::sort(minutes.begin(), minutes.end());
  minutes.erase(std::unique(minutes.begin(), minutes.end()), minutes.end());
  return minutes;
}

std::size_t band_at_minute(const Schedule& schedule, std::int64_t minute) {
  const int minute_of_day = static_cast<int>(minute - day_of(minute, 0) * minutes_per_day);
  for (const Window& window : schedule.windows) {
    if (contains(window, minute, minute_of_day)) return window.band;
  }
  return 0;
}

}  // namespace

bool Calendar::contains(std::int64_t day) const {
  const auto after = std::upper_bound(
      days.begin(), days.end(), day,
      [](std::int64_t wanted, const DayRange& range) { return wanted < range.first; });
  return after != days.begin() && day <= std::prev(after)->last;
}

std::size_t Schedule::band_at(Instant at) const { return band_at_minute(*this, minute_of(at)); }

std::optional<Instant> Schedule::next_edge(Instant at) const {
  // Holidays can hold a band for many days; a year without any change is taken as "none is known".
  constexpr std::int64_t days_ahead = 366;
  const std::vector<std::int64_t> edges = possible_edges(*this);
  const std::int64_t now = minute_of(at);
  const std::int64_t today = day_of(now, 0);
  const std::size_t band = band_at_minute(*this, now);
  for (std::int64_t day = today; day <= today + days_ahead; ++day) {
    for (const std::int64_t edge : edges) {
      const std::int64_t minute = day * minutes_per_day + edge;
      if (minute > now && band_at_minute(*this, minute) != band) return instant_of(minute);
    }
  }
  return std::nullopt;
}

bool Schedule::calendar_expired(Instant at) const {
  const std::int64_t minute = minute_of(at);
  return std::any_of(windows.begin(), windows.end(), [minute](const Window& window) {
    return window.except && day_of(minute, window.calendar_offset_min) > window.except->covers.last;
  });
}

}  // namespace TALLY_ABI
}  // namespace tally
