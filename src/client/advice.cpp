// SPDX-License-Identifier: MIT
#include "tally/advice.hpp"

#include <algorithm>
#include <utility>

#include "wire/request_bound.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Below this, thinking often leaves nothing for an answer.
constexpr std::int64_t small_max_tokens = 1024;
constexpr std::size_t most_stops = 16;
constexpr std::size_t most_tools = 128;
constexpr int most_top_logprobs = 20;
constexpr std::size_t most_user_id_bytes = 512;

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool says_json(std::string_view text) {
  constexpr std::string_view word = "json";
  return std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         }) != text.end();
}

bool mentions_json(const Message& message) {
  const auto says_it = [](const ContentPart& part) {
    return part.kind == ContentPart::Kind::text && says_json(part.value);
  };
  return says_json(message.content) ||
         std::any_of(message.parts.begin(), message.parts.end(), says_it);
}

bool has_image(const Message& message) {
  return std::any_of(message.parts.begin(), message.parts.end(),
                     [](const ContentPart& part) { return part.kind == ContentPart::Kind::image; });
}

/// What DeepSeek takes an effort for; empty where it knows the word.
std::string_view served_effort(ReasoningEffort effort) {
  switch (effort) {
    case ReasoningEffort::minimal:
      return "low";
    case ReasoningEffort::medium:
    case ReasoningEffort::xhigh:
      return "high";
    case ReasoningEffort::ultra:
      return "max";
    default:
      return {};
  }
}

class Adviser {
 public:
  explicit Adviser(const ChatRequest& request) : request_(request) {}

  void check_any_server() {
    const ChatRequest& r = request_;
    if (r.tools.empty() && !r.tool_choice.empty()) {
      add("tool_choice", "There are no tools to choose from; servers may refuse this.");
    }
    if (!r.tools.empty() && r.tool_choice == "none") {
      add("tool_choice",
          "With none a server may leave the tools out of the prompt: its beginning changes, and "
          "the provider's cache is missed.");
    }
    if (r.top_logprobs && !r.logprobs.value_or(false)) {
      add("top_logprobs", "Is heard only where logprobs is true.");
    }
    for (std::size_t i = 0; i + 1 < r.messages.size(); ++i) {
      if (r.messages[i].prefix) {
        add("messages",
            "prefix belongs on the last message; message " + std::to_string(i) + " has it too.");
      }
    }
  }

  void check_deepseek(std::string_view base_url) {
    check_beta(base_url);
    check_bounds();
    check_json();
    check_unknown();
    check_flash_only();
    if (thinks()) {
      check_thinking();
    } else {
      check_not_thinking();
    }
  }

  std::vector<Advice> advice;

 private:
  void add(std::string field, std::string message) {
    advice.push_back({std::move(field), std::move(message)});
  }

  bool thinks() const {
    // Names of the time before thinking was a parameter.
    const bool is_old = request_.model == "deepseek-chat" || request_.model == "deepseek-coder";
    if (request_.thinking == Thinking::enabled) return true;
    return !is_old && bound_of(request_, 0, std::nullopt).may_think;
  }

  void check_beta(std::string_view base_url) {
    if (holds(base_url, "/beta")) return;
    constexpr std::string_view where = " works at https://api.deepseek.com/beta only.";
    const auto is_strict = [](const Tool& tool) { return tool.strict; };
    if (std::any_of(request_.tools.begin(), request_.tools.end(), is_strict)) {
      add("tools", "strict" + std::string(where));
    }
    if (!request_.messages.empty() && request_.messages.back().prefix) {
      add("messages", "prefix" + std::string(where));
    }
  }

  void check_bounds() {
    if (request_.stop.size() > most_stops) add("stop", "DeepSeek takes at most 16 strings.");
    if (request_.tools.size() > most_tools) add("tools", "DeepSeek takes at most 128 functions.");
    if (request_.top_logprobs.value_or(0) > most_top_logprobs) {
      add("top_logprobs", "DeepSeek takes at most 20.");
    }
    if (request_.user_id.size() > most_user_id_bytes) {
      add("user_id", "DeepSeek takes at most 512 bytes.");
    }
  }

