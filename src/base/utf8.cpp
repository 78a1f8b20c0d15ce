// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// The sequence that starts at a byte: its length, and whether it is a whole character. One that is
/// not is the longest part that could have begun one (at least one byte): what one U+FFFD stands
/// for.
struct Sequence {
  std::size_t length = 1;
  bool valid = false;
};

Sequence sequence_at(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {};

  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte depends on the first: no overlong forms, no surrogates, nothing past
  // U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at + 1 >= bytes.size() || byte(at + 1) < low || byte(at + 1) > high) return {};
  for (std::size_t i = 2; i < length; ++i) {
    if (at + i >= bytes.size() || (byte(at + i) & 0xC0) != 0x80) return {i, false};
  }
  return {length, true};
}

/// Whether so many bytes are left, and each is ASCII.
template <std::size_t count>
bool is_ascii(std::string_view bytes, std::size_t at) {
  if (bytes.size() - at < count) return false;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < count; i += sizeof seen) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at + i, sizeof word);
    seen |= word;
  }
  return (seen & 0x8080808080808080u) == 0;
}

/// Where the first byte at or after `at` stands that begins no valid character; the size if there
/// is none.
std::size_t valid_until(std::string_view bytes, std::size_t at) {
  while (at < bytes.size()) {
    if (is_ascii<32>(bytes, at)) {
      at += 32;
      continue;
    }
    if (is_ascii<8>(bytes, at)) {
      at += 8;
      continue;
    }
    const Sequence sequence = sequence_at(bytes, at);
    if (!sequence.valid) return at;
    at += sequence.length;
  }
  return at;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) { return valid_until(bytes, 0) == bytes.size(); }

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = valid_until(bytes, at);
    out.append(bytes.substr(at, end - at));
    if (end == bytes.size()) break;
    out.append("\xEF\xBF\xBD");
    at = end + sequence_at(bytes, end).length;
  }
  return out;
}

}  // namespace TALLY_ABI
}  // namespace tally
