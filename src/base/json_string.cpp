// SPDX-License-Identifier: MIT
#include "base/json_string.hpp"

#include <cstdint>
#include <cstring>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::uint64_t every_byte = 0x0101010101010101u;
constexpr std::uint64_t every_high_bit = 0x8080808080808080u;

/// Has the high bit of the first of eight characters that is a control, a quote or a backslash, and
/// of no character before it; 0 if none is.
std::uint64_t marks_of(std::uint64_t word) {
  const auto zero_byte = [](std::uint64_t w) { return (w - every_byte) & ~w; };
  const std::uint64_t below_space = (word - every_byte * 0x20) & ~word;
  return (below_space | zero_byte(word ^ every_byte * '"') | zero_byte(word ^ every_byte * '\\')) &
         every_high_bit;
}

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

/// The first character that needs a look, or `end`. `seen` gets the bits of all before it. A call
/// would cost each chunk of a stream 2 % of its instructions.
[[gnu::always_inline]] inline const char* skip_plain(const char* p, const char* end,
                                                     std::uint64_t& seen) {
  for (std::uint64_t word; end - p >= 8; p += sizeof word) {
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t marks = marks_of(word);
    if (marks != 0) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      // Pieces of text are shorter than a word, and a loop over their bytes ends where nobody can
      // predict: a tenth of a chunk's whole time.
      const int bits_before = __builtin_ctzll(marks) & ~7;
      seen |= word & ~(~std::uint64_t{0} << bits_before);
      return p + bits_before / 8;
#else
      break;
#endif
    }
    seen |= word;
  }
  for (; p < end && is_plain(*p); ++p) seen |= static_cast<unsigned char>(*p);
  return p;
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

void put_utf8(char*& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
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
std::size_t decode_unicode_escape(char*& out, std::string_view text) {
  const int unit = code_unit(text.substr(2));
  if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000)) return 0;
  if (unit < 0xD800 || unit >= 0xE000) {
    put_utf8(out, static_cast<std::uint32_t>(unit));
    return 6;
  }
  if (text.size() < 12 || text[6] != '\\' || text[7] != 'u') return 0;
  const int low = code_unit(text.substr(8));
  if (low < 0xDC00 || low >= 0xE000) return 0;
  put_utf8(out, 0x10000u + (static_cast<std::uint32_t>(unit - 0xD800) << 10) +
                    static_cast<std::uint32_t>(low - 0xDC00));
  return 12;
}

/// Decodes the escape at the front of `text`, which `out` may be the beginning of; its length, or 0
/// if it is none.
std::size_t decode_escape(char*& out, std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'u') return decode_unicode_escape(out, text);
  constexpr std::string_view escapes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t which = escapes.find(text[1]);
  if (which == escapes.npos) return 0;
  *out++ = meanings[which];
  return 2;
}

void append_escaped(std::string& out, char c) {
  out += '\\';
  switch (c) {
    case '\n':
      out += 'n';
      break;
    case '\r':
      out += 'r';
      break;
    case '\t':
      out += 't';
      break;
    case '"':
    case '\\':
      out += c;
      break;
    default:
      out += "u00";
      out += "0123456789abcdef"[c >> 4];
      out += "0123456789abcdef"[c & 0xF];
  }
}

}  // namespace

bool scan_json_string(std::string_view text, std::size_t at, JsonStringBody& body) {
  const char* const begin = text.data() + at;
  const char* const end = text.data() + text.size();
  std::uint64_t seen = 0;
  bool has_escapes = false;
  for (const char* p = begin;; ++p) {
    p = skip_plain(p, end, seen);
    if (p == end) return false;
    if (*p == '"') {
      body.bytes = std::string_view(begin, static_cast<std::size_t>(p - begin));
      body.is_ascii = (seen & every_high_bit) == 0;
      body.has_escapes = has_escapes;
      return true;
    }
    if (*p != '\\') return false;
    has_escapes = true;
    if (++p == end) return false;
  }
}

std::optional<std::size_t> unescape_json_string(char* text, std::size_t size) {
  char* out = text;
  std::string_view left(text, size);
  const auto keep = [&](std::size_t plain) {
    std::memmove(out, left.data(), plain);
    out += plain;
    left.remove_prefix(plain);
  };
  for (std::size_t plain = left.find('\\'); plain != left.npos; plain = left.find('\\')) {
    keep(plain);
    const std::size_t length = decode_escape(out, left);
    if (length == 0) return std::nullopt;
    left.remove_prefix(length);
  }
  keep(left.size());
  return static_cast<std::size_t>(out - text);
}

bool append_json_string_value(std::string& out, const JsonStringBody& body) {
  const std::size_t size_before = out.size();
  out.append(body.bytes);
  if (!body.has_escapes) return true;
  const auto size = unescape_json_string(out.data() + size_before, body.bytes.size());
  out.resize(size_before + size.value_or(0));
  return size.has_value();
}

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t size_before = out.size();
  const char* const end = text.data() + text.size();
  std::uint64_t seen = 0;
  out += '"';
  for (const char* p = text.data();; ++p) {
    const char* const plain = p;
    p = skip_plain(p, end, seen);
    out.append(plain, static_cast<std::size_t>(p - plain));
    if (p == end) break;
    append_escaped(out, *p);
  }
  out += '"';
  // Most text is ASCII, which needs no second look.
  if ((seen & every_high_bit) == 0 || is_valid_utf8(text)) return;
  out.resize(size_before);
  append_json_string(out, replace_invalid_utf8(text));
}

}  // namespace TALLY_ABI
}  // namespace tally
