// SPDX-License-Identifier: MIT
#include "pricing/schedule_json.hpp"

#include <algorithm>
#include <string>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// From UTC-12 to UTC+14; no place on earth is outside of it.
constexpr std::int64_t lowest_offset_min = -12 * 60;
constexpr std::int64_t highest_offset_min = 14 * 60;

std::optional<int> read_offset(FieldReader& reader, const Field& object, std::string_view name) {
  const auto offset = reader.whole(object, name, lowest_offset_min, highest_offset_min);
  if (!offset) return std::nullopt;
  return static_cast<int>(*offset);
}

/// `2026-10-01`, or `2026-10-01..2026-10-07` with both days in it.
std::optional<DayRange> read_days(FieldReader& reader, const Field& field) {
  if (!reader.is(field, JsonType::string)) return std::nullopt;
  const std::string_view text = field.value->text;
  const std::size_t dots = text.find("..");
  const auto first = parse_day(text.substr(0, dots));
  const auto last = dots == text.npos ? first : parse_day(text.substr(dots + 2));
  if (first && last && *first <= *last) return DayRange{*first, *last};
  reader.refuse(field, "expected a day like 2026-10-01 or a range like 2026-10-01..2026-10-07");
  return std::nullopt;
}

DayRange read_covers(FieldReader& reader, const Field& calendar) {
  const auto covers = reader.member(calendar, "covers", JsonType::array, Need::required);
  if (!covers) return {};
  const JsonChildren days = covers->value->children();
  if (days.size() != 2) {
    reader.refuse(*covers, "expected the first and the last day that the list covers");
    return {};
  }
  const auto first = reader.day({&days[0], &*covers});
  const auto last = reader.day({&days[1], &*covers});
  if (!first || !last) return {};
  if (*first > *last) reader.refuse(*covers, "the first day comes after the last");
  return {*first, *last};
}

