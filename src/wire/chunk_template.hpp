// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_string.hpp"
#include "tally/chat.hpp"
#include "wire/chunk_shape.hpp"
#include "wire/reply_reader.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The fast path for ordinary deltas. One thread at a time.
///
/// The chunks of a stream are the same bytes but for one JSON string that carries the delta. A
/// template is a chunk that the general path has read, with holes where such strings stand. A chunk
/// that equals it byte for byte outside of the holes, and has a whole and valid JSON string in each
/// hole, is valid JSON with the same members, and only those strings differ. So the general path
/// would do to the reply what it did for the template, with this piece for that one. Of that, all
/// but the piece is there already:
///
/// - An ordinary chunk has no finish_reason, usage, error, logprobs, refusal, new tool call or
/// second
///   choice (null or empty at most), so that beside the piece it sets only the reply's identity
///   (id, model, created, system_fingerprint, service_tier) and that there is reasoning. The
///   template's chunk has set the same. Nothing takes the latter back, and a chunk with another
///   identity drops every template.
/// - A piece of arguments goes to the call that the template's piece went to. Which call an index
/// means
///   changes only by a chunk that begins a call, and that drops the templates of arguments.
///
/// Both hold only if `learn` is told of every chunk that the general path reads.
class ChunkTemplates {
 public:
  /// Looks at a chunk that the general path has just read; remembers its shape if it was an
  /// ordinary delta. `tool`: the position in `Message::tool_calls` of the call that the chunk added
  /// to; without it, pieces of arguments are left to the general path.
  void learn(std::string_view chunk, std::optional<std::uint32_t> tool = std::nullopt);

  /// If `chunk` equals a remembered shape but for its piece of text, appends the decoded piece to
  /// message.content, message.reasoning_content or the arguments of a call, fills `record`, and
  /// returns true. Otherwise changes nothing. Takes no heap but what the message grows by.
  bool read(std::string_view chunk, Message& message, DeltaRecord& record);

  /// The strings in the holes of a template.
  using Fillings = std::array<JsonStringBody, ChunkShape::most_holes>;

 private:
  struct Template {
    std::string chunk;
    ChunkShape shape;
    std::uint32_t tool = 0;
  };

  void drop_contradicted(const ChunkShape& shape, std::string_view chunk);
  bool fill(const Template& known, const Fillings& fillings, Message& message, DeltaRecord& record);
  bool can_decode(const JsonStringBody& filling);

  std::vector<Template> templates_;  // The last used one is the first.
  std::string scratch_;  // Where ignored strings with escapes are decoded, to see that they can be.
};

}  // namespace TALLY_ABI
}  // namespace tally
