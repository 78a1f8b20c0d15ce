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
  request.extra = "\xEF\xBB\xBF{}";  // As some editors save it.
  CHECK(refusal(request).find("extra begins with a byte order mark") == 0);
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

TEST_CASE("request: parts stand after the text, in an array") {
  ChatRequest request;
  request.model = "m";
  request.messages = {tally::user(
      "See \"this\":",
      {tally::image("https://a.example/x.png"), tally::image("data:image/png;base64,AAAA", "low"),
       tally::file("file-1"), tally::audio("UklG", "wav"), tally::text_part("and this"),
       tally::json_part(R"({ "type":"video_url", "n":1.50 })")})};
  const std::string head =
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"See \"this\":"},)"
      R"({"type":"image_url","image_url":{"url":"https://a.example/x.png"}},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},)";
  const std::string tail =
      R"({"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}},)"
      R"({"type":"text","text":"and this"},{ "type":"video_url", "n":1.50 }]}]})";
  CHECK(written(request) == head + R"({"type":"file","file_id":"file-1"},)" + tail);
  CHECK(*write_request(request, false, std::nullopt, tally::RequestDialect::openai) ==
        head + R"({"type":"file","file":{"file_id":"file-1"}},)" + tail);
}

TEST_CASE("request: parts without a text are the whole content") {
  ChatRequest request;
  request.model = "m";
  request.messages = {tally::user("", {tally::file("f")})};
  CHECK(written(request) == R"({"model":"m","messages":[{"role":"user","content":)"
                            R"([{"type":"file","file_id":"f"}]}]})");
}

TEST_CASE("request: a part that no server can read is refused, by its place") {
  ChatRequest request = small();
  request.messages[0].parts = {tally::text_part(""), tally::image("")};
  CHECK(refusal(request) == "messages[0].parts[1].value is empty");
  request.messages[0].parts = {tally::json_part("[1]")};
  CHECK(refusal(request).find("messages[0].parts[0].value has to be a JSON object") == 0);
  request.messages[0].parts = {tally::json_part(R"({"a":1},{"b":2})")};
  CHECK(refusal(request).find("messages[0].parts[0].value has to be a JSON object") == 0);
}

TEST_CASE("request: choices, tiers and servers' own settings stand under the API's names") {
  ChatRequest request = small();
  request.user_id = "p";
  request.n = 3;
  request.parallel_tool_calls = false;
  request.logit_bias = R"({"50256": -100})";
  request.safety_check = tally::SafetyCheck::high;
  request.service_tier = "flex";
  request.user = "u-1";
  CHECK(rest(request) ==
        R"(,"user_id":"p","n":3,"parallel_tool_calls":false,"logit_bias":{"50256": -100})"
        R"(,"safety_check":{"level":"high"},"service_tier":"flex","user":"u-1")");
  request = small();
  request.parallel_tool_calls = true;
  request.safety_check = tally::SafetyCheck::low;
  CHECK(rest(request) == R"(,"parallel_tool_calls":true,"safety_check":{"level":"low"})");
  request.n = 0;
  CHECK(refusal(request) == "n is 0: give at least 1, or leave it absent");
  request = small();
  request.logit_bias = "[]";
  CHECK(refusal(request).find("logit_bias has to be a JSON object") == 0);
}

TEST_CASE("request: every effort has the API's word") {
  using tally::ReasoningEffort;
  const std::pair<ReasoningEffort, std::string> words[] = {
      {ReasoningEffort::minimal, "minimal"}, {ReasoningEffort::low, "low"},
      {ReasoningEffort::medium, "medium"},   {ReasoningEffort::high, "high"},
      {ReasoningEffort::xhigh, "xhigh"},     {ReasoningEffort::maximum, "max"},
      {ReasoningEffort::ultra, "ultra"},
  };
  for (const auto& [effort, word] : words) {
    ChatRequest request = small();
    request.reasoning_effort = effort;
    CHECK(rest(request) == R"(,"reasoning_effort":")" + word + "\"");
  }
}

TEST_CASE("request: a schema of the answer goes out byte for byte, in the place of the format") {
  ChatRequest request = small();
  request.response_format = ResponseFormat::json_object;
  request.json_schema = {"city", R"({ "type": "object" })", true};
  CHECK(rest(request) == R"(,"response_format":{"type":"json_schema","json_schema":{"name":"city",)"
                         R"("schema":{ "type": "object" },"strict":true}})");
  request.json_schema->strict = false;
  CHECK(rest(request) == R"(,"response_format":{"type":"json_schema","json_schema":{"name":"city",)"
                         R"("schema":{ "type": "object" }}})");
  request.json_schema->schema = "true";
  CHECK(refusal(request).find("json_schema.schema has to be a JSON object") == 0);
  request.json_schema->name = "";
  CHECK(refusal(request) == "json_schema.name is empty");
}

