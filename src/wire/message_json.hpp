// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/chat.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class RequestDialect {
  common,
  openai,  ///< `max_completion_tokens`, as newer models refuse `max_tokens`; files in an object. No
           ///< `reasoning_content`: it shows none, and knows none.
  azure,   ///< OpenAI's names; but models that think aloud are served there too.
  strict,  ///< The common names; a `reasoning_content` would be answered with 400 or 422.
};

inline bool has_new_names(RequestDialect dialect) {
  return dialect == RequestDialect::openai || dialect == RequestDialect::azure;
}
inline bool takes_reasoning(RequestDialect dialect) {
  return dialect == RequestDialect::common || dialect == RequestDialect::azure;
}

/// The message as an element of a request's `messages`.
std::string message_json(const Message& message, RequestDialect dialect);

}  // namespace TALLY_ABI
}  // namespace tally
