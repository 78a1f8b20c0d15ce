// SPDX-License-Identifier: MIT
#include "c_api/request.hpp"

#include "c_api/boundary.hpp"
#include "c_api/completion.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

ToolCall tool_call_of(const tally_tool_call* call, Arguments& given) {
  const tally_tool_call read = given.in(call, "tool_call");
  ToolCall made;
  made.id = given.string(read.id, "tool_call.id");
  made.name = given.string(read.name, "tool_call.name");
  made.arguments = given.string(read.arguments, "tool_call.arguments");
  made.extra = given.string(read.extra, "tool_call.extra");
  return made;
}

/// A value whose bit is set.
template <class To, class Value>
void take(std::uint32_t has, std::uint32_t bit, const Value& value, std::optional<To>* to) {
  if ((has & bit) != 0) *to = static_cast<To>(value);
}

/// What a chat and a text with a hole share.
template <class From, class To>
void take_sampling(const From& from, To* to, Arguments& given) {
  to->model = given.string(from.model, "model");
  take(from.has, TALLY_HAS_MAX_TOKENS, from.max_tokens, &to->max_tokens);
  const auto number = [&](std::uint32_t bit, double value, std::string_view name,
                          std::optional<double>* at) {
    if ((from.has & bit) != 0) *at = given.finite(value, name);
  };
  number(TALLY_HAS_TEMPERATURE, from.temperature, "temperature", &to->temperature);
  number(TALLY_HAS_TOP_P, from.top_p, "top_p", &to->top_p);
  number(TALLY_HAS_PRESENCE_PENALTY, from.presence_penalty, "presence_penalty",
         &to->presence_penalty);
  number(TALLY_HAS_FREQUENCY_PENALTY, from.frequency_penalty, "frequency_penalty",
         &to->frequency_penalty);
  to->extra = given.string(from.extra, "extra");
}

void take_format(const tally_chat_parameters& from, ChatRequest* to, Arguments& given) {
  given.between(0, from.response_format, TALLY_FORMAT_JSON_SCHEMA, "response_format");
  to->response_format = from.response_format == TALLY_FORMAT_JSON_OBJECT
                            ? ResponseFormat::json_object
                            : ResponseFormat::text;
  to->json_schema.reset();
  if (from.response_format != TALLY_FORMAT_JSON_SCHEMA) return;
  JsonSchema& schema = to->json_schema.emplace();
  schema.name = given.string(from.schema_name, "schema_name");
  if (from.schema.size > 0) schema.schema = given.string(from.schema, "schema");
  schema.strict = from.schema_is_strict != 0;
}

ChatRequest request_of(const tally_chat_parameters& from, Arguments& given) {
  ChatRequest made;
  take_sampling(from, &made, given);
  take_format(from, &made, given);
  take(from.has, TALLY_HAS_SEED, from.seed, &made.seed);
  take(from.has, TALLY_HAS_LOGPROBS, from.logprobs != 0, &made.logprobs);
  take(from.has, TALLY_HAS_TOP_LOGPROBS, from.top_logprobs, &made.top_logprobs);
  take(from.has, TALLY_HAS_N, from.n, &made.n);
  take(from.has, TALLY_HAS_PARALLEL_TOOL_CALLS, from.parallel_tool_calls != 0,
       &made.parallel_tool_calls);
  made.thinking = given.one_of<Thinking>(from.thinking, 3, "thinking");
  made.reasoning_effort =
      given.one_of<ReasoningEffort>(from.reasoning_effort, 8, "reasoning_effort");
  made.safety_check = given.one_of<SafetyCheck>(from.safety_check, 3, "safety_check");
  made.tool_choice = given.string(from.tool_choice, "tool_choice");
  made.logit_bias = given.string(from.logit_bias, "logit_bias");
  made.service_tier = given.string(from.service_tier, "service_tier");
  made.user_id = given.string(from.user_id, "user_id");
  made.user = given.string(from.user, "user");
  return made;
}

}  // namespace

