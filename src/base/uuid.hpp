// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A UUID of version 7 (RFC 9562): the milliseconds of `now`, then random bits. Within one process
/// ids grow in the order of the calls, as long as the clock does not step back by more than a
/// second. May be called by any thread.
std::string uuid_v7(Instant now);

}  // namespace TALLY_ABI
}  // namespace tally
