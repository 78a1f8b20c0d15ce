// SPDX-License-Identifier: MIT
#include "wire/message_json.hpp"

#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "wire/json_writer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

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

/// An object, whose members go before those of its name that are added here.
class ExtendedObject {
 public:
  /// `extra` is empty, or a JSON object.
  explicit ExtendedObject(const std::string& extra) : text_(replace_invalid_utf8(extra)) {
    if (text_.empty()) return;
    if (auto read = parse_json(text_)) extra_ = *std::move(read);
  }
  void add(std::string_view name, std::string_view json) {
    if (!extra_.root().find(name)) object_.add(name, json);
  }
  std::string take() {
    add_members(object_, extra_.root(), text_);
    return object_.take();
  }

 private:
  std::string text_;
  JsonDocument extra_;
  ObjectWriter object_;
};

std::string tool_call_json(const ToolCall& call) {
  ObjectWriter function;
  function.add("name", quoted(call.name));
  function.add("arguments", quoted(call.arguments));
  ExtendedObject object(call.extra);
  object.add("id", quoted(call.id));
  object.add("type", quoted("function"));
  object.add("function", function.take());
  return object.take();
}

std::string part_json(const ContentPart& part, RequestDialect dialect) {
  ObjectWriter inner;
  switch (part.kind) {
    case ContentPart::Kind::text:
      break;
    case ContentPart::Kind::image:
      inner.add("url", quoted(part.value));
      if (!part.detail.empty()) inner.add("detail", quoted(part.detail));
      return part_of("image_url", "image_url", inner.take());
    case ContentPart::Kind::file:
      if (!has_new_names(dialect)) return part_of("file", "file_id", quoted(part.value));
      return part_of("file", "file", object_of("file_id", quoted(part.value)));
    case ContentPart::Kind::audio:
      inner.add("data", quoted(part.value));
      inner.add("format", quoted(part.detail));
      return part_of("input_audio", "input_audio", inner.take());
    case ContentPart::Kind::json:
      return replace_invalid_utf8(part.value);
  }
  return part_of("text", "text", quoted(part.value));
}

std::string content_json(const Message& message, RequestDialect dialect) {
  // An answer of tool calls alone has no text, which is null: some servers refuse an empty one.
  if (message.parts.empty()) {
    const bool no_text = message.content.empty() && !message.tool_calls.empty();
    return no_text ? "null" : quoted(message.content);
  }
  std::string parts =
      array_of(message.parts, [=](const ContentPart& part) { return part_json(part, dialect); });
  if (message.content.empty()) return parts;
  return '[' + part_of("text", "text", quoted(message.content)) + ',' + parts.substr(1);
}

}  // namespace

std::string message_json(const Message& message, RequestDialect dialect) {
  ExtendedObject object(message.extra);
  object.add("role", quoted(word(message.role)));
  object.add("content", content_json(message, dialect));
  if (!message.name.empty()) object.add("name", quoted(message.name));
  // Also when empty: DeepSeek answers 400 to a conversation with tools that lacks it.
  if (message.reasoning_content && takes_reasoning(dialect)) {
    object.add("reasoning_content", quoted(*message.reasoning_content));
  }
  if (!message.tool_calls.empty()) {
    object.add("tool_calls", array_of(message.tool_calls, tool_call_json));
  }
  if (!message.tool_call_id.empty()) object.add("tool_call_id", quoted(message.tool_call_id));
  if (message.prefix) object.add("prefix", "true");
  return object.take();
}

}  // namespace TALLY_ABI
}  // namespace tally
