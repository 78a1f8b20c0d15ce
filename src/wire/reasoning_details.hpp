// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The `reasoning_details` of a message (OpenRouter): blocks of thinking, signed or encrypted, that
/// the server wants back as they were. A stream cuts their texts into pieces; here they are whole
/// again.
class ReasoningDetails {
 public:
  /// `text` is what `list` was parsed from.
  void add(const JsonValue& list, std::string_view text);
  /// The whole list as JSON text; empty if there was none.
  std::string text() const;

 private:
  struct Member {
    std::string name;
    std::string json;
  };
  struct Block {
    std::string json;  // What is no object.
    std::vector<Member> members;
  };

  static Block block_of(const JsonValue& element, std::string_view text);
  bool continues_last(const Block& piece) const;

  std::vector<Block> blocks_;
};

}  // namespace TALLY_ABI
}  // namespace tally
