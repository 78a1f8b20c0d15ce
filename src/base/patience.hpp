// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// `start` + `wait`, where a host may say "for ever" as the largest duration there is: a century
/// stands for it, since the sum would wrap around into the past.
inline SteadyInstant later(SteadyInstant start, std::chrono::milliseconds wait) {
  constexpr std::chrono::hours century{24 * 36525};
  return start + std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0), century);
}

}  // namespace TALLY_ABI
}  // namespace tally
