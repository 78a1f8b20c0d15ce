// SPDX-License-Identifier: MIT
#include "wire/request_json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <utility>

using tally::ChatRequest;
using tally::ErrorKind;
using tally::Message;
using tally::ResponseFormat;
using tally::Role;
using tally::Thinking;
using tally::Tool;
using tally::write_request;

namespace {

Message message(Role role, std::string content) {
  Message made;
  made.role = role;
  made.content = std::move(content);
  return made;
}

ChatRequest small() {
  ChatRequest request;
  request.model = "m";
  request.messages = {message(Role::user, "Hi")};
  return request;
}

std::string written(const ChatRequest& request, bool stream = false) {
  auto json = write_request(request, stream);
  REQUIRE_MESSAGE(json.has_value(), json.error().message);
  return *json;
}

/// What follows `{"model":"m","messages":[{"role":"user","content":"Hi"}]`, without the last brace.
std::string rest(const ChatRequest& request, bool stream = false) {
  const std::string json = written(request, stream);
  const std::string head = R"({"model":"m","messages":[{"role":"user","content":"Hi"}])";
  REQUIRE(json.substr(0, head.size()) == head);
  REQUIRE(json.back() == '}');
  return json.substr(head.size(), json.size() - head.size() - 1);
}

std::string refusal(const ChatRequest& request, bool stream = false) {
  const auto json = write_request(request, stream);
  REQUIRE_FALSE(json.has_value());
  CHECK(json.error().kind == ErrorKind::invalid_argument);
  CHECK_FALSE(json.error().charge_possible);
  return json.error().message;
}

}  // namespace

TEST_CASE("request: what was not set is not sent") {
  CHECK(written(small()) == R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})");
}

TEST_CASE("request: a stream always asks for its usage") {
  CHECK(rest(small(), true) == R"(,"stream":true,"stream_options":{"include_usage":true})");
}

TEST_CASE("request: extra cannot drop the usage from a stream, but may add options") {
  ChatRequest request = small();
  request.extra = R"({"stream_options":{"include_obfuscation":false,"include_usage":false}})";
  CHECK(rest(request, true) ==
        R"(,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false})");
  request.extra = R"({"stream_options":null})";
  CHECK(rest(request, true) == R"(,"stream":true,"stream_options":{"include_usage":true})");
}

TEST_CASE("request: every option stands under the API's name") {
  ChatRequest request = small();
  request.thinking = Thinking::disabled;
  request.reasoning_effort = tally::ReasoningEffort::maximum;
  request.max_tokens = 9000000000;
  request.temperature = 0.7;
  request.top_p = 1.0;
  request.presence_penalty = -0.1;
  request.frequency_penalty = 1e-7;
  request.seed = -5;
  request.stop = {"\n\n", "END"};
  request.response_format = ResponseFormat::json_object;
  request.logprobs = true;
  request.top_logprobs = 20;
  request.user_id = "p-117";
  CHECK(
      rest(request) ==
      R"(,"thinking":{"type":"disabled"},"reasoning_effort":"max","max_tokens":9000000000)"
      R"(,"temperature":0.7,"top_p":1,"presence_penalty":-0.1,"frequency_penalty":1e-07,"seed":-5)"
      R"(,"stop":["\n\n","END"],"response_format":{"type":"json_object"},"logprobs":true)"
      R"(,"top_logprobs":20,"user_id":"p-117")");
  request = small();
  request.thinking = Thinking::enabled;
  request.reasoning_effort = tally::ReasoningEffort::low;
  request.logprobs = false;
  CHECK(rest(request) ==
        R"(,"thinking":{"type":"enabled"},"reasoning_effort":"low","logprobs":false)");
}

TEST_CASE("request: a conversation with tools keeps ids, arguments and even empty reasoning") {
  ChatRequest request;
  request.model = "m";
  Message call = message(Role::assistant, "");
  call.reasoning_content = "";
  call.tool_calls = {{"call_1", "weather", R"({"city":"Köln"})"}, {"call_2", "now", ""}};
  Message result = message(Role::tool, "rain");
  result.tool_call_id = "call_1";
  request.messages = {message(Role::system, "Be brief."), call, result};
  CHECK(
      written(request) ==
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},)"
      R"({"role":"assistant","content":null,"reasoning_content":"","tool_calls":[)"
      R"({"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},)"
      R"({"id":"call_2","type":"function","function":{"name":"now","arguments":""}}]},)"
      R"({"role":"tool","content":"rain","tool_call_id":"call_1"}]})");
}

TEST_CASE("request: a message keeps its name, its reasoning and its prefix mark") {
  ChatRequest request;
  request.model = "m";
  Message named = message(Role::user, "Hi");
  named.name = "Ann";
  Message begun = message(Role::assistant, "");
  begun.reasoning_content = "thought";
  begun.prefix = true;
  request.messages = {named, begun};
  CHECK(written(request) ==
        R"({"model":"m","messages":[{"role":"user","content":"Hi","name":"Ann"},)"
        R"({"role":"assistant","content":"","reasoning_content":"thought","prefix":true}]})");
}

