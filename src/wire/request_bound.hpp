// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tally/chat.hpp"
#include "tally/fim.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a request makes a server count at most, as far as the request itself tells. Plain data.
struct RequestBound {
  /// Of the body, without its pictures and files. No text has more tokens than bytes: a token of a
  /// byte-level tokenizer covers at least one.
  std::int64_t text_bytes = 0;
  std::int64_t messages = 0;
  std::int64_t tools = 0;
  std::int64_t images = 0;
  std::int64_t files = 0;
  std::int64_t server_tools = 0;           ///< Tools that run at the server: a web search.
  bool may_think = true;                   ///< Thinking is not switched off.
  std::optional<std::int64_t> max_output;  ///< Of one choice, reasoning included.
  std::int64_t choices = 1;                ///< That are billed.
  std::int64_t choices_sent = 1;           ///< That the answer has, if the server heeds `n`.
  std::string service_tier;
  std::vector<std::string> server_tool_types{};  ///< As `tools` has them; each once.
  bool has_audio = false;
  bool may_write_1h = false;  ///< It asks that something be kept in the cache for an hour.
  std::string unbounded;      ///< What nothing bounds, as `extra.plugins`; empty: nothing is.
};

/// `body_bytes`: of the request as it is sent; `max_tokens_if_absent`: as `write_request` had it.
/// What is not named here is text, and counted by its bytes.
RequestBound bound_of(const ChatRequest& request, std::size_t body_bytes,
                      std::optional<std::int64_t> max_tokens_if_absent);
RequestBound bound_of(const FimRequest& request, std::size_t body_bytes,
                      std::optional<std::int64_t> max_tokens_if_absent);

/// As few tokens as the texts of the request can have: an estimate.
std::int64_t least_prompt_tokens(const ChatRequest& request);
std::int64_t least_prompt_tokens(const FimRequest& request);

}  // namespace TALLY_ABI
}  // namespace tally
