// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/chat.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The request as JSON. A stream always asks for its usage (`stream_options.include_usage`).
/// `invalid_argument` for a request that no server can read: no model, no messages, an `extra`,
/// `Tool::parameters` that is no JSON object, a number that is not finite.
Result<std::string> write_request(const ChatRequest& request, bool stream);

}  // namespace TALLY_ABI
}  // namespace tally
