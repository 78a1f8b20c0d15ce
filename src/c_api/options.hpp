// SPDX-License-Identifier: MIT
#pragma once

#include "c_api/arguments.hpp"
#include "tally/c_api.h"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Wrong arguments are noted in `given`; other errors are those of a preset or a recording.
Result<ClientOptions> client_options_of(const tally_client_options* options, Arguments& given);

/// NULL: all defaults.
CallOptions call_options_of(const tally_call_options* options, Arguments& given);

Clocks clocks_of(const tally_clocks* clocks, Arguments& given);
Retries retries_of(const tally_retries* retries, Arguments& given);

/// The functions of C's that a client calls.
struct HostFunctions {
  void* user = nullptr;
  tally_log_fn log = nullptr;
  std::int32_t log_level = TALLY_LOG_OFF;
};
Hooks hooks_of(const HostFunctions& host);
std::function<void(std::string_view)> trace_of(const HostFunctions& host);
std::function<std::string()> token_of(tally_token_fn token, void* user);
HostLoop loop_of(tally_socket_fn on_socket, tally_timer_fn on_timer, void* user);
std::shared_ptr<const Clock> clock_of(const tally_clock& clock);

}  // namespace TALLY_ABI
}  // namespace tally
