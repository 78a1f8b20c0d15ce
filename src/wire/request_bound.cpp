// SPDX-License-Identifier: MIT
#include "wire/request_bound.hpp"

#include <algorithm>
#include <string_view>

#include "base/json.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::int64_t size_of(const JsonValue& value) {
  return static_cast<std::int64_t>(value.end - value.begin);
}

bool is_number(const JsonValue* value) { return value != nullptr && value->as_int() > 0; }

void add_server_tool(RequestBound& bound, std::string_view type) {
  ++bound.server_tools;
  auto& types = bound.server_tool_types;
  if (std::find(types.begin(), types.end(), type) == types.end()) types.emplace_back(type);
}

/// Anthropic's `"ttl":"1h"`, wherever it stands and however it is spaced.
bool keeps_for_an_hour(std::string_view json) {
  constexpr std::string_view name = "\"ttl\"";
  constexpr std::string_view hour = "\"1h\"";
  for (std::size_t at = json.find(name); at != json.npos; at = json.find(name, at)) {
    at += name.size();
    const std::size_t value = json.find_first_not_of(" \t\r\n:", at);
    if (value != json.npos && json.substr(value, hour.size()) == hour) return true;
  }
  return false;
}

/// Counts a part of a message, as JSON.
void read_part(const JsonValue& part, std::string_view where, RequestBound& bound) {
  const std::string_view* type = part.find_string("type");
  if (type != nullptr && *type == "text") return;
  const bool is_image = type != nullptr && (*type == "image_url" || *type == "input_image");
  const bool is_file = type != nullptr && (*type == "file" || *type == "input_file");
  const bool is_audio = type != nullptr && (*type == "input_audio" || *type == "audio_url");
  bound.has_audio = bound.has_audio || is_audio;
  if (!is_image && !is_file) {
    if (!bound.unbounded.empty()) return;
    bound.unbounded.append(where).append(", a part of type ");
    bound.unbounded.append(type != nullptr ? *type : std::string_view("unknown"));
    return;
  }
  ++(is_image ? bound.images : bound.files);
  bound.text_bytes -= size_of(part);
}

void read_part(const ContentPart& part, RequestBound& bound) {
  switch (part.kind) {
    case ContentPart::Kind::text:
      return;
    case ContentPart::Kind::image:
    case ContentPart::Kind::file:
      ++(part.kind == ContentPart::Kind::image ? bound.images : bound.files);
      // In the body it has at least as many bytes.
      bound.text_bytes -= static_cast<std::int64_t>(part.value.size());
      return;
    case ContentPart::Kind::audio:
      bound.has_audio = true;
      if (bound.unbounded.empty()) bound.unbounded = "messages, a part of type input_audio";
      return;
    case ContentPart::Kind::json:
      bound.may_write_1h = bound.may_write_1h || keeps_for_an_hour(part.value);
      if (const auto json = parse_json(part.value)) read_part(json->root(), "messages", bound);
      return;
  }
}

void read_parts(const ChatRequest& request, RequestBound& bound) {
  for (const Message& message : request.messages) {
    for (const ContentPart& part : message.parts) read_part(part, bound);
  }
}

/// Reads what `extra` adds to, or puts in the place of, the request's own members.
class ExtraReader {
 public:
  ExtraReader(RequestBound& bound, const JsonValue& extra) : bound_(bound), extra_(extra) {}

  void read() {
    read_messages();
    read_prompt();
    read_tools();
    read_output();
    read_thinking();
    if (const std::string_view* tier = extra_.find_string("service_tier")) {
      bound_.service_tier = *tier;
    }
    // A price is looked up for ChatRequest::model, and those bring texts or sounds of their own.
    for (const std::string_view name :
         {"model", "models", "audio", "plugins", "prediction", "previous_response_id"}) {
      if (extra_.find(name)) set_unbounded(name);
    }
    for (const std::string_view name : {"web_search_options", "search_parameters"}) {
      if (extra_.find(name)) add_server_tool(bound_, "web_search");
    }
    // OpenRouter's, most of which search.
    if (extra_.find("plugins")) add_server_tool(bound_, "web_search");
  }

 private:
  void set_unbounded(std::string_view what) {
    if (bound_.unbounded.empty()) bound_.unbounded.append("extra.").append(what);
  }

  void read_messages() {
    const JsonValue* messages = extra_.find("messages");
    if (messages == nullptr) return;
    bound_.messages = static_cast<std::int64_t>(messages->children().size());
    for (const JsonValue& message : messages->children()) {
      const JsonValue* content = message.find("content");
      if (content == nullptr || !content->is_array()) continue;
      for (const JsonValue& part : content->children()) read_part(part, "extra.messages", bound_);
    }
  }

