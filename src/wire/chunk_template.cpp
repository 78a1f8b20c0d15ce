// SPDX-License-Identifier: MIT
#include "wire/chunk_template.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Filling = ChunkTemplates::Filling;
using Fillings = ChunkTemplates::Fillings;

// A longer one is its own reason for being slow, and templates are copies.
constexpr std::size_t longest_chunk = 16384;

constexpr std::uint64_t every_byte = 0x0101010101010101u;
constexpr std::uint64_t every_high_bit = 0x8080808080808080u;

/// Whether one of eight characters is a control, a quote or a backslash.
bool needs_a_look(std::uint64_t word) {
  const auto zero_byte = [](std::uint64_t w) { return (w - every_byte) & ~w; };
  const std::uint64_t below_space = (word - every_byte * 0x20) & ~word;
  return ((below_space | zero_byte(word ^ every_byte * '"') | zero_byte(word ^ every_byte * '\\')) &
          every_high_bit) != 0;
}

/// The JSON string that begins at `at`, behind its opening quote. False: it has no end, or a
/// control character. Escapes and bytes of UTF-8 are only noted.
bool scan_string(std::string_view chunk, std::size_t at, Filling& filling) {
  const char* const begin = chunk.data() + at;
  const char* const end = chunk.data() + chunk.size();
  std::uint64_t seen = 0;
  bool has_escapes = false;
  for (const char* p = begin; p < end;) {
    if (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      if (!needs_a_look(word)) {
        seen |= word;
        p += sizeof word;
        continue;
      }
    }
    const auto c = static_cast<unsigned char>(*p);
    if (c == '"') {
      filling.body = std::string_view(begin, static_cast<std::size_t>(p - begin));
      filling.is_ascii = (seen & every_high_bit) == 0;
      filling.has_escapes = has_escapes;
      return true;
    }
    if (c < 0x20) return false;
    has_escapes |= c == '\\';
    seen |= c;
    p += c == '\\' ? 2 : 1;
  }
  return false;
}

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
    if (!scan_string(chunk, at, fillings[i])) return false;
    at += fillings[i].body.size();
    model_at = hole.end;
  }
  const std::size_t rest = model.size() - model_at;
  return chunk.size() - at == rest &&
         std::memcmp(chunk.data() + at, model.data() + model_at, rest) == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The code unit of four hexadecimal digits; -1 if they are none.
int code_unit(std::string_view digits) {
  if (digits.size() < 4) return -1;
  int unit = 0;
  for (const char c : digits.substr(0, 4)) {
    if (hex_digit(c) < 0) return -1;
    unit = unit * 16 + hex_digit(c);
  }
  return unit;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xE0 | c >> 12);
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
    }
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

/// Decodes the `\uXXXX`, or the pair of them, at the front of `text`; its length, or 0 for half a
/// pair.
std::size_t append_unicode_escape(std::string& out, std::string_view text) {
  const int unit = code_unit(text.substr(2));
  if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000)) return 0;
  if (unit < 0xD800 || unit >= 0xE000) {
    append_utf8(out, static_cast<std::uint32_t>(unit));
    return 6;
  }
  if (text.size() < 12 || text[6] != '\\' || text[7] != 'u') return 0;
  const int low = code_unit(text.substr(8));
  if (low < 0xDC00 || low >= 0xE000) return 0;
  append_utf8(out, 0x10000u + (static_cast<std::uint32_t>(unit - 0xD800) << 10) +
                       static_cast<std::uint32_t>(low - 0xDC00));
  return 12;
}

/// Decodes the escape at the front of `text`; its length, or 0 if it is none.
std::size_t append_unescaped(std::string& out, std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'u') return append_unicode_escape(out, text);
  constexpr std::string_view escapes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t which = escapes.find(text[1]);
  if (which == escapes.npos) return 0;
  out += meanings[which];
  return 2;
}

/// Appends what the string means; false, with `out` as it was, if it is no valid one.
bool append_decoded(std::string& out, const Filling& filling) {
  if (!filling.is_ascii && !is_valid_utf8(filling.body)) return false;
  if (!filling.has_escapes) {
    out.append(filling.body);
    return true;
  }
  const std::size_t size_before = out.size();
  std::string_view left = filling.body;
  for (std::size_t plain = left.find('\\'); plain != left.npos; plain = left.find('\\')) {
    out.append(left.substr(0, plain));
    left.remove_prefix(plain);
    const std::size_t length = append_unescaped(out, left);
    if (length == 0) {
      out.resize(size_before);
      return false;
    }
    left.remove_prefix(length);
  }
  out.append(left);
  return true;
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
    count_ = 0;
    return;
  }
  drop_contradicted(*shape, chunk);
  const bool is_arguments = kind_of(*shape) == ChunkHole::Kind::arguments;
  if (!shape->is_ordinary || (is_arguments && !tool) || chunk.size() > longest_chunk) return;

  Fillings fillings;
  for (std::size_t i = 0; i < count_; ++i) {
    // Known: it was its piece that `read` had declined.
    if (fits(chunk, templates_[i].chunk, templates_[i].shape, fillings)) return;
  }
  if (count_ < templates_.size()) ++count_;
  Template& slot = templates_[count_ - 1];
  slot.chunk = chunk;
  slot.shape = *shape;
  slot.tool = tool.value_or(0);
  std::swap(slot, templates_.front());
}

void ChunkTemplates::drop_contradicted(const ChunkShape& shape, std::string_view chunk) {
  const bool touches_calls = shape.has_tool_calls && !shape.is_ordinary;
  for (std::size_t i = count_; i-- > 0;) {
    const Template& known = templates_[i];
    const bool is_arguments = kind_of(known.shape) == ChunkHole::Kind::arguments;
    if (same_identity(shape, chunk, known.shape, known.chunk) && !(touches_calls && is_arguments)) {
      continue;
    }
    std::swap(templates_[i], templates_[--count_]);
  }
}

bool ChunkTemplates::read(std::string_view chunk, Message& message, DeltaRecord& record) {
  Fillings fillings;
  std::size_t which = 0;
  while (which < count_ &&
         !fits(chunk, templates_[which].chunk, templates_[which].shape, fillings)) {
    ++which;
  }
  if (which == count_) return false;
  if (which > 0) std::swap(templates_[which], templates_.front());
  return fill(templates_.front(), fillings, message, record);
}

/// Whether the general path would read it too, without a repair.
bool ChunkTemplates::can_decode(const Filling& filling) {
  if (!filling.has_escapes) return filling.is_ascii || is_valid_utf8(filling.body);
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
  if (!target || piece->body.empty()) return false;
  const std::size_t offset = target->size();
  if (!append_decoded(*target, *piece)) return false;
  record = {record_kind(kind),
            kind == ChunkHole::Kind::arguments ? known.tool : 0,
            offset,
            target->size() - offset,
            0,
            0};
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