TEST_CASE("request: server tools stand behind the functions, with their options") {
  ChatRequest request = small();
  request.server_tools = {{"deepseek_web_search"},
                          {"web_search", R"({"max_uses": 3, "user_location":{"city":"Köln"}})"}};
  const std::string own = R"({"type":"deepseek_web_search"},)"
                          R"({"type":"web_search","max_uses":3,"user_location":{"city":"Köln"}}])";
  CHECK(rest(request) == R"(,"tools":[)" + own);
  Tool now;
  now.name = "now";
  request.tools = {now};
  CHECK(rest(request) == R"(,"tools":[{"type":"function","function":{"name":"now",)"
                         R"("parameters":{"type":"object","properties":{}}}},)" +
                             own);
  request.server_tools = {{"x", "7"}};
  CHECK(refusal(request).find("server_tools[0].options has to be a JSON object") == 0);
  request.server_tools = {{"x", R"({"type":"y"})"}};
  CHECK(refusal(request) == "server_tools[0].options has a type, which is a field of its own");
  request.server_tools = {{""}};
  CHECK(refusal(request) == "server_tools[0].type is empty");
}

TEST_CASE("request: OpenAI's bound of the output has its newer name, and stands there once") {
  const auto bound = [](const ChatRequest& request, std::optional<std::int64_t> if_absent = {}) {
    const auto json = write_request(request, false, if_absent, tally::RequestDialect::openai);
    REQUIRE(json);
    return json->substr(json->find("}]") + 2);
  };
  ChatRequest request = small();
  request.max_tokens = 5;
  CHECK(bound(request) == R"(,"max_completion_tokens":5})");
  request.extra = R"({"max_tokens":7})";
  CHECK(bound(request) == R"(,"max_tokens":7})");
  request.extra = R"({"max_completion_tokens":9})";
  CHECK(bound(request) == R"(,"max_completion_tokens":9})");
  request = small();
  CHECK(bound(request, 8) == R"(,"max_completion_tokens":8})");
  request.extra = R"({"max_tokens":7})";
  CHECK(bound(request, 8) == R"(,"max_tokens":7})");
  CHECK(request_dialect(tally::provider_named("openai")) == tally::RequestDialect::openai);
  CHECK(has_new_names(request_dialect(tally::provider_named("azure"))));
  CHECK(request_dialect(tally::provider_named("deepseek")) == tally::RequestDialect::common);
}

TEST_CASE("request: an answer goes back as it came, with its reasoning") {
  ChatRequest request = small();
  Message answer = tally::assistant("Yes.");
  answer.reasoning_content = "Hm,\n\"maybe\"";
  request.messages.push_back(answer);
  CHECK(written(request) ==
        R"({"model":"m","messages":[{"role":"user","content":"Hi"},)"
        R"({"role":"assistant","content":"Yes.","reasoning_content":"Hm,\n\"maybe\""}]})");
}

TEST_CASE("request: reasoning goes back to those who take it, and to nobody who would refuse it") {
  const auto says_reasoning = [](std::string_view provider) {
    ChatRequest request = small();
    request.messages.push_back(tally::assistant("Yes."));
    request.messages[1].reasoning_content = "Hm";
    const auto json = write_request(request, false, std::nullopt,
                                    request_dialect(tally::provider_named(provider)));
    REQUIRE(json);
    return json->find("reasoning_content") != std::string::npos;
  };
  for (const std::string_view provider : {"deepseek", "moonshot", "zai", "alibaba", "openrouter",
                                          "llama.cpp", "vllm", "azure", "generic"}) {
    CAPTURE(provider);
    CHECK(says_reasoning(provider));
  }
  for (const std::string_view provider : {"groq", "mistral", "cerebras", "gemini", "openai"}) {
    CAPTURE(provider);
    CHECK_FALSE(says_reasoning(provider));
  }
}

TEST_CASE("request: what an answer brought for its server goes back byte for byte") {
  ChatRequest request = small();
  Message answer = tally::assistant("");
  answer.tool_calls = {
      {"c", "f", "{}", R"({"extra_content":{ "google":{"thought_signature":"S"} }})"}};
  answer.extra = R"({"reasoning_details":[{ "type":"reasoning.text" }]})";
  request.messages = {answer};
  CHECK(written(request) ==
        R"({"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c",)"
        R"("type":"function","function":{"name":"f","arguments":"{}"},)"
        R"("extra_content":{ "google":{"thought_signature":"S"} }}],)"
        R"("reasoning_details":[{ "type":"reasoning.text" }]}]})");
}

TEST_CASE("request: a message's extra goes over its fields, but not over what it is") {
  ChatRequest request = small();
  request.messages[0].name = "ann";
  request.messages[0].extra = R"({"name":"bob","cache_control":{"type":"ephemeral"}})";
  CHECK(written(request) == R"({"model":"m","messages":[{"role":"user","content":"Hi",)"
                            R"("name":"bob","cache_control":{"type":"ephemeral"}}]})");
  request.messages[0].extra = R"({"content":"Ho"})";
  CHECK(refusal(request) == "messages[0].extra has content, which is a field of its own");
  request.messages[0].extra = "[]";
  CHECK(refusal(request).find("messages[0].extra has to be a JSON object") == 0);
  request.messages[0].extra = "";
  request.messages[0].tool_calls = {{"c", "f", "{}", R"({"id":"d"})"}};
  CHECK(refusal(request) == "messages[0].tool_calls[0].extra has id, which is a field of its own");
}
