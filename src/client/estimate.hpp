// SPDX-License-Identifier: MIT
#pragma once

#include "client/call_order.hpp"
#include "client/settings.hpp"
#include "tally/client.hpp"
#include "tally/estimate.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// `Client::estimate`: the worst case is the one that budgets hold, by the same code.
Estimate estimate_call(const ClientSettings& settings, CallOrder order, const CallOptions& options);

}  // namespace TALLY_ABI
}  // namespace tally
