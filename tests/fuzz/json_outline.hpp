// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/json.hpp"

namespace fuzz {

/// Everything that a JsonValue holds, for comparing two.
inline std::string outline(const tally::JsonValue& value, int depth = 0) {
  std::string text(static_cast<std::size_t>(depth), ' ');
  text += std::to_string(static_cast<int>(value.type)) + (value.boolean ? " true " : " ");
  tally::append_json_string(text, value.key);
  tally::append_json_string(text, value.text);
  text += ' ' + std::to_string(value.begin) + ".." + std::to_string(value.end) + " line " +
          std::to_string(value.line) + '\n';
  for (const tally::JsonValue& child : value.children()) text += outline(child, depth + 1);
  return text;
}

}  // namespace fuzz
