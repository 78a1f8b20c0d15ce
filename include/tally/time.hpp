// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A point in UTC, in microseconds since 1970-01-01 without leap seconds. Prices, receipts and the
/// ledger use nothing else; zones and offsets are applied where a rule names them.
using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// A point on a clock that never jumps; only differences mean anything.
using SteadyInstant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Reads RFC 3339: `2026-04-05T12:00:00Z`, with an offset (`+08:00`) or up to six decimals of a
/// second. Anything else, a day that does not exist included, is `invalid_argument`.
TALLY_API Result<Instant> parse_instant(std::string_view text);

/// RFC 3339 in UTC: `2026-04-05T12:00:00Z`; decimals of a second only where there are any.
TALLY_API std::string to_string(Instant instant);

/// From one instant up to, and not including, another. Plain data.
struct TimeSpan {
  Instant begin{};
  Instant end{};
};
constexpr bool operator==(TimeSpan a, TimeSpan b) { return a.begin == b.begin && a.end == b.end; }
constexpr bool operator!=(TimeSpan a, TimeSpan b) { return !(a == b); }

/// Where a day begins: how far local time is from UTC, and when that changes. A value: cheap to
/// copy; may be shared by threads. Knows only what its caller gives it; the system's zone and its
/// files are never looked for.
class TALLY_API TimeZone {
 public:
  TimeZone() = default;  ///< UTC.

  /// Always the same offset, less than a day.
  static Result<TimeZone> fixed(std::chrono::seconds east_of_utc);
  /// The rule of POSIX's TZ variable: `CET-1CEST,M3.5.0,M10.5.0/3` (mind its sign: west is
  /// positive).
  static Result<TimeZone> posix(std::string_view rule);
  /// The bytes of a TZif file (RFC 8536), as `/usr/share/zoneinfo/Europe/Berlin` is one.
  static Result<TimeZone> tzif(std::string_view bytes);
  /// The same from a file that the caller names.
  static Result<TimeZone> load(const std::string& path);
  /// Reads what `to_string` wrote.
  static Result<TimeZone> parse(std::string_view text);

  /// East of UTC, at that instant.
  std::chrono::seconds offset_at(Instant at) const;
  /// The first change of the offset after `at`; nothing if none is known.
  std::optional<Instant> next_change(Instant at) const;

  struct Rules;
  const std::shared_ptr<const Rules>& rules() const { return rules_; }

 private:
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;  ///< Null: UTC.
};

/// `UTC`, `+08:00`, a POSIX rule, or `tzif:` and the file's bytes in hex. For storage.
TALLY_API std::string to_string(const TimeZone& zone);

/// The calendar day of `at` in `zone`, `2026-04-05`, and from when to when it lasts.
struct LocalDay {
  std::string date;
  TimeSpan span;
};
TALLY_API LocalDay local_day(const TimeZone& zone, Instant at);

/// The clock that a client reads, both for its timeouts and for the instant that decides a tariff.
/// Implement it to test time-dependent code. May be shared by threads.
class TALLY_API Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyInstant steady() const = 0;
  virtual Instant wall() const = 0;
};

/// The system's clocks.
TALLY_API std::shared_ptr<const Clock> system_clock();

}  // namespace TALLY_ABI
}  // namespace tally
