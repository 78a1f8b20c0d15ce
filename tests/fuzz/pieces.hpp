// SPDX-License-Identifier: MIT
#pragma once

// How an input is cut, and all other chance, follows from its own bytes: inputs stay plain bodies
// that one can read, and each runs the same way every time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fuzz {

/// Random numbers that depend on `bytes` alone (FNV-1a, then xorshift64*).
class Chance {
 public:
  explicit Chance(std::string_view bytes) {
    for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    state_ |= 1;
  }
  std::size_t below(std::size_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::size_t>((state_ * 0x2545f4914f6cdd1du) >> 33) % bound;
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

/// Hands `bytes` to `take` in random pieces, also empty ones. Each is a copy of its own that is
/// gone afterwards, so that nobody can look at it for longer, or beyond its end, unseen.
template <class Take>
void in_random_pieces(std::string_view bytes, Chance chance, const Take& take) {
  constexpr std::size_t sizes[] = {2, 7, 40, 100, 300};
  const std::size_t most = sizes[chance.below(5)];
  while (!bytes.empty()) {
    const std::size_t size = std::min(chance.below(most + 1), bytes.size());
    const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    take(std::string_view(copy.data(), copy.size()));
    bytes.remove_prefix(size);
  }
}

}  // namespace fuzz
