// SPDX-License-Identifier: MIT
#include <cstddef>
#include <utility>
#include <vector>

#include "answer_parts.hpp"

namespace loopback {
namespace {

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const auto& piece : pieces) out += piece;
  return out;
}

std::string text_of(const Script& script) {
  return joined(script.tokens) + (script.bad_utf8_after ? "a\xFF\xE2\x82z" : "");
}

std::string message_object(const Script& script) {
  std::string tools;
  for (std::size_t i = 0; i < script.tools.size(); ++i) {
    const auto& tool = script.tools[i];
    tools += (i == 0 ? "{\"index\":" : ",{\"index\":") + std::to_string(i) +
             ",\"id\":" + quoted(tool.id) +
             ",\"type\":\"function\",\"function\":{\"name\":" + quoted(tool.name) +
             ",\"arguments\":" + quoted(joined(tool.arguments)) + "}}";
  }
  return "{\"role\":\"assistant\",\"content\":" + quoted(text_of(script)) +
         (script.reasoning.empty() ? ""
                                   : ",\"reasoning_content\":" + quoted(joined(script.reasoning))) +
         (tools.empty() ? "" : ",\"tool_calls\":[" + tools + "]") + "}";
}

}  // namespace

Answer compose_document(const Script& script, const Asked& asked) {
  Answer answer;
  answer.content_type = "application/json";
  answer.chunked = script.keepalives > 0 || script.huge_mb > 0 || script.deep > 0;
  for (int i = 0; i < script.keepalives; ++i) {
    answer.pieces.push_back({"\n", script.keepalive_delay, 1, false});
  }
  if (script.deep > 0) {
    answer.pieces.push_back({nested(script.deep), {}, 1, false});
    return answer;
  }
  if (script.huge_mb > 0) {
    answer.pieces.push_back({"{\"id\":\"", {}, 1, false});
    answer.pieces.push_back(
        {std::string(1 << 16, 'x'), {}, static_cast<std::size_t>(script.huge_mb) * 16, false});
    answer.pieces.push_back({"\"}", {}, 1, false});
    return answer;
  }
  const bool with_usage = script.usage != Script::UsagePlace::nowhere;
  std::string body = object_head(script, asked, "chat.completion") + ",\"choices\":[{\"index\":0," +
                     (asked.fim ? "\"text\":" + quoted(text_of(script))
                                : "\"message\":" + message_object(script)) +
                     ",\"logprobs\":null,\"finish_reason\":" + quoted(finish_reason(script)) +
                     "}]" + (with_usage ? ",\"usage\":" + usage_object(script) : "") + "}";
  answer.pieces.push_back(
      {std::move(body), script.delay, 1, with_usage && script.usage_json.empty()});
  if (script.cut_after) {
    auto& piece = answer.pieces.back();
    piece.bytes.resize(piece.bytes.size() / 2);
    piece.settles = false;
    answer.ending = Ending::cut;
    answer.chunked = true;
  }
  if (script.stall_after) answer.ending = Ending::stall;
  return answer;
}

}  // namespace loopback