  void check_unknown() {
    constexpr const char* unknown = "DeepSeek documents no such parameter; it is likely ignored.";
    if (request_.seed) add("seed", unknown);
    if (request_.n && *request_.n != 1) add("n", unknown);
    if (!request_.logit_bias.empty()) add("logit_bias", unknown);
    if (request_.parallel_tool_calls) add("parallel_tool_calls", unknown);
    if (!request_.user.empty()) add("user", "DeepSeek's own field is user_id; this one is not it.");
    if (request_.json_schema) {
      add("json_schema",
          "DeepSeek takes no schema: put it into the prompt, and ask for json_object.");
    }
  }

  void check_flash_only() {
    if (holds(request_.model, "flash")) return;
    const auto& messages = request_.messages;
    if (std::any_of(messages.begin(), messages.end(), has_image)) {
      add("messages", "Of DeepSeek's models only Flash sees images.");
    }
    if (!request_.server_tools.empty()) {
      add("server_tools", "Of DeepSeek's models only Flash has them.");
    }
  }

  void check_json() {
    if (request_.response_format != ResponseFormat::json_object) return;
    const auto& messages = request_.messages;
    if (std::any_of(messages.begin(), messages.end(), mentions_json)) return;
    add("response_format",
        "For json_object DeepSeek wants the prompt to mention JSON, by that word; the answer may "
        "be "
        "empty even so.");
  }

  void check_thinking() {
    const ChatRequest& r = request_;
    constexpr const char* ignored = "Is accepted and ignored while the model thinks.";
    if (r.temperature) add("temperature", ignored);
    if (r.presence_penalty) add("presence_penalty", ignored);
    if (r.frequency_penalty) add("frequency_penalty", ignored);
    if (r.top_p && holds(r.model, "pro")) add("top_p", ignored);
    if (r.top_p && !holds(r.model, "pro") && (*r.top_p < 0.95 || *r.top_p > 1.0)) {
      add("top_p", "While the model thinks only values from 0.95 to 1 have an effect.");
    }
    if (const auto served = served_effort(r.reasoning_effort); !served.empty()) {
      add("reasoning_effort", "DeepSeek takes this for " + std::string(served) + ".");
    }
    if (r.max_tokens && *r.max_tokens < small_max_tokens) {
      add("max_tokens", "Thinking counts too: it may take all " + std::to_string(*r.max_tokens) +
                            " and leave no answer. Thinking::disabled, or more.");
    }
    check_reasoning_sent_back();
  }

  void check_reasoning_sent_back() {
    if (request_.tools.empty()) return;
    const auto lacks = [](const Message& message) {
      return message.role == Role::assistant && !message.prefix && !message.reasoning_content;
    };
    if (std::none_of(request_.messages.begin(), request_.messages.end(), lacks)) return;
    add("messages",
        "With tools DeepSeek wants the reasoning_content of every earlier answer back, even an "
        "empty one, and refuses the request (400) without; push_back(reply.message) keeps it.");
  }

  void check_not_thinking() {
    const ChatRequest& r = request_;
    if (r.top_p && *r.top_p != 1.0 && holds(r.model, "flash")) {
      add("top_p", "Without thinking it is fixed at 1.");
    }
    if (r.reasoning_effort != ReasoningEffort::server_default) {
      add("reasoning_effort", "Without thinking there is none.");
    }
  }

  const ChatRequest& request_;
};

}  // namespace

std::vector<Advice> check_request(const ChatRequest& request, const Provider& provider,
                                  std::string_view base_url) {
  Adviser adviser(request);
  adviser.check_any_server();
  if (provider.id == "deepseek") adviser.check_deepseek(base_url);
  return std::move(adviser.advice);
}

}  // namespace TALLY_ABI
}  // namespace tally
