// SPDX-License-Identifier: MIT
#pragma once

// The bytes that the benchmark's server sends: made once, before anything is measured.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// Whose shape a chunk has. `text` is DeepSeek's ordinary delta.
enum class ChunkKind { text, reasoning, arguments, openai, openrouter, groq };
inline constexpr ChunkKind chunk_kinds[] = {ChunkKind::text,       ChunkKind::reasoning,
                                            ChunkKind::arguments,  ChunkKind::openai,
                                            ChunkKind::openrouter, ChunkKind::groq};
std::string_view to_string(ChunkKind kind);
ChunkKind chunk_kind_named(std::string_view name);

/// A stream as its parts: `head`, then `block` so many times, then `tail` (finish, usage, [DONE]).
struct PreparedStream {
  static constexpr std::int64_t chunks_per_block = 1000;  ///< And a keep-alive comment.
  std::string head;
  std::string block;
  std::string tail;
};
PreparedStream prepare_stream(ChunkKind kind);

/// One event of a DeepSeek stream that brings `text`, which needs no escapes.
std::string text_event(std::string_view text);

/// An HTTP response that is no stream: some words, or a text of so many bytes of JSON.
std::string small_answer();
std::string answer_of(std::int64_t text_bytes);

/// How a server cuts a stream into the chunks of HTTP.
enum class Framing {
  pieces,  ///< 16 KB each: what a fast stream is for a server or proxy that buffers.
  events,  ///< One for each event: what most servers send.
};
std::string framed(std::string_view bytes, Framing framing);
inline constexpr std::string_view last_frame = "0\r\n\r\n";

/// A catalogue of that many models.
std::string large_catalog(int models);

}  // namespace bench
