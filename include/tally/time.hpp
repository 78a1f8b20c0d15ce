// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

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
