// SPDX-License-Identifier: MIT
#include <cstddef>
#include <utility>

#include "answer_parts.hpp"

namespace loopback {
namespace {

// What the choice of each chunk says, as a member of it, in their order.

std::string delta(const std::string& object) { return "\"delta\":" + object; }

std::string text_member(const std::string& text, const Asked& asked) {
  return asked.fim ? "\"text\":" + quoted(text) : delta("{\"content\":" + quoted(text) + "}");
}

std::vector<std::string> choice_members(const Script& script, const Asked& asked) {
  std::vector<std::string> out;
  if (asked.fim) {
    for (const auto& token : script.tokens) out.push_back(text_member(token, asked));
    return out;
  }
  for (const auto& token : script.reasoning) {
    out.push_back(delta("{\"content\":null,\"reasoning_content\":" + quoted(token) + "}"));
  }
  for (const auto& token : script.tokens) {
    out.push_back(script.reasoning.empty()
                      ? text_member(token, asked)
                      : delta("{\"content\":" + quoted(token) + ",\"reasoning_content\":null}"));
  }
  for (std::size_t i = 0; i < script.tools.size(); ++i) {
    const auto& tool = script.tools[i];
    const std::string index = std::to_string(i);
    out.push_back(delta("{\"tool_calls\":[{\"index\":" + index + ",\"id\":" + quoted(tool.id) +
                        ",\"type\":\"function\",\"function\":{\"name\":" + quoted(tool.name) +
                        ",\"arguments\":\"\"}}]}"));
    for (const auto& piece : tool.arguments) {
      out.push_back(delta("{\"tool_calls\":[{\"index\":" + index +
                          ",\"function\":{\"arguments\":" + quoted(piece) + "}}]}"));
    }
  }
  return out;
}

class StreamComposer {
 public:
  StreamComposer(const Script& script, const Asked& asked) : script_(script), asked_(asked) {}

  Answer compose() {
    answer_.content_type = "text/event-stream; charset=utf-8";
    answer_.chunked = true;
    for (int i = 0; i < script_.keepalives; ++i) {
      answer_.pieces.push_back({": keep-alive\n\n", script_.keepalive_delay, 1, false});
    }
    if (script_.huge_mb > 0 || script_.deep > 0) return monster();
    if (!asked_.fim) {
      chunk(delta(script_.reasoning.empty()
                      ? "{\"role\":\"assistant\",\"content\":\"\"}"
                      : "{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"\"}"));
    }
    int sent = 0;
    if (fault_after(sent)) return std::move(answer_);
    for (const auto& member : choice_members(script_, asked_)) {
      chunk(member, script_.delay);
      if (fault_after(++sent)) return std::move(answer_);
    }
    finish();
    return std::move(answer_);
  }

 private:
  void event(const std::string& data, std::chrono::milliseconds delay = {}, bool settles = false) {
    answer_.pieces.push_back({"data: " + data + "\n\n", delay, 1, settles});
  }

  std::string chunk_text(const std::string& choices, const std::string& usage) const {
    return object_head(script_, asked_, "chat.completion.chunk") + ",\"choices\":" + choices +
           (usage.empty() ? "" : ",\"usage\":" + usage) + "}";
  }

  void chunk(const std::string& member, std::chrono::milliseconds delay = {}) {
    event(chunk_text("[{\"index\":0," + member + ",\"logprobs\":null,\"finish_reason\":null}]",
                     script_.usage_null_key ? "null" : ""),
          delay);
  }

  // Adds what the script wants after `sent` deltas; true: that was the end of the answer.
  bool fault_after(int sent) {
    if (script_.garbage_after == sent) event("{\"id\": nonsense");
    if (script_.bad_utf8_after == sent) chunk(text_member("a\xFF\xE2\x82z", asked_));
    if (script_.error_after == sent) {
      event(
          "{\"error\":{\"message\":\"The engine stopped\",\"type\":\"server_error\","
          "\"param\":null,\"code\":\"engine_stopped\"}}");
      return true;
    }
    if (script_.cut_after == sent) answer_.ending = Ending::cut;
    if (script_.stall_after == sent) {
      answer_.ending = script_.stall_with_comments ? Ending::stall_with_comments : Ending::stall;
    }
    return answer_.ending != Ending::proper;
  }

  void finish() {
    using Place = Script::UsagePlace;
    const bool on_finish = script_.usage == Place::finish_chunk || script_.usage == Place::both;
    const bool on_extra = script_.usage == Place::extra_chunk || script_.usage == Place::both;
    const std::string no_usage = script_.usage_null_key ? "null" : "";
    const std::string usage = usage_object(script_);
    const bool counted = script_.usage_json.empty();
    event(chunk_text("[{\"index\":0," + text_member("", asked_) +
                         ",\"logprobs\":null,\"finish_reason\":" + quoted(finish_reason(script_)) +
                         "}]",
                     on_finish ? usage : no_usage),
          {}, counted && on_finish && !on_extra);
    if (on_extra) event(chunk_text("[]", usage), {}, counted);
    if (script_.done) event("[DONE]");
  }

  Answer monster() {
    answer_.pieces.push_back({"data: ", {}, 1, false});
    if (script_.deep > 0) {
      answer_.pieces.push_back({nested(script_.deep), {}, 1, false});
    } else {
      answer_.pieces.push_back(
          {std::string(1 << 16, 'x'), {}, static_cast<std::size_t>(script_.huge_mb) * 16, false});
    }
    answer_.pieces.push_back({"\n\ndata: [DONE]\n\n", {}, 1, false});
    return std::move(answer_);
  }

  const Script& script_;
  const Asked& asked_;
  Answer answer_;
};

}  // namespace

Answer compose_stream(const Script& script, const Asked& asked) {
  return StreamComposer(script, asked).compose();
}

}  // namespace loopback
