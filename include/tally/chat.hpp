// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class Role { system, user, assistant, tool };

/// A call of a function that the model asks for. `arguments` is JSON text as the model wrote it: it
/// may be wrong JSON, check it.
struct ToolCall {
  std::string id{};
  std::string name{};
  std::string arguments{};
};

/// The arguments, if they are a JSON object; else `invalid_argument`, in words that the model may
/// be told.
TALLY_API Result<std::string> validated_arguments(const ToolCall& call);

/// One message of a conversation. Plain data.
struct Message {
  Role role = Role::user;
  std::string content{};
  /// The model's thinking. Keep it when an answer is sent back: with tools the API demands it, even
  /// when it is empty. Absent and empty are not the same.
  std::optional<std::string> reasoning_content{};
  std::vector<ToolCall> tool_calls{};  ///< Assistant messages.
  std::string tool_call_id{};          ///< Tool messages: which call this answers.
  std::string name{};
  bool prefix = false;  ///< Last assistant message: the answer continues this text (beta base URL).
};

TALLY_API Message system(std::string content);
TALLY_API Message user(std::string content);
TALLY_API Message assistant(std::string content);
TALLY_API Message tool_result(std::string tool_call_id, std::string content);

/// A function that the model may call. `parameters` is a JSON schema, as text.
struct Tool {
  std::string name{};
  std::string description{};
  std::string parameters = R"({"type":"object","properties":{}})";
  bool strict = false;
};

enum class Thinking { server_default, enabled, disabled };
enum class ReasoningEffort { server_default, low, medium, high, maximum };
enum class ResponseFormat { text, json_object };

/// What the server sees of a call; the rest is `CallOptions`. Every field but `model` and
/// `messages` may stay as it is: absent means that the server decides. Plain data.
struct ChatRequest {
  std::string model{};
  std::vector<Message> messages{};
  std::optional<std::int64_t> max_tokens{};  ///< Reasoning and answer together.
  std::optional<double> temperature{};
  std::optional<double> top_p{};
  std::optional<double> presence_penalty{};
  std::optional<double> frequency_penalty{};
  std::optional<std::int64_t> seed{};
  std::vector<std::string> stop{};
  Thinking thinking = Thinking::server_default;
  ReasoningEffort reasoning_effort = ReasoningEffort::server_default;
  ResponseFormat response_format = ResponseFormat::text;
  std::vector<Tool> tools{};
  /// `none`, `auto`, `required`, or the name of a function; empty: the server's default.
  std::string tool_choice{};
  std::optional<bool> logprobs{};
  std::optional<int> top_logprobs{};
  std::string user_id{};  ///< Separates caches and limits by end user (DeepSeek).
  /// A JSON object, merged last and over everything above: for what is newer than this library.
  std::string extra{};
};

/// Why the model stopped.
enum class FinishReason {
  none,  ///< It did not say (yet).
  stop,
  length,
  tool_calls,
  content_filter,
  insufficient_system_resource,
  other,  ///< `Reply::finish_reason_text` holds the server's word.
};
TALLY_API std::string_view to_string(FinishReason reason);

/// A piece of a tool call, as it streams in: `arguments` in pieces; `id` and `name` once, as a
/// whole (again, as far as they are known, from a server that sends them in pieces).
struct ToolCallDelta {
  int index = 0;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// What one step of a stream added. The views live until the next step. Exactly one member is set.
struct Delta {
  std::string_view text;
  std::string_view reasoning;
  std::string_view refusal;
  std::optional<ToolCallDelta> tool_call;
};

/// What the model answered: whole, or as far as it came (`ChatError::partial`). Plain data.
struct Reply {
  std::string id;
  std::string model;  ///< As the server named it: the resolved name.
  Message message;
  FinishReason finish_reason = FinishReason::none;
  std::string finish_reason_text;
  std::string refusal;
  /// The `logprobs` object as JSON text (in a stream: of the last chunk that has one).
  std::string logprobs;
  std::string system_fingerprint;
  std::string service_tier;
  std::int64_t created = 0;  ///< Seconds since 1970, as the server says.
  std::string request_id;    ///< From the response headers.

  const std::string& text() const { return message.content; }
  /// The thinking; empty where there was none.
  std::string_view reasoning() const {
    return message.reasoning_content ? std::string_view(*message.reasoning_content)
                                     : std::string_view();
  }
};

/// An error of a call, with whatever of the answer arrived before it.
struct ChatError : Error {
  Reply partial;

  ChatError() = default;
  ChatError(Error error, Reply arrived)  // NOLINT(google-explicit-constructor)
      : Error(std::move(error)), partial(std::move(arrived)) {}
};

/// What a server may make this process hold. Beyond each: a `limit_exceeded` that names it. Plain
/// data.
struct Limits {
  std::size_t line_bytes = 32u << 20;   ///< One line of a stream.
  std::size_t event_bytes = 32u << 20;  ///< One event of a stream, or one JSON document.
  std::size_t reply_bytes = 64u << 20;  ///< Everything kept of one answer.
  int json_depth = 128;
  /// Deltas not yet pulled: beyond that the transfer is paused, and nothing is lost.
  std::size_t queued_deltas = 4096;
};

/// Whether a stream goes on after a delta.
enum class Flow { keep, stop };

}  // namespace TALLY_ABI
}  // namespace tally
