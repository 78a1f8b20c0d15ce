// SPDX-License-Identifier: MIT
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::string_view key_in(const HttpHeaders& headers) {
  constexpr std::string_view scheme = "Bearer ";
  for (const auto& [name, value] : headers) {
    if (name != "Authorization") continue;
    const std::string_view text = value;  // A host may have set the header itself, as it likes.
    return text.substr(0, scheme.size()) == scheme ? text.substr(scheme.size()) : text;
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