Message message_of(const tally_message* message, Arguments& given) {
  const tally_message read = given.in(message, "message");
  Message made;
  made.role = given.one_of<Role>(read.role, 4, "message.role");
  made.content = given.string(read.content, "message.content");
  if (read.has_reasoning_content != 0) {
    made.reasoning_content = given.string(read.reasoning_content, "message.reasoning_content");
  }
  made.prefix = read.prefix != 0;
  made.tool_call_id = given.string(read.tool_call_id, "message.tool_call_id");
  made.name = given.string(read.name, "message.name");
  made.extra = given.string(read.extra, "message.extra");
  for (const tally_tool_call* call :
       given.items(read.tool_calls, read.tool_calls_count, "message.tool_calls")) {
    made.tool_calls.push_back(tool_call_of(call, given));
  }
  return made;
}

FimRequest fim_request_of(const tally_fim_request* request, Arguments& given) {
  const tally_fim_request read = given.in(request, "request");
  FimRequest made;
  take_sampling(read, &made, given);
  made.prompt = given.string(read.prompt, "prompt");
  if ((read.has & TALLY_HAS_SUFFIX) != 0) made.suffix = given.string(read.suffix, "suffix");
  take(read.has, TALLY_HAS_LOGPROBS, read.logprobs, &made.logprobs);
  take(read.has, TALLY_HAS_ECHO, read.echo != 0, &made.echo);
  made.stop = given.strings(read.stop, read.stop_count, "stop");
  return made;
}

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;
using tally::at_boundary;
using tally::Message;
using tally::Result;

namespace {

/// The body of a function that puts `value(given)` at the end of one of the request's lists.
template <class Make>
int32_t push(tally_chat_request* request, tally_error* error, Make make) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(request, "request");
    auto made = make(given);
    if (!given.good()) return given.error();
    using Made = decltype(made);
    if constexpr (std::is_same_v<Made, Message>) {
      request->request.messages.push_back(std::move(made));
    } else if constexpr (std::is_same_v<Made, tally::Tool>) {
      request->request.tools.push_back(std::move(made));
    } else if constexpr (std::is_same_v<Made, tally::ServerTool>) {
      request->request.server_tools.push_back(std::move(made));
    } else {
      request->request.stop.push_back(std::move(made));
    }
    return TALLY_OK;
  });
}

}  // namespace

extern "C" {

int32_t tally_tool_call_init(tally_tool_call* call, uint32_t size) {
  return tally::init(call, size);
}

int32_t tally_message_init(tally_message* message, uint32_t size) {
  tally_message defaults{};
  defaults.role = TALLY_ROLE_USER;
  return tally::init(message, size, defaults);
}

int32_t tally_content_part_init(tally_content_part* part, uint32_t size) {
  return tally::init(part, size);
}

int32_t tally_tool_init(tally_tool* tool, uint32_t size) { return tally::init(tool, size); }

int32_t tally_chat_parameters_init(tally_chat_parameters* parameters, uint32_t size) {
  return tally::init(parameters, size);
}

int32_t tally_fim_request_init(tally_fim_request* request, uint32_t size) {
  return tally::init(request, size);
}

int32_t tally_chat_request_create(tally_chat_request** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    *out = new tally_chat_request();
    return TALLY_OK;
  });
}

void tally_chat_request_destroy(tally_chat_request* request) { tally::destroy(request); }

int32_t tally_chat_request_set(tally_chat_request* request, const tally_chat_parameters* parameters,
                               tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(request, "request");
    tally::ChatRequest made = tally::request_of(given.in(parameters, "parameters"), given);
    if (!given.good()) return given.error();
    made.messages = std::move(request->request.messages);
    made.stop = std::move(request->request.stop);
    made.tools = std::move(request->request.tools);
    made.server_tools = std::move(request->request.server_tools);
    request->request = std::move(made);
    return TALLY_OK;
  });
}

