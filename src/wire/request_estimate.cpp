// SPDX-License-Identifier: MIT
#include "wire/request_estimate.hpp"

#include <string>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// Pictures, files and sounds have few tokens for their many bytes.
bool is_no_text(std::string_view key) {
  return key == "image_url" || key == "file" || key == "input_audio";
}

/// Every text below `value`, with the names of its members where these reach the model (tool
/// schemas do).
void collect_texts(const JsonValue& value, bool with_keys, std::string& out) {
  if (const std::string_view* text = value.as_string()) out.append(*text) += '\n';
  for (const JsonValue& child : value.children()) {
    if (!with_keys && is_no_text(child.key)) continue;
    if (with_keys && !child.key.empty()) out.append(child.key) += ' ';
    collect_texts(child, with_keys, out);
  }
}

}  // namespace

TokenEstimate estimate_prompt(std::string_view request_body) {
  std::string texts;
  if (const auto parsed = parse_json(request_body)) {
    const JsonValue& request = parsed->root();
    for (const std::string_view name : {"messages", "prompt", "suffix"}) {
      if (const JsonValue* said = request.find(name)) collect_texts(*said, false, texts);
    }
    if (const JsonValue* tools = request.find("tools")) collect_texts(*tools, true, texts);
  }
  TokenEstimate estimate = estimate_tokens(texts);
  estimate.high = static_cast<std::int64_t>(request_body.size());
  return estimate;
}

std::string echoed_prompt(std::string_view request_body) {
  if (request_body.find("\"echo\"") == std::string_view::npos) return {};
  const auto request = parse_json(request_body);
  if (!request) return {};
  const JsonValue* echo = request->root().find("echo");
  const std::string_view* prompt = request->root().find_string("prompt");
  if (echo == nullptr || !echo->boolean || prompt == nullptr) return {};
  return std::string(*prompt);
}

}  // namespace TALLY_ABI
}  // namespace tally
