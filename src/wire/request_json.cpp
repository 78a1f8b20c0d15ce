// SPDX-License-Identifier: MIT
#include "wire/request_json.hpp"

#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// The body is written as text, not through a JSON library's tree: what the user gives as JSON
// (schemas, `extra`) then goes out byte for byte. Digits stay as written, and so does the order of
// members, on which the server's prompt cache depends.

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

/// The shortest digits that read back as the same double.
std::string number(double value) {
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  return std::string(digits, written.ptr);
}

/// An object under construction: `json` is the text of each member's value.
class ObjectWriter {
 public:
  void add(std::string_view name, std::string_view json) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, name);
    text_ += ':';
    text_ += json;
  }
  std::string take() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  std::string text_ = "{";
};

std::string object_of(std::string_view name, std::string_view json) {
  ObjectWriter object;
  object.add(name, json);
  return object.take();
}

template <class T, class Write>
std::string array_of(const std::vector<T>& elements, Write write) {
  std::string json = "[";
  for (const T& element : elements) {
    if (json.size() > 1) json += ',';
    json += write(element);
  }
  return json += ']';
}

std::string_view word(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
  }
  return "user";
}

std::string_view word(ReasoningEffort effort) {
  switch (effort) {
    case ReasoningEffort::server_default:
      return "";
    case ReasoningEffort::low:
      return "low";
    case ReasoningEffort::medium:
      return "medium";
    case ReasoningEffort::high:
      return "high";
    case ReasoningEffort::maximum:
      return "max";
  }
  return "";
}

std::string tool_call_json(const ToolCall& call) {
  ObjectWriter function;
  function.add("name", quoted(call.name));
  function.add("arguments", quoted(call.arguments));
  ObjectWriter object;
  object.add("id", quoted(call.id));
  object.add("type", quoted("function"));
  object.add("function", function.take());
  return object.take();
}

std::string message_json(const Message& message) {
  ObjectWriter object;
  object.add("role", quoted(word(message.role)));
  // An answer of tool calls alone has no text, which is null: some servers refuse an empty one.
  const bool no_text = message.content.empty() && !message.tool_calls.empty();
  object.add("content", no_text ? "null" : quoted(message.content));
  if (!message.name.empty()) object.add("name", quoted(message.name));
  // Also when empty: DeepSeek answers 400 to a conversation with tools that lacks it.
  if (message.reasoning_content) {
    object.add("reasoning_content", quoted(*message.reasoning_content));
  }
  if (!message.tool_calls.empty()) {
    object.add("tool_calls", array_of(message.tool_calls, tool_call_json));
  }
  if (!message.tool_call_id.empty()) object.add("tool_call_id", quoted(message.tool_call_id));
  if (message.prefix) object.add("prefix", "true");
  return object.take();
}

std::string tool_json(const Tool& tool) {
  ObjectWriter function;
  function.add("name", quoted(tool.name));
  if (!tool.description.empty()) function.add("description", quoted(tool.description));
  function.add("parameters", replace_invalid_utf8(tool.parameters));
  if (tool.strict) function.add("strict", "true");
  ObjectWriter object;
  object.add("type", quoted("function"));
  object.add("function", function.take());
  return object.take();
}

std::string tool_choice_json(const std::string& choice) {
  if (choice == "none" || choice == "auto" || choice == "required") return quoted(choice);
  ObjectWriter object;
  object.add("type", quoted("function"));
  object.add("function", object_of("name", quoted(choice)));
  return object.take();
}

Error refused(std::string message) {
  return Error{ErrorKind::invalid_argument, std::move(message)};
}

std::string place(std::string_view list, std::size_t index, std::string_view field) {
  return std::string(list) + '[' + std::to_string(index) + "]." + std::string(field);
}

/// The object in `text`; the error names `field`.
Result<JsonValue> read_object(std::string_view text, const std::string& field) {
  auto value = parse_json(text);
  if (!value) return refused(field + " has to be a JSON object: " + value.error().message);
  if (!value->is_object()) return refused(field + " has to be a JSON object, as {\"key\": 1}");
  return value;
}

Result<void> check_numbers(const ChatRequest& request) {
  const std::pair<std::string_view, const std::optional<double>*> numbers[] = {
      {"temperature", &request.temperature},
      {"top_p", &request.top_p},
      {"presence_penalty", &request.presence_penalty},
      {"frequency_penalty", &request.frequency_penalty},
  };
  for (const auto& [name, value] : numbers) {
    if (*value && !std::isfinite(**value)) {
      return refused(std::string(name) + " is not finite: give a number, or leave it absent");
    }
  }
  if (request.max_tokens && *request.max_tokens < 1) {
    return refused("max_tokens is " + std::to_string(*request.max_tokens) +
                   ": give at least 1, or leave it absent");
  }
  return {};
}

