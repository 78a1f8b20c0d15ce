// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// The bytes [begin, end) of a chunk. Plain data; nine of them are held for each template of a
/// stream.
struct ByteSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

/// A JSON string in a chunk, without its quotes, that differs from one chunk of a stream to the
/// next. Plain data.
struct ChunkHole {
  enum class Kind : std::uint8_t {
    text,
    reasoning,
    arguments,  ///< Of a tool call that has begun.
    ignored,    ///< Nothing reads it: padding, or a copy of the text.
  };
  Kind kind = Kind::ignored;
  ByteSpan body;
};

/// What a chunk of a stream says beside its piece of text. Plain data.
struct ChunkShape {
  static constexpr std::size_t most_holes = 4;

  /// Exactly one piece of text, of reasoning or of arguments, and nothing else that changes a reply
  /// once the same chunk with another piece was read.
  bool is_ordinary = false;
  bool has_tool_calls = false;
  /// The values of id, model, created, system_fingerprint and service_tier, as written; empty:
  /// absent.
  std::array<ByteSpan, 5> identity;
  std::array<ChunkHole, most_holes> holes;  ///< In the order of the text.
  std::size_t hole_count = 0;
};

/// The shape of a chunk that was already read as valid JSON. Strict: `is_ordinary` is false on any
/// doubt. Nothing if not even the identity is known. Takes no heap.
std::optional<ChunkShape> read_chunk_shape(std::string_view chunk);

}  // namespace TALLY_ABI
}  // namespace tally
