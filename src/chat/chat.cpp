// SPDX-License-Identifier: MIT
#include "tally/chat.hpp"

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Message message_of(Role role, std::string content) {
  Message message;
  message.role = role;
  message.content = std::move(content);
  return message;
}

}  // namespace

Message system(std::string content) { return message_of(Role::system, std::move(content)); }
Message user(std::string content) { return message_of(Role::user, std::move(content)); }
Message assistant(std::string content) { return message_of(Role::assistant, std::move(content)); }

Message user(std::string content, std::vector<ContentPart> parts) {
  Message message = message_of(Role::user, std::move(content));
  message.parts = std::move(parts);
  return message;
}

Message tool_result(std::string tool_call_id, std::string content) {
  Message message = message_of(Role::tool, std::move(content));
  message.tool_call_id = std::move(tool_call_id);
  return message;
}

ContentPart text_part(std::string text) { return {ContentPart::Kind::text, std::move(text), {}}; }
ContentPart image(std::string url, std::string detail) {
  return {ContentPart::Kind::image, std::move(url), std::move(detail)};
}
ContentPart file(std::string file_id) { return {ContentPart::Kind::file, std::move(file_id), {}}; }
ContentPart audio(std::string base64, std::string format) {
  return {ContentPart::Kind::audio, std::move(base64), std::move(format)};
}
ContentPart json_part(std::string object) {
  return {ContentPart::Kind::json, std::move(object), {}};
}

ChatError::ChatError(Error error, Reply arrived)
    : Error(std::move(error)), partial(std::move(arrived)) {}

Result<std::string> validated_arguments(const ToolCall& call) {
  // For a function without parameters some servers send nothing.
  if (call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) return std::string("{}");
  const auto value = parse_json(call.arguments);
  if (!value) {
    return Error{ErrorKind::invalid_argument,
                 "the arguments of " + call.name + " are not valid JSON: " + value.error().message};
  }
  if (!value->root().is_object()) {
    return Error{ErrorKind::invalid_argument,
                 "the arguments of " + call.name + " are no JSON object"};
  }
  return call.arguments;
}

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::none:
      return "none";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::content_filter:
      return "content_filter";
    case FinishReason::insufficient_system_resource:
      return "insufficient_system_resource";
    case FinishReason::other:
      return "other";
  }
  return "other";
}

}  // namespace TALLY_ABI
}  // namespace tally