Result<void> check_lists(const ChatRequest& request) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (message.role == Role::tool && message.tool_call_id.empty()) {
      return refused(place("messages", i, "tool_call_id") +
                     " is empty: a tool message names the call that it answers");
    }
  }
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.name.empty()) return refused(place("tools", i, "name") + " is empty");
    auto parameters = read_object(tool.parameters, place("tools", i, "parameters"));
    if (!parameters) return std::move(parameters.error());
  }
  return {};
}

Result<void> check(const ChatRequest& request, const JsonValue& extra, bool stream) {
  if (request.model.empty()) return refused("model is empty: name the model to ask");
  if (request.messages.empty() && !extra.find("messages")) {
    return refused("messages is empty: give at least one");
  }
  const JsonValue* asked = extra.find("stream");
  if (asked && (asked->type != JsonType::boolean || asked->boolean != stream)) {
    return refused("extra.stream contradicts the call: chat and stream set it themselves");
  }
  if (auto fine = check_numbers(request); !fine) return fine;
  return check_lists(request);
}

/// The request object. A member that `extra` has too is left to `extra`.
class RequestWriter {
 public:
  RequestWriter(const JsonValue& extra, std::string_view extra_text,
                std::optional<std::int64_t> max_tokens_if_absent)
      : extra_(extra), extra_text_(extra_text), max_tokens_if_absent_(max_tokens_if_absent) {}

  std::string write(const ChatRequest& request, bool stream) {
    add("model", quoted(request.model));
    add("messages", array_of(request.messages, message_json));
    add_thinking(request);
    add_sampling(request);
    add_format_and_tools(request);
    if (request.logprobs) add("logprobs", *request.logprobs ? "true" : "false");
    if (request.top_logprobs) add("top_logprobs", std::to_string(*request.top_logprobs));
    if (!request.user_id.empty()) add("user_id", quoted(request.user_id));
    if (stream) add_stream();
    for (const JsonValue& member : extra_.children) {
      if (stream && member.key == "stream_options") continue;
      object_.add(member.key, source(member));
    }
    return object_.take();
  }

 private:
  void add(std::string_view name, std::string_view json) {
    if (!extra_.find(name)) object_.add(name, json);
  }

  void add_thinking(const ChatRequest& request) {
    if (request.thinking != Thinking::server_default) {
      const bool on = request.thinking == Thinking::enabled;
      add("thinking", object_of("type", quoted(on ? "enabled" : "disabled")));
    }
    if (request.reasoning_effort != ReasoningEffort::server_default) {
      add("reasoning_effort", quoted(word(request.reasoning_effort)));
    }
  }

  void add_sampling(const ChatRequest& request) {
    const auto add_number = [this](std::string_view name, const std::optional<double>& value) {
      if (value) add(name, number(*value));
    };
    auto max_tokens = request.max_tokens;
    if (!max_tokens && !extra_.find("max_completion_tokens")) max_tokens = max_tokens_if_absent_;
    if (max_tokens) add("max_tokens", std::to_string(*max_tokens));
    add_number("temperature", request.temperature);
    add_number("top_p", request.top_p);
    add_number("presence_penalty", request.presence_penalty);
    add_number("frequency_penalty", request.frequency_penalty);
    if (request.seed) add("seed", std::to_string(*request.seed));
    if (!request.stop.empty()) add("stop", array_of(request.stop, quoted));
  }

  void add_format_and_tools(const ChatRequest& request) {
    if (request.response_format == ResponseFormat::json_object) {
      add("response_format", object_of("type", quoted("json_object")));
    }
    if (!request.tools.empty()) add("tools", array_of(request.tools, tool_json));
    if (!request.tool_choice.empty()) add("tool_choice", tool_choice_json(request.tool_choice));
  }

  /// `extra` may add to `stream_options` but not drop the usage from a stream: it is the bill.
  void add_stream() {
    add("stream", "true");
    ObjectWriter options;
    options.add("include_usage", "true");
    if (const JsonValue* more = extra_.find("stream_options"); more && more->is_object()) {
      for (const JsonValue& member : more->children) {
        if (member.key != "include_usage") options.add(member.key, source(member));
      }
    }
    object_.add("stream_options", options.take());
  }

  std::string_view source(const JsonValue& value) const {
    return extra_text_.substr(value.begin, value.end - value.begin);
  }

  const JsonValue& extra_;
  std::string_view extra_text_;
  std::optional<std::int64_t> max_tokens_if_absent_;
  ObjectWriter object_;
};

}  // namespace

Result<std::string> write_request(const ChatRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent) {
  // Repaired before it is read, so that the places of its values are places in this text.
  const std::string extra_text = request.extra.empty() ? "{}" : replace_invalid_utf8(request.extra);
  auto extra = read_object(extra_text, "extra");
  if (!extra) return std::move(extra.error());
  if (auto fine = check(request, *extra, stream); !fine) return Error(fine.error());
  return RequestWriter(*extra, extra_text, max_tokens_if_absent).write(request, stream);
}

}  // namespace TALLY_ABI
}  // namespace tally
