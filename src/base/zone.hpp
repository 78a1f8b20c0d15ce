// SPDX-License-Identifier: MIT
#pragma once

// Local days as numbers (days since 1970-01-01), for what begins and ends with one.

#include <cstdint>

#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The local day of `at`. A day that has begun stays: where clocks go back past midnight (00:01 to
/// 23:01, in Newfoundland until 2011), the hour that is repeated belongs to the new day.
std::int64_t local_day_number(const TimeZone& zone, Instant at);

/// The first instant of that date, or of the next one where the zone never had it (Samoa left out
/// 2011-12-30).
Instant begin_of_local_day(const TimeZone& zone, std::int64_t day);

}  // namespace TALLY_ABI
}  // namespace tally
