// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

/// Hands `body` to `take` in pieces of `size` bytes. Each piece lies in memory of its own that is
/// gone afterwards, so that a sanitizer sees a byte read beyond it or kept from it.
template <class Take>
void in_pieces(std::string_view body, std::size_t size, Take take) {
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::size_t length = std::min(size, body.size() - at);
    const auto piece = std::make_unique<char[]>(length);
    std::memcpy(piece.get(), body.data() + at, length);
    take(std::string_view(piece.get(), length));
  }
}
