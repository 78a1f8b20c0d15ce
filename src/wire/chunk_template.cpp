// SPDX-License-Identifier: MIT
#include "wire/chunk_template.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Filling = JsonStringBody;
using Fillings = ChunkTemplates::Fillings;

// A longer one is its own reason for being slow, and templates are copies.
constexpr std::size_t longest_chunk = 16384;

// Text, reasoning, and a variant of each, as with a role in it.
constexpr std::size_t most_templates = 4;

/// Whether `chunk` is `model` but for what stands in the holes.
bool fits(std::string_view chunk, std::string_view model, const ChunkShape& shape,
          Fillings& fillings) {
  std::size_t at = 0;
  std::size_t model_at = 0;
  for (std::size_t i = 0; i < shape.hole_count; ++i) {
    const ByteSpan& hole = shape.holes[i].body;
    const std::size_t length = hole.begin - model_at;
    if (chunk.size() - at < length) return false;
    if (std::memcmp(chunk.data() + at, model.data() + model_at, length) != 0) return false;
    at += length;
    if (!scan_json_string(chunk, at, fillings[i])) return false;
    at += fillings[i].bytes.size();
    model_at = hole.end;
  }
  const std::size_t rest = model.size() - model_at;
  return chunk.size() - at == rest &&
         std::memcmp(chunk.data() + at, model.data() + model_at, rest) == 0;
}

/// Appends what the string means; false, with `out` as it was, if it is no valid one.
bool append_decoded(std::string& out, const Filling& filling) {
  if (!filling.is_ascii && !is_valid_utf8(filling.bytes)) return false;
  return append_json_string_value(out, filling);
}

ChunkHole::Kind kind_of(const ChunkShape& shape) {
  for (std::size_t i = 0; i < shape.hole_count; ++i) {
    if (shape.holes[i].kind != ChunkHole::Kind::ignored) return shape.holes[i].kind;
  }
  return ChunkHole::Kind::ignored;
}

bool same_identity(const ChunkShape& a, std::string_view a_text, const ChunkShape& b,
                   std::string_view b_text) {
  for (std::size_t i = 0; i < a.identity.size(); ++i) {
    if (a.identity[i].of(a_text) != b.identity[i].of(b_text)) return false;
  }
  return true;
}

/// Where a piece of that kind goes; null if there is no such place.
std::string* target_of(ChunkHole::Kind kind, std::uint32_t tool, Message& message) {
  switch (kind) {
    case ChunkHole::Kind::text:
      return &message.content;
    case ChunkHole::Kind::reasoning:
      return message.reasoning_content ? &*message.reasoning_content : nullptr;
    case ChunkHole::Kind::arguments:
      return tool < message.tool_calls.size() ? &message.tool_calls[tool].arguments : nullptr;
    case ChunkHole::Kind::ignored:
      break;
  }
  return nullptr;
}

DeltaRecord::Kind record_kind(ChunkHole::Kind kind) {
  if (kind == ChunkHole::Kind::arguments) return DeltaRecord::Kind::tool_call;
  return kind == ChunkHole::Kind::reasoning ? DeltaRecord::Kind::reasoning
                                            : DeltaRecord::Kind::text;
}

}  // namespace

void ChunkTemplates::learn(std::string_view chunk, std::optional<std::uint32_t> tool) {
  const auto shape = read_chunk_shape(chunk);
  if (!shape) {
    templates_.clear();
    return;
  }
  drop_contradicted(*shape, chunk);
  const bool is_arguments = kind_of(*shape) == ChunkHole::Kind::arguments;
  if (!shape->is_ordinary || (is_arguments && !tool) || chunk.size() > longest_chunk) return;

  Fillings fillings;
  for (const Template& known : templates_) {
    // It was its piece that `read` had declined.
    if (fits(chunk, known.chunk, known.shape, fillings)) return;
  }
  if (templates_.size() < most_templates) templates_.emplace_back();
  Template& slot = templates_.back();
  slot.chunk = chunk;
  slot.shape = *shape;
  slot.tool = tool.value_or(0);
  std::swap(slot, templates_.front());
}

void ChunkTemplates::drop_contradicted(const ChunkShape& shape, std::string_view chunk) {
  const bool touches_calls = shape.has_tool_calls && !shape.is_ordinary;
  for (std::size_t i = templates_.size(); i-- > 0;) {
    const Template& known = templates_[i];
    const bool is_arguments = kind_of(known.shape) == ChunkHole::Kind::arguments;
    if (same_identity(shape, chunk, known.shape, known.chunk) && !(touches_calls && is_arguments)) {
      continue;
    }
    std::swap(templates_[i], templates_.back());
    templates_.pop_back();
  }
}

bool ChunkTemplates::read(std::string_view chunk, Message& message, DeltaRecord& record) {
  Fillings fillings;
  std::size_t which = 0;
  while (which < templates_.size() &&
         !fits(chunk, templates_[which].chunk, templates_[which].shape, fillings)) {
    ++which;
  }
  if (which == templates_.size()) return false;
  if (which > 0) std::swap(templates_[which], templates_.front());
  return fill(templates_.front(), fillings, message, record);
}

/// Whether the general path would read it too, without a repair.
bool ChunkTemplates::can_decode(const Filling& filling) {
  if (!filling.has_escapes) return filling.is_ascii || is_valid_utf8(filling.bytes);
  scratch_.clear();
  return append_decoded(scratch_, filling);
}

bool ChunkTemplates::fill(const Template& known, const Fillings& fillings, Message& message,
                          DeltaRecord& record) {
  const Filling* piece = nullptr;
  ChunkHole::Kind kind = ChunkHole::Kind::ignored;
  for (std::size_t i = 0; i < known.shape.hole_count; ++i) {
    if (known.shape.holes[i].kind == ChunkHole::Kind::ignored) {
      if (!can_decode(fillings[i])) return false;
    } else {
      piece = &fillings[i];
      kind = known.shape.holes[i].kind;
    }
  }
  std::string* const target = target_of(kind, known.tool, message);
  if (!target || piece->bytes.empty()) return false;
  const std::size_t offset = target->size();
  if (!append_decoded(*target, *piece)) return false;
  record = {record_kind(kind),
            kind == ChunkHole::Kind::arguments ? known.tool : 0,
            offset,
            target->size() - offset,
            0,
            0,
            0};
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
