// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Where 0 stands for now.
Instant instant_or_now(std::int64_t us);

}  // namespace TALLY_ABI
}  // namespace tally
