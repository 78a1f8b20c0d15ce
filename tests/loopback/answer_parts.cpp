// SPDX-License-Identifier: MIT
#include "answer_parts.hpp"

#include <cstdint>
#include <cstdio>

namespace loopback {
namespace {

std::string answer_id(std::uint64_t number) {
  char id[40];
  std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(number));
  return id;
}

std::string model_of(const Script& script, const Asked& asked) {
  return script.model.empty() ? asked.model : script.model;
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return "{\"choices\":" + std::string(count, '[') + std::string(count, ']') + "}";
}

std::string usage_object(const Script& script) {
  if (!script.usage_json.empty()) return script.usage_json;
  const auto n = [](std::int64_t value) { return std::to_string(value); };
  std::string out = "{\"prompt_tokens\":" + n(script.prompt_tokens) +
                    ",\"completion_tokens\":" + n(script.completion_tokens) +
                    ",\"total_tokens\":" + n(script.prompt_tokens + script.completion_tokens) +
                    ",\"prompt_tokens_details\":{\"cached_tokens\":" + n(script.cache_hit_tokens) +
                    "}";
  if (script.reasoning_tokens > 0) {
    out +=
        ",\"completion_tokens_details\":{\"reasoning_tokens\":" + n(script.reasoning_tokens) + "}";
  }
  return out + ",\"prompt_cache_hit_tokens\":" + n(script.cache_hit_tokens) +
         ",\"prompt_cache_miss_tokens\":" + n(script.prompt_tokens - script.cache_hit_tokens) + "}";
}

std::string finish_reason(const Script& script) {
  if (!script.finish_reason.empty()) return script.finish_reason;
  return script.tools.empty() ? "stop" : "tool_calls";
}

std::string object_head(const Script& script, const Asked& asked, const char* chat_object) {
  const char* object = asked.fim ? "text_completion" : chat_object;
  return "{\"id\":\"" + answer_id(asked.number) + "\",\"object\":\"" + object +
         "\",\"created\":1763700000,\"model\":" + quoted(model_of(script, asked)) +
         ",\"system_fingerprint\":\"fp_loopback\"";
}

}  // namespace loopback
