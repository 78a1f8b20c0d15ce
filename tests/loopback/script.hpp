// SPDX-License-Identifier: MIT
#pragma once

// What the loopback provider answers, as data: a good answer by default, one fault per member
// otherwise.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopback {

struct ScriptedToolCall {
  std::string id;
  std::string name;
  std::vector<std::string> arguments;  ///< JSON text, in the pieces in which it streams.
};

/// A scripted answer. Plain data. Everything that is counted in "deltas" counts the chunks that
/// carry reasoning, text or a piece of a tool call, in the order in which they are sent.
struct Script {
  // The answer itself: nine tokens, so that the text and `completion_tokens` agree.
  std::vector<std::string> reasoning;
  std::vector<std::string> tokens = {"The",  " Danube", ",",       " the", " Nile",
                                     " and", " the",    " Amazon", "."};
  std::vector<ScriptedToolCall> tools;
  std::string model;          ///< As the answer names it; empty: as requested.
  std::string finish_reason;  ///< Empty: `stop`, or `tool_calls` where there are any.

  // Its usage.
  enum class UsagePlace { finish_chunk, extra_chunk, both, nowhere };
  UsagePlace usage = UsagePlace::finish_chunk;
  std::int64_t prompt_tokens = 18;
  std::int64_t cache_hit_tokens = 0;
  std::int64_t completion_tokens = 9;
  std::int64_t reasoning_tokens = 0;
  std::string
      usage_json;  ///< Verbatim instead of the counts; such an answer is not counted as served.
  bool usage_null_key = true;  ///< Ordinary chunks say `"usage":null`, as DeepSeek's do.

  // Its shape and pace.
  enum class Shape { as_asked, stream, document };
  Shape shape = Shape::as_asked;
  int keepalives = 0;  ///< Comments before a stream's payload, blank lines before a document.
  bool done = true;    ///< `data: [DONE]` at the end of a stream.
  bool byte_by_byte = false;
  int chunks_per_write = 1;
  std::chrono::milliseconds head_delay{0};       ///< Before the status line.
  std::chrono::milliseconds keepalive_delay{0};  ///< Before each keep-alive.
  std::chrono::milliseconds delay{0};            ///< Before each delta.

  // Faults.
  int status = 200;  ///< Another one: a JSON error of DeepSeek's shape, whatever was asked.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Beside the usual ones.
  std::optional<std::string> body;       ///< Verbatim instead of any answer or error.
  std::string content_type;              ///< With `body`, or to lie about an answer.
  bool hang = false;                     ///< Takes the request and never says a word.
  std::optional<int> cut_after;          ///< Closes in mid-body after that many deltas.
  std::optional<std::size_t> cut_bytes;  ///< Closes in mid-body after that many bytes of body.
  std::optional<int> stall_after;        ///< Says nothing more after that many deltas.
  bool stall_with_comments = false;      ///< ... but comments, every 5 ms.
  std::optional<int> error_after;        ///< An error object in a 200 stream, then its end.
  std::optional<int> garbage_after;      ///< One chunk that is not JSON, then the rest.
  std::optional<int> bad_utf8_after;  ///< One delta with bytes that are not UTF-8, then the rest.
  int huge_mb = 0;                    ///< One event (or document) of that many MiB, then the end.
  int deep = 0;                       ///< One event (or document) nested that deep, then the end.
};

/// `base` changed by words as the header `x-loopback-script` has them:
///
///     cut_after=5; usage=extra; delay_ms=20; status=401; html; document; no_done; usage_strings
///
/// Gives the word that nobody knows instead, so that a test with a slip of the pen fails at once.
struct ParsedScript {
  Script script;
  std::string unknown_word;
};
ParsedScript parse_script(Script base, std::string_view words);

}  // namespace loopback
