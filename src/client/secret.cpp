// SPDX-License-Identifier: MIT
#include "client/secret.hpp"

#include <algorithm>

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool same_name(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

std::string_view key_in(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    // A host may have set either header itself, as it likes.
    if (!same_name(name, "authorization") && !same_name(name, "api-key")) continue;
    // What follows the scheme, whatever its case: `Bearer`, `bearer`, `Basic`.
    const std::string_view text = value;
    const std::size_t space = text.rfind(' ');
    return space == text.npos ? text : text.substr(space + 1);
  }
  return {};
}

void redact(std::string& text, std::string_view key) {
  constexpr std::string_view mark = "[key]";
  if (key.empty()) return;
  std::size_t at = text.find(key);
  while (at != text.npos) {
    text.replace(at, key.size(), mark);
    at = text.find(key, at + mark.size());  // Not in the mark: keys of local servers are words.
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
