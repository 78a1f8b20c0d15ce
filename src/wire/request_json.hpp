// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tally/chat.hpp"
#include "tally/provider.hpp"
#include "tally/result.hpp"
#include "wire/message_json.hpp"

namespace tally {
inline namespace TALLY_ABI {

RequestDialect request_dialect(const Provider& provider);

/// The request as JSON. A stream always asks for its usage (`stream_options.include_usage`).
/// `max_tokens_if_absent` is written where neither the request nor its `extra` bounds the output.
/// `dialect`: what a few members are called. `invalid_argument` for a request that no server can
/// read: no model, no messages, JSON text that is no object, a number that is not finite.
Result<std::string> write_request(const ChatRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent = std::nullopt,
                                  RequestDialect dialect = RequestDialect::common);

}  // namespace TALLY_ABI
}  // namespace tally
