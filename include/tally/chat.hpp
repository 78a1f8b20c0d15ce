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
  /// As `Message::extra`, of this call: Gemini's signatures stand in its `extra_content`.
  std::string extra{};
};

/// The arguments, if they are a JSON object (none at all are an empty one); else
/// `invalid_argument`, in words that the model may be told.
TALLY_API Result<std::string> validated_arguments(const ToolCall& call);

/// A piece of a message's content. Plain data; made by `text_part`, `image`, `file`, `audio` and
/// `json_part`.
struct ContentPart {
  enum class Kind { text, image, file, audio, json };
  Kind kind = Kind::text;
  /// The text; an image's URL (`https:` or `data:`); a file's id; a sound as base64; a JSON object.
  std::string value{};
  std::string detail{};  ///< Images: `low`, `high`; sounds: their format, as `wav`. May be empty.
};

TALLY_API ContentPart text_part(std::string text);
TALLY_API ContentPart image(std::string url, std::string detail = {});
TALLY_API ContentPart file(std::string file_id);
TALLY_API ContentPart audio(std::string base64, std::string format);
TALLY_API ContentPart json_part(std::string object);  ///< Goes out byte for byte.

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
  /// Pictures, files, sounds; after `content`, which is the first part then, unless it is empty.
  std::vector<ContentPart> parts{};
  /// A JSON object, whose members stand beside these and over those of their names. An answer
  /// brings what its server wants back unread: `reasoning_details`, `extra_content`.
  std::string extra{};
};

TALLY_API Message system(std::string content);
TALLY_API Message user(std::string content);
TALLY_API Message user(std::string content, std::vector<ContentPart> parts);
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
/// `maximum` is the API's `max`. Servers know some of these, and read others as their neighbours.
enum class ReasoningEffort { server_default, low, medium, high, maximum, minimal, xhigh, ultra };
enum class ResponseFormat { text, json_object };
enum class SafetyCheck { server_default, low, high };

/// The schema that an answer has to follow; DeepSeek takes none. `schema` is JSON text.
struct JsonSchema {
  std::string name{};
  std::string schema = "{}";
  bool strict = false;
};

/// A tool that runs at the server, as `deepseek_web_search` and `deepseek_read_url`.
struct ServerTool {
  std::string type{};
  std::string options{};  ///< A JSON object, whose members stand beside `type`; may be empty.
};

/// What the server sees of a call; the rest is `CallOptions`. Every field but `model` and
/// `messages` may stay as it is: absent means that the server decides. Plain data.
struct ChatRequest {
  std::string model{};
  std::vector<Message> messages{};
  /// Reasoning and answer together. OpenAI and Azure get it as `max_completion_tokens`.
  std::optional<std::int64_t> max_tokens{};
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
  /// A JSON object, merged last and over everything else: for what is newer than this library.
  std::string extra{};
  std::optional<JsonSchema> json_schema{};  ///< In the place of `response_format`.
  std::optional<int> n{};  ///< How many choices: the further ones are in `Reply::more_choices`.
  std::optional<bool> parallel_tool_calls{};
  std::string logit_bias{};  ///< A JSON object: token ids and what is added to their weight.
  /// `high` may take a finished answer back at its very end, and send a refusal (DeepSeek).
  SafetyCheck safety_check = SafetyCheck::server_default;
  std::string service_tier{};  ///< The tier that was served decides the bill.
  std::vector<ServerTool> server_tools{};
  std::string user{};  ///< OpenAI's; not DeepSeek's `user_id`.
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

/// What one step of a stream added. The views live until the next step. Exactly one of the first
/// four members is set.
struct Delta {
  std::string_view text;
  std::string_view reasoning;
  std::string_view refusal;
  std::optional<ToolCallDelta> tool_call;
  int choice = 0;  ///< Which of `ChatRequest::n` it belongs to.
};

/// One of several answers to the same request. Plain data.
struct Choice {
  int index = 0;
  Message message{};
  FinishReason finish_reason = FinishReason::none;
  std::string finish_reason_text{};
  std::string refusal{};
  std::string logprobs{};
};

/// A response header, with its name in lower case.
struct ReplyHeader {
  std::string name{};
  std::string value{};
};

/// What the model answered: whole, or as far as it came (`ChatError::partial`). Plain data.
struct Reply {
  std::string id;
  std::string model;  ///< As the server named it: the resolved name.
  Message message;
  FinishReason finish_reason = FinishReason::none;
  std::string finish_reason_text;
  std::string refusal;
  /// The `logprobs` object as JSON text. Of a stream: those of all chunks as one, with their lists
  /// joined; it is there once the answer has ended.
  std::string logprobs;
  std::string system_fingerprint;
  std::string service_tier;
  std::int64_t created = 0;  ///< Seconds since 1970, as the server says.
  std::string request_id;    ///< From the response headers.
  /// The choices after the first, which is this reply itself; in the order in which they began.
  std::vector<Choice> more_choices{};
  /// Those that tell of limits, ids and times: `x-ratelimit-*`, `retry-after`, `x-request-id`, ...
  std::vector<ReplyHeader> headers{};
  /// With `Limits::keep_raw`: the JSON as it came; of a stream, its events' data, one a line.
  std::string raw{};

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
  TALLY_API ChatError(Error error, Reply arrived);
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
  bool keep_raw = false;  ///< `Reply::raw` is filled, and counts in `reply_bytes`.
};

/// Whether a stream goes on after a delta.
enum class Flow { keep, stop };

}  // namespace TALLY_ABI
}  // namespace tally