/// Sorted, with those that touch or overlap made one.
std::vector<DayRange> joined(std::vector<DayRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const DayRange& a, const DayRange& b) { return a.first < b.first; });
  std::vector<DayRange> joined;
  for (const DayRange& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

/// `HH:MM`, as minutes after 00:00.
int read_minute(FieldReader& reader, const Field& window, std::string_view name) {
  const auto field = reader.member(window, name, JsonType::string, Need::required);
  if (!field) return 0;
  const std::string_view text = field->value->text;
  const auto digit = [text](std::size_t at) {
    return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100;
  };
  if (text.size() == 5 && text[2] == ':') {
    const int hour = digit(0) * 10 + digit(1);
    const int minute = digit(3) * 10 + digit(4);
    if (hour < 24 && minute < 60) return hour * 60 + minute;
  }
  reader.refuse(*field, "expected a time from 00:00 to 23:59");
  return 0;
}

unsigned read_weekdays(FieldReader& reader, const Field& window) {
  const auto field = reader.member(window, "weekdays", JsonType::array, Need::optional);
  if (!field) return Window::every_weekday;
  if (field->value->children().empty()) {
    reader.refuse(*field,
                  "a window without weekdays never counts; leave the field out for every day");
  }
  unsigned weekdays = 0;
  for_each_child(*field, [&](const Field& day) {
    const auto number = day.value->as_int();
    if (!number || *number < 1 || *number > 7) {
      reader.refuse(day, "expected a weekday from 1 (Monday) to 7 (Sunday)");
      return;
    }
    const unsigned bit = 1U << *number;
    if ((weekdays & bit) != 0) reader.refuse(day, "this weekday is in the list twice");
    weekdays |= bit;
  });
  return weekdays;
}

void read_except_calendar(FieldReader& reader, const Field& field, const KnownParts& known,
                          bool has_weekday_offset, Window& window) {
  window.calendar_offset_min = window.weekday_offset_min;
  const auto name = reader.member(field, "except_calendar", JsonType::string, Need::optional);
  if (!name) return;
  window.except = known.calendar(name->value->text);
  if (!window.except) {
    reader.refuse(*name, "no calendar has this name");
    return;
  }
  if (!window.except->offset_min) return;
  window.calendar_offset_min = *window.except->offset_min;
  // Both fields say where the day of an instant is read; two answers would bill by one of them
  // silently.
  if (has_weekday_offset && window.weekday_offset_min != window.calendar_offset_min) {
    reader.refuse(*name, "its utc_offset_min differs from the window's weekday_offset_min");
  }
}

std::size_t band_position(std::vector<std::string>& bands, const std::string& band) {
  const auto found = std::find(bands.begin(), bands.end(), band);
  if (found != bands.end()) return static_cast<std::size_t>(found - bands.begin());
  bands.push_back(band);
  return bands.size() - 1;
}

Window read_window(FieldReader& reader, const Field& field, const KnownParts& known,
                   std::vector<std::string>& bands) {
  Window window;
  if (!reader.has_only(field, {"band", "start", "end", "tz", "weekdays", "weekday_offset_min",
                               "except_calendar"})) {
    return window;
  }
  window.band = band_position(bands, reader.text(field, "band", Need::required));
  window.start_min = read_minute(reader, field, "start");
  window.end_min = read_minute(reader, field, "end");
  if (window.start_min == window.end_min) {
    reader.refuse(field, "a window that starts and ends at the same time crosses nothing");
  }
  reader.word(field, "tz", {"UTC"});
  window.weekdays = read_weekdays(reader, field);
  const auto offset = read_offset(reader, field, "weekday_offset_min");
  window.weekday_offset_min = offset.value_or(0);
  read_except_calendar(reader, field, known, offset.has_value(), window);
  return window;
}

template <class Part>
using Parts = std::map<std::string, std::shared_ptr<const Part>, std::less<>>;

template <class Part>
std::shared_ptr<const Part> find_part(const KnownParts& known, Parts<Part> Layer::*parts,
                                      std::string_view name) {
  const Parts<Part>& own = known.own->*parts;
  if (const auto found = own.find(name); found != own.end()) return found->second;
  if (!known.below) return nullptr;
  for (const auto& layer : known.below->layers) {
    const Parts<Part>& there = layer.get()->*parts;
    if (const auto found = there.find(name); found != there.end()) return found->second;
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const Calendar> KnownParts::calendar(std::string_view name) const {
  return find_part(*this, &Layer::calendars, name);
}

std::shared_ptr<const Schedule> KnownParts::schedule(std::string_view name) const {
  return find_part(*this, &Layer::schedules, name);
}

PriceSource read_source(FieldReader& reader, const Field& object) {
  PriceSource source;
  const auto field = reader.member(object, "source", JsonType::object, Need::optional);
  if (!field || !reader.has_only(*field, {"name", "url", "verified_at"})) return source;
  source.name = reader.text(*field, "name", Need::optional);
  source.url = reader.text(*field, "url", Need::optional);
  const JsonValue* verified_at = field->value->find("verified_at");
  // An importer writes null until somebody has confirmed the price.
  if (!verified_at || verified_at->is_null()) return source;
  if (reader.day({verified_at, &*field})) source.verified_at = verified_at->text;
  return source;
}

Calendar read_calendar(FieldReader& reader, const Field& field) {
  Calendar calendar;
  calendar.name = field.value->key;
  if (!reader.has_only(field, {"tz", "utc_offset_min", "covers", "days", "source"})) {
    return calendar;
  }
  reader.text(field, "tz", Need::optional);
  calendar.offset_min = read_offset(reader, field, "utc_offset_min");
  calendar.covers = read_covers(reader, field);
  if (const auto days = reader.member(field, "days", JsonType::array, Need::required)) {
    std::vector<DayRange> ranges;
    for_each_child(*days, [&](const Field& day) {
      if (const auto range = read_days(reader, day)) ranges.push_back(*range);
    });
    calendar.days = joined(std::move(ranges));
  }
  read_source(reader, field);
  return calendar;
}

Schedule read_schedule(FieldReader& reader, const Field& field, const KnownParts& known) {
  Schedule schedule;
  schedule.name = field.value->key;
  if (!reader.has_only(field, {"billing_instant", "default_band", "windows"})) {
    return schedule;
  }
  if (reader.word(field, "billing_instant", {"completed", "started"}) == "started") {
    schedule.billing_instant = BillingInstant::started;
  }
  schedule.bands.push_back(reader.text(field, "default_band", Need::required));
  const auto windows = reader.member(field, "windows", JsonType::array, Need::required);
  if (!windows) return schedule;
  for_each_child(*windows, [&](const Field& window) {
    schedule.windows.push_back(read_window(reader, window, known, schedule.bands));
  });
  // A window may take its part out of a later one; but if all have the default band, none does
  // anything.
  if (!schedule.windows.empty() && schedule.bands.size() == 1) {
    reader.refuse(*windows, "all windows have the default band, so that they cross nothing");
  }
  return schedule;
}

}  // namespace TALLY_ABI
}  // namespace tally
