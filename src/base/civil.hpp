// SPDX-License-Identifier: MIT
#pragma once

// Days and dates of the proleptic Gregorian calendar. C++17 has none, and the C library's are bound
// to the process's time zone.

#include <cstdint>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// A calendar day. Plain data. Not checked by itself; see `is_valid`.
struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;  ///< 1 to 12.
  int day = 1;    ///< 1 to 31.
};

constexpr bool operator==(const CivilDate& a, const CivilDate& b) {
  return a.year == b.year && a.month == b.month && a.day == b.day;
}
constexpr bool operator!=(const CivilDate& a, const CivilDate& b) { return !(a == b); }

constexpr bool is_leap_year(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// 28 to 31; 0 for a month that does not exist.
constexpr int days_in_month(std::int64_t year, int month) {
  if (month < 1 || month > 12) return 0;
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

constexpr bool is_valid(const CivilDate& date) {
  return date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

/// Days since 1970-01-01 of a valid date.
constexpr std::int64_t days_from_civil(const CivilDate& date) {
  // A year that starts in March has its leap day at its end, so the days before a month follow one
  // formula; 400 such years (an era) always have 146,097 days.
  const std::int64_t year = date.month > 2 ? date.year : date.year - 1;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;  // 1970-01-01 is day 719,468 after 0000-03-01.
}

/// The inverse of `days_from_civil`.
constexpr CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

/// 1 = Monday to 7 = Sunday, of the day that lies `days` after 1970-01-01 (a Thursday).
constexpr int weekday(std::int64_t days) {
  const std::int64_t from_monday = (days % 7 + 7 + 3) % 7;
  return static_cast<int>(from_monday) + 1;
}

}  // namespace TALLY_ABI
}  // namespace tally