TEST_CASE("request: a tool's schema goes out byte for byte") {
  ChatRequest request = small();
  Tool tool;
  tool.name = "roll";
  tool.description = "Rolls \"dice\".";
  tool.parameters = "{ \"z\": 1.50, \"a\": 18446744073709551616 }";
  tool.strict = true;
  Tool plain;
  plain.name = "now";
  request.tools = {tool, plain};
  request.tool_choice = "required";
  CHECK(
      rest(request) ==
      R"(,"tools":[{"type":"function","function":{"name":"roll","description":"Rolls \"dice\".",)"
      R"("parameters":{ "z": 1.50, "a": 18446744073709551616 },"strict":true}},)"
      R"({"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}])"
      R"(,"tool_choice":"required")");
}

TEST_CASE("request: a tool choice is a word of the API or the name of a function") {
  ChatRequest request = small();
  request.tool_choice = "none";
  CHECK(rest(request) == R"(,"tool_choice":"none")");
  request.tool_choice = "auto";
  CHECK(rest(request) == R"(,"tool_choice":"auto")");
  request.tool_choice = "roll";
  CHECK(rest(request) == R"(,"tool_choice":{"type":"function","function":{"name":"roll"}})");
}

TEST_CASE("request: extra is merged last, replaces what is there, and keeps its bytes") {
  ChatRequest request = small();
  request.temperature = 0.7;
  request.seed = 1;
  request.extra = "{ \"temperature\": 0.50, \"safety_check\": {\"level\": \"low\"} }";
  CHECK(rest(request) == R"(,"seed":1,"temperature":0.50,"safety_check":{"level": "low"})");
}

TEST_CASE("request: messages with pictures may come from extra alone") {
  ChatRequest request;
  request.model = "m";
  request.extra = R"({"messages":[{"role":"user","content":[]}]})";
  CHECK(written(request) == R"({"model":"m","messages":[{"role":"user","content":[]}]})");
}

TEST_CASE("request: text that is not UTF-8 is sent with U+FFFD in its place") {
  ChatRequest request = small();
  request.messages[0].content = "a\xFF";
  request.extra = "{\"x\":\"\xFE\",\"y\":2}";
  CHECK(written(request) ==
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\xEF\xBF\xBD\"}],"
        "\"x\":\"\xEF\xBF\xBD\",\"y\":2}");
}

TEST_CASE("request: what no server can read is refused, and the field is named") {
  ChatRequest request = small();
  request.model.clear();
  CHECK(refusal(request) == "model is empty: name the model to ask");

  request = small();
  request.messages.clear();
  CHECK(refusal(request) == "messages is empty: give at least one");

  request = small();
  request.messages.push_back(message(Role::tool, "rain"));
  CHECK(refusal(request) ==
        "messages[1].tool_call_id is empty: a tool message names the call that it answers");

  request = small();
  request.max_tokens = 0;
  CHECK(refusal(request) == "max_tokens is 0: give at least 1, or leave it absent");

  request = small();
  request.tools.resize(2);
  request.tools[0].name = "a";
  CHECK(refusal(request) == "tools[1].name is empty");
  request.tools[1].name = "b";
  request.tools[1].parameters = "[]";
  CHECK(refusal(request) == "tools[1].parameters has to be a JSON object, as {\"key\": 1}");
  request.tools[1].parameters = "{";
  CHECK(refusal(request) ==
        "tools[1].parameters has to be a JSON object: not valid JSON at line 1, column 2: "
        "unexpected end of input; expected string literal");

  request = small();
  request.extra = "\"x\"";
  CHECK(refusal(request) == "extra has to be a JSON object, as {\"key\": 1}");
  request.extra = std::string(100000, '[');
  CHECK(refusal(request) ==
        "extra has to be a JSON object: JSON is nested deeper than 128 levels at line 1");
}

TEST_CASE("request: numbers that JSON cannot write are refused") {
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (auto field : {&ChatRequest::temperature, &ChatRequest::top_p,
                       &ChatRequest::presence_penalty, &ChatRequest::frequency_penalty}) {
      ChatRequest request = small();
      request.*field = value;
      CHECK(refusal(request).find(" is not finite: ") != std::string::npos);
    }
  }
}

TEST_CASE("request: extra may not turn a stream into a document, or the reverse") {
  ChatRequest request = small();
  request.extra = R"({"stream":false})";
  CHECK(refusal(request, true) ==
        "extra.stream contradicts the call: chat and stream set it themselves");
  CHECK(rest(request) == R"(,"stream":false)");
  request.extra = R"({"stream":true})";
  CHECK_FALSE(write_request(request, false).has_value());
  CHECK(rest(request, true) == R"(,"stream_options":{"include_usage":true},"stream":true)");
}
