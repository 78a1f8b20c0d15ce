// SPDX-License-Identifier: MIT
#include "wire/request_json.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "wire/json_writer.hpp"
#include "wire/request_object.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

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
    case ReasoningEffort::minimal:
      return "minimal";
    case ReasoningEffort::xhigh:
      return "xhigh";
    case ReasoningEffort::ultra:
      return "ultra";
  }
  return "";
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

std::string server_tool_json(const ServerTool& tool) {
  ObjectWriter object;
  object.add("type", quoted(tool.type));
  const std::string options = replace_invalid_utf8(tool.options);
  if (const auto read = parse_json(options)) add_members(object, read->root(), options);
  return object.take();
}

std::string json_schema_json(const JsonSchema& schema) {
  ObjectWriter object;
  object.add("name", quoted(schema.name));
  object.add("schema", replace_invalid_utf8(schema.schema));
  if (schema.strict) object.add("strict", "true");
  return part_of("json_schema", "json_schema", object.take());
}

std::string tool_choice_json(const std::string& choice) {
  if (choice == "none" || choice == "auto" || choice == "required") return quoted(choice);
  ObjectWriter object;
  object.add("type", quoted("function"));
  object.add("function", object_of("name", quoted(choice)));
  return object.take();
}

std::string place(std::string_view list, std::size_t index, std::string_view field) {
  return std::string(list) + '[' + std::to_string(index) + "]." + std::string(field);
}

/// As `read_object`, for a text that may be absent.
Result<void> check_object(std::string_view text, const std::string& field) {
  if (text.empty()) return {};
  auto value = read_object(text, field);
  if (!value) return std::move(value.error());
  return {};
}

Result<void> check_numbers(const ChatRequest& request) {
  const std::pair<std::string_view, const std::optional<double>*> numbers[] = {
      {"temperature", &request.temperature},
      {"top_p", &request.top_p},
      {"presence_penalty", &request.presence_penalty},
      {"frequency_penalty", &request.frequency_penalty},
  };
  for (const auto& [name, value] : numbers) {
    if (auto fine = check_finite(name, *value); !fine) return fine;
  }
  if (auto fine = check_above_zero("max_tokens", request.max_tokens); !fine) return fine;
  return check_above_zero("n", request.n);
}

Result<void> check_parts(const Message& message, std::size_t of_message) {
  for (std::size_t i = 0; i < message.parts.size(); ++i) {
    const ContentPart& part = message.parts[i];
    const std::string field = place("messages", of_message, place("parts", i, "value"));
    if (part.value.empty() && part.kind != ContentPart::Kind::text) {
      return refused_request(field + " is empty");
    }
    if (part.kind != ContentPart::Kind::json) continue;
    if (auto fine = check_object(part.value, field); !fine) return fine;
  }
  return {};
}

/// `extra` may not say what the library has to know: what a message is, and holds.
Result<void> check_extra(const std::string& extra, const std::string& field,
                         std::initializer_list<std::string_view> own) {
  auto read = read_object(extra, field);
  if (!read) return std::move(read.error());
  for (const std::string_view name : own) {
    if (!read->root().find(name)) continue;
    return refused_request(field + " has " + std::string(name) + ", which is a field of its own");
  }
  return {};
}

Result<void> check_extras(const Message& message, std::size_t of_message) {
  if (!message.extra.empty()) {
    auto fine = check_extra(message.extra, place("messages", of_message, "extra"),
                            {"role", "content", "tool_calls"});
    if (!fine) return fine;
  }
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    if (message.tool_calls[i].extra.empty()) continue;
    const std::string field = place("messages", of_message, place("tool_calls", i, "extra"));
    auto fine = check_extra(message.tool_calls[i].extra, field, {"id", "type", "function"});
    if (!fine) return fine;
  }
  return {};
}

Result<void> check_server_tools(const ChatRequest& request) {
  for (std::size_t i = 0; i < request.server_tools.size(); ++i) {
    const ServerTool& tool = request.server_tools[i];
    if (tool.type.empty()) return refused_request(place("server_tools", i, "type") + " is empty");
    if (tool.options.empty()) continue;
    const std::string field = place("server_tools", i, "options");
    auto options = read_object(tool.options, field);
    if (!options) return std::move(options.error());
    if (options->root().find("type")) {
      return refused_request(field + " has a type, which is a field of its own");
    }
  }
  return {};
}

Result<void> check_lists(const ChatRequest& request) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    if (message.role == Role::tool && message.tool_call_id.empty()) {
      return refused_request(place("messages", i, "tool_call_id") +
                             " is empty: a tool message names the call that it answers");
    }
    if (auto fine = check_parts(message, i); !fine) return fine;
    if (auto fine = check_extras(message, i); !fine) return fine;
  }
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.name.empty()) return refused_request(place("tools", i, "name") + " is empty");
    auto parameters = read_object(tool.parameters, place("tools", i, "parameters"));
    if (!parameters) return std::move(parameters.error());
  }
  if (auto fine = check_server_tools(request); !fine) return fine;
  if (request.json_schema) {
    if (request.json_schema->name.empty()) return refused_request("json_schema.name is empty");
    auto schema = read_object(request.json_schema->schema, "json_schema.schema");
    if (!schema) return std::move(schema.error());
  }
  return check_object(request.logit_bias, "logit_bias");
}