int32_t tally_chat_request_push_text(tally_chat_request* request, int32_t role, const char* text,
                                     uint64_t size, tally_error* error) {
  return push(request, error, [&](Arguments& given) {
    Message message;
    message.role = given.one_of<tally::Role>(role, 4, "role");
    message.content = given.text(text, size, "text");
    return message;
  });
}

int32_t tally_chat_request_push_message(tally_chat_request* request, const tally_message* message,
                                        tally_error* error) {
  return push(request, error, [&](Arguments& given) { return tally::message_of(message, given); });
}

int32_t tally_chat_request_push_part(tally_chat_request* request, const tally_content_part* part,
                                     tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(request, "request");
    const tally_content_part read = given.in(part, "part");
    tally::ContentPart made;
    made.kind = given.one_of<tally::ContentPart::Kind>(read.kind, 5, "part.kind");
    made.value = given.string(read.value, "part.value");
    made.detail = given.string(read.detail, "part.detail");
    if (!given.good()) return given.error();
    if (request->request.messages.empty()) {
      given.refuse("request", "has no message yet that the part could belong to");
      return given.error();
    }
    request->request.messages.back().parts.push_back(std::move(made));
    return TALLY_OK;
  });
}

int32_t tally_chat_request_push_reply(tally_chat_request* request,
                                      const tally_completion* completion, tally_error* error) {
  return push(request, error, [&](Arguments& given) {
    given.handle(completion, "completion");
    Message message;
    if (!given.good()) return message;
    const auto& reply = completion->completion.reply;
    if (!reply) {
      given.refuse("completion", "has no reply: its call failed");
    } else {
      message = reply->message;
    }
    return message;
  });
}

int32_t tally_chat_request_push_tool_result(tally_chat_request* request, const char* tool_call_id,
                                            uint64_t tool_call_id_size, const char* text,
                                            uint64_t size, tally_error* error) {
  return push(request, error, [&](Arguments& given) {
    const auto id = given.text(tool_call_id, tool_call_id_size, "tool_call_id");
    return tally::tool_result(std::string(id), std::string(given.text(text, size, "text")));
  });
}

int32_t tally_chat_request_clear_messages(tally_chat_request* request, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(request, "request");
    if (!given.good()) return given.error();
    request->request.messages.clear();
    return TALLY_OK;
  });
}

int32_t tally_chat_request_push_stop(tally_chat_request* request, const char* text, uint64_t size,
                                     tally_error* error) {
  return push(request, error,
              [&](Arguments& given) { return std::string(given.text(text, size, "text")); });
}

int32_t tally_chat_request_push_tool(tally_chat_request* request, const tally_tool* tool,
                                     tally_error* error) {
  return push(request, error, [&](Arguments& given) {
    const tally_tool read = given.in(tool, "tool");
    tally::Tool made;
    made.name = given.string(read.name, "tool.name");
    made.description = given.string(read.description, "tool.description");
    if (read.parameters.size > 0)
      made.parameters = given.string(read.parameters, "tool.parameters");
    made.strict = read.strict != 0;
    return made;
  });
}

int32_t tally_chat_request_push_server_tool(tally_chat_request* request, const char* type,
                                            uint64_t type_size, const char* options,
                                            uint64_t options_size, tally_error* error) {
  return push(request, error, [&](Arguments& given) {
    tally::ServerTool made;
    made.type = given.text(type, type_size, "type");
    made.options = given.text(options, options_size, "options");
    return made;
  });
}

int32_t tally_validated_arguments(const tally_tool_call* call, tally_string** out,
                                  tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    const tally::ToolCall read = tally::tool_call_of(call, given);
    if (!given.good()) return given.error();
    auto arguments = tally::validated_arguments(read);
    if (!arguments) return std::move(arguments).error();
    *out = tally::new_string(*std::move(arguments)).release();
    return TALLY_OK;
  });
}

}  // extern "C"
