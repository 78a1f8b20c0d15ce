// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A stretch of time with one offset, in seconds since 1970. Plain data.
struct ZonePiece {
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

  std::int32_t offset = 0;  ///< Seconds east of UTC.
  std::int64_t end = forever;
};

/// The day and local time of a change, as a rule says it for every year. Plain data.
struct YearlyChange {
  enum class Kind {
    month_week_day,        ///< `Mm.w.d`: the w-th (5: last) weekday d (0: Sunday) of month m.
    day_without_leap_day,  ///< `Jn`: 1 to 365; February 29 is not counted.
    day_from_zero,         ///< `n`: 0 to 365; February 29 is counted.
  };
  Kind kind = Kind::day_from_zero;
  int month = 0;
  int week = 0;
  int day = 0;
  std::int32_t time = 7200;  ///< Seconds after midnight; may lie in other days.

  /// Local seconds since 1970.
  std::int64_t in(std::int64_t year) const;
};

/// The rule of POSIX's TZ variable, with the times beyond a day that RFC 8536 allows. Plain data.
struct PosixRule {
  struct Daylight {
    std::int32_t offset = 0;
    YearlyChange begin;  ///< In standard time.
    YearlyChange end;    ///< In daylight time.
  };
  std::int32_t offset = 0;
  std::optional<Daylight> daylight{};

  ZonePiece piece_at(std::int64_t second) const;
};

/// `CET-1CEST,M3.5.0,M10.5.0/3`; `invalid_argument` names the part that is wrong. A rule with a
/// daylight name and no dates is refused: every system takes others.
Result<PosixRule> parse_posix_rule(std::string_view text);

/// Rounds down, also below 0.
constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace TALLY_ABI
}  // namespace tally
