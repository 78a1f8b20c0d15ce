// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tally/chat.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The request as JSON. A stream always asks for its usage (`stream_options.include_usage`).
/// `max_tokens_if_absent` is written where neither the request nor its `extra` bounds the output.
/// `invalid_argument` for a request that no server can read: no model, no messages, an `extra`,
/// `Tool::parameters` that is no JSON object, a number that is not finite.
Result<std::string> write_request(const ChatRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent = std::nullopt);

}  // namespace TALLY_ABI
}  // namespace tally
