// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/chat.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class RequestDialect {
  common,
  openai,  ///< `max_completion_tokens`, as newer models refuse `max_tokens`; files in an object.
};

/// The message as an element of a request's `messages`.
std::string message_json(const Message& message, RequestDialect dialect);

}  // namespace TALLY_ABI
}  // namespace tally