  /// A list is of several prompts, each with an answer of its own.
  void read_prompt() {
    const JsonValue* prompt = extra_.find("prompt");
    if (prompt != nullptr && !prompt->as_string()) set_unbounded("prompt");
  }

  void read_tools() {
    const JsonValue* tools = extra_.find("tools");
    if (tools == nullptr) return;
    bound_.tools = 0;
    bound_.server_tools = 0;
    bound_.server_tool_types.clear();
    for (const JsonValue& tool : tools->children()) {
      const std::string_view* type = tool.find_string("type");
      if (type != nullptr && *type == "function") {
        ++bound_.tools;
      } else {
        add_server_tool(bound_, type != nullptr ? *type : std::string_view("unknown_tool"));
      }
    }
  }

  void read_output() {
    const JsonValue* most = extra_.find("max_tokens");
    const JsonValue* most_too = extra_.find("max_completion_tokens");
    // A member that is there and no number, as null, leaves the output to the server.
    if (most != nullptr || (most_too != nullptr && !is_number(most_too))) {
      bound_.max_output.reset();
    }
    if (is_number(most)) bound_.max_output = most->as_int();
    // Servers differ in which of the two they heed.
    if (is_number(most_too)) {
      bound_.max_output = std::max(bound_.max_output.value_or(0), *most_too->as_int());
    }
    if (const JsonValue* sent = extra_.find("n")) {
      bound_.choices_sent = is_number(sent) ? *sent->as_int() : 1;
    }
    for (const std::string_view name : {"n", "best_of"}) {
      const JsonValue* choices = extra_.find(name);
      if (choices == nullptr || choices->is_null()) continue;
      if (!is_number(choices)) return set_unbounded(name);
      bound_.choices = std::max(bound_.choices, *choices->as_int());
    }
  }

  void read_thinking() {
    if (const JsonValue* thinking = extra_.find("thinking")) {
      const std::string_view* type = thinking->find_string("type");
      bound_.may_think = type == nullptr || *type != "disabled";
    }
  }

  RequestBound& bound_;
  const JsonValue& extra_;
};

}  // namespace

RequestBound bound_of(const ChatRequest& request, std::size_t body_bytes,
                      std::optional<std::int64_t> max_tokens_if_absent) {
  RequestBound bound;
  bound.text_bytes = static_cast<std::int64_t>(body_bytes);
  bound.messages = static_cast<std::int64_t>(request.messages.size());
  bound.tools = static_cast<std::int64_t>(request.tools.size());
  for (const ServerTool& tool : request.server_tools) add_server_tool(bound, tool.type);
  bound.choices = std::max(1, request.n.value_or(1));
  bound.choices_sent = bound.choices;
  bound.service_tier = request.service_tier;
  bound.may_think = request.thinking != Thinking::disabled;
  bound.max_output = request.max_tokens;
  if (request.extra.empty()) {
    read_parts(request, bound);
    if (!bound.max_output) bound.max_output = max_tokens_if_absent;
    return bound;
  }
  bound.may_write_1h = keeps_for_an_hour(request.extra);
  const auto parsed = parse_json(request.extra);
  if (!parsed) return bound;  // `write_request` refuses it.
  const JsonValue& extra = parsed->root();
  if (!extra.find("messages")) read_parts(request, bound);
  if (!bound.max_output && !extra.find("max_completion_tokens")) {
    bound.max_output = max_tokens_if_absent;
  }
  ExtraReader(bound, extra).read();
  return bound;
}

RequestBound bound_of(const FimRequest& request, std::size_t body_bytes,
                      std::optional<std::int64_t> max_tokens_if_absent) {
  RequestBound bound;
  bound.text_bytes = static_cast<std::int64_t>(body_bytes);
  bound.may_think = false;
  bound.max_output = request.max_tokens ? request.max_tokens : max_tokens_if_absent;
  if (request.extra.empty()) return bound;
  // One that is no JSON is refused by `write_request`.
  if (const auto extra = parse_json(request.extra)) ExtraReader(bound, extra->root()).read();
  return bound;
}

std::int64_t least_prompt_tokens(const ChatRequest& request) {
  if (!request.extra.empty()) return 0;  // It may put other messages in the place of these.
  std::int64_t tokens = 0;
  for (const Message& message : request.messages) tokens += estimate_tokens(message.content).low;
  return tokens;
}

std::int64_t least_prompt_tokens(const FimRequest& request) {
  if (!request.extra.empty()) return 0;
  const std::int64_t tokens = estimate_tokens(request.prompt).low;
  return request.suffix ? tokens + estimate_tokens(*request.suffix).low : tokens;
}

}  // namespace TALLY_ABI
}  // namespace tally
