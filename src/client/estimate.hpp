// SPDX-License-Identifier: MIT
#pragma once

#include "client/settings.hpp"
#include "tally/client.hpp"
#include "tally/estimate.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// `Client::estimate`: the worst case is the one that budgets hold, by the same code.
Estimate estimate_call(const ClientSettings& settings, const ChatRequest& request,
                       const CallOptions& options);

}  // namespace TALLY_ABI
}  // namespace tally
