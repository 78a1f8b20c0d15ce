// SPDX-License-Identifier: MIT
#pragma once

#include "client/lane.hpp"
#include "client/settings.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Has `lane` make a connection and keep it, by a request that costs nothing. Waits until `until`.
Result<void> warm_up(Lane& lane, const ClientSettings& settings, SteadyInstant until);

}  // namespace TALLY_ABI
}  // namespace tally