Result<void> check(const ChatRequest& request, const RequestExtra& extra, bool stream) {
  if (request.model.empty()) return refused_request("model is empty: name the model to ask");
  if (request.messages.empty() && !extra.find("messages")) {
    return refused_request("messages is empty: give at least one");
  }
  if (auto fine = extra.check_stream(stream); !fine) return fine;
  if (auto fine = check_numbers(request); !fine) return fine;
  return check_lists(request);
}

class RequestWriter {
 public:
  RequestWriter(const RequestExtra& extra, std::optional<std::int64_t> max_tokens_if_absent,
                RequestDialect dialect)
      : extra_(extra),
        max_tokens_if_absent_(max_tokens_if_absent),
        dialect_(dialect),
        object_(extra) {}

  std::string write(const ChatRequest& request, bool stream) {
    object_.reserve(usual_size(request));
    add("model", quoted(request.model));
    if (std::string* json = object_.begin("messages")) {
      append_array(*json, request.messages,
                   [this](const Message& message) { return message_json(message, dialect_); });
    }
    add_thinking(request);
    add_sampling(request);
    add_format_and_tools(request);
    object_.add_flag("logprobs", request.logprobs);
    object_.add_count("top_logprobs", request.top_logprobs);
    if (!request.user_id.empty()) add("user_id", quoted(request.user_id));
    add_choices_and_service(request);
    return object_.take(stream);
  }

 private:
  /// Of the body. A long conversation is megabytes: grown and copied, they cost three times as many
  /// pages, which were a third more CPU for each message.
  static std::size_t usual_size(const ChatRequest& request) {
    std::size_t bytes = 128 + request.extra.size();
    for (const Message& message : request.messages) {
      // With the names around it, and some quotes and line ends that become two bytes.
      bytes += 48 + message.content.size() + message.content.size() / 16;
      if (message.reasoning_content) bytes += 24 + message.reasoning_content->size();
    }
    return bytes;
  }

  void add(std::string_view name, std::string_view json) { object_.add(name, json); }

  void add_thinking(const ChatRequest& request) {
    if (request.thinking != Thinking::server_default) {
      const bool on = request.thinking == Thinking::enabled;
      add("thinking", object_of("type", quoted(on ? "enabled" : "disabled")));
    }
    if (request.reasoning_effort != ReasoningEffort::server_default) {
      add("reasoning_effort", quoted(word(request.reasoning_effort)));
    }
  }

  void add_choices_and_service(const ChatRequest& request) {
    object_.add_count("n", request.n);
    object_.add_flag("parallel_tool_calls", request.parallel_tool_calls);
    if (!request.logit_bias.empty()) add("logit_bias", replace_invalid_utf8(request.logit_bias));
    if (request.safety_check != SafetyCheck::server_default) {
      const bool is_high = request.safety_check == SafetyCheck::high;
      add("safety_check", object_of("level", quoted(is_high ? "high" : "low")));
    }
    if (!request.service_tier.empty()) add("service_tier", quoted(request.service_tier));
    if (!request.user.empty()) add("user", quoted(request.user));
  }

  void add_sampling(const ChatRequest& request) {
    add_max_tokens(request.max_tokens);
    object_.add_number("temperature", request.temperature);
    object_.add_number("top_p", request.top_p);
    object_.add_number("presence_penalty", request.presence_penalty);
    object_.add_number("frequency_penalty", request.frequency_penalty);
    object_.add_count("seed", request.seed);
    if (!request.stop.empty()) add("stop", array_of(request.stop, quoted));
  }

  /// Under one name: OpenAI refuses a request with both.
  void add_max_tokens(std::optional<std::int64_t> most) {
    constexpr std::string_view old_name = "max_tokens";
    constexpr std::string_view new_name = "max_completion_tokens";
    const bool is_new = has_new_names(dialect_) && !extra_.find(old_name);
    if (!most && !extra_.find(new_name)) most = max_tokens_if_absent_;
    object_.add_count(is_new ? new_name : old_name, most);
  }

  void add_format_and_tools(const ChatRequest& request) {
    if (request.json_schema) {
      add("response_format", json_schema_json(*request.json_schema));
    } else if (request.response_format == ResponseFormat::json_object) {
      add("response_format", object_of("type", quoted("json_object")));
    }
    std::vector<std::string> tools;
    for (const Tool& tool : request.tools) tools.push_back(tool_json(tool));
    for (const ServerTool& tool : request.server_tools) tools.push_back(server_tool_json(tool));
    if (!tools.empty()) {
      add("tools", array_of(tools, [](const std::string& json) { return json; }));
    }
    if (!request.tool_choice.empty()) add("tool_choice", tool_choice_json(request.tool_choice));
  }

  const RequestExtra& extra_;
  std::optional<std::int64_t> max_tokens_if_absent_;
  RequestDialect dialect_;
  RequestObject object_;
};

}  // namespace

RequestDialect request_dialect(const Provider& provider) {
  if (provider.id == "openai") return RequestDialect::openai;
  if (provider.id == "azure") return RequestDialect::azure;
  for (const std::string_view id : {"cerebras", "gemini", "groq", "mistral"}) {
    if (provider.id == id) return RequestDialect::strict;
  }
  return RequestDialect::common;
}

Result<std::string> write_request(const ChatRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent,
                                  RequestDialect dialect) {
  auto extra = RequestExtra::read(request.extra);
  if (!extra) return std::move(extra).error();
  if (auto fine = check(request, *extra, stream); !fine) return std::move(fine).error();
  return RequestWriter(*extra, max_tokens_if_absent, dialect).write(request, stream);
}

}  // namespace TALLY_ABI
}  // namespace tally
