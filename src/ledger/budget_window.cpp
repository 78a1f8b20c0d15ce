// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/civil.hpp"
#include "base/zone.hpp"
#include "tally/budget.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::seconds;

/// The local hour, or what a change of the offset leaves of it. The two hours that have one name
/// when clocks go back are two windows.
TimeSpan hour_at(const TimeZone& zone, Instant at) {
  const seconds offset = zone.offset_at(at);
  const auto local_hour = std::chrono::floor<std::chrono::hours>(at + offset);
  TimeSpan hour{local_hour - offset, local_hour - offset + std::chrono::hours(1)};
  for (auto change = zone.next_change(hour.begin); change && *change < hour.end;
       change = zone.next_change(*change)) {
    if (*change > at) {
      hour.end = *change;
      break;
    }
    hour.begin = *change;
  }
  return hour;
}

TimeSpan days(const TimeZone& zone, std::int64_t first, std::int64_t after_last) {
  return {begin_of_local_day(zone, first), begin_of_local_day(zone, after_last)};
}

TimeSpan week_at(const TimeZone& zone, Instant at) {
  const std::int64_t day = local_day_number(zone, at);
  const std::int64_t monday = day - (weekday(day) - 1);
  return days(zone, monday, monday + 7);
}

TimeSpan month_at(const TimeZone& zone, Instant at) {
  const std::int64_t day = local_day_number(zone, at);
  const CivilDate date = civil_from_days(day);
  const std::int64_t first = day - (date.day - 1);
  return days(zone, first, first + days_in_month(date.year, date.month));
}

}  // namespace

TimeSpan window_at(BudgetWindow window, const TimeZone& zone, Instant at) {
  switch (window) {
    case BudgetWindow::call:
      return {at, at};
    case BudgetWindow::hour:
      return hour_at(zone, at);
    case BudgetWindow::day:
      return local_day(zone, at).span;
    case BudgetWindow::week:
      return week_at(zone, at);
    case BudgetWindow::month:
      return month_at(zone, at);
    case BudgetWindow::total:
      break;
  }
  return {Instant{}, Instant::max()};
}

}  // namespace TALLY_ABI
}  // namespace tally
