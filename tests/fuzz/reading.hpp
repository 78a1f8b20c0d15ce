// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/chat.hpp"
#include "wire/reply_reader.hpp"

namespace fuzz {

/// How a body is read.
struct How {
  tally::ChunkPath path = tally::ChunkPath::general;
  bool in_pieces = false;
  bool is_cut = false;
  tally::Limits limits{};
  std::string_view provider = "deepseek";
};

/// Everything that a reader says of `body`, as text that two readings can be compared by. Checks on
/// the way that the deltas add up to the reply.
std::string read_body(std::string_view body, const How& how);

/// What the input itself decides: provider, limits, and whether the transfer breaks.
How how_of(std::string_view body);

}  // namespace fuzz
