// SPDX-License-Identifier: MIT
// Prints requests in OpenAI's dialect as constants of TypeScript: every field that OpenAI has too,
// in each of its forms. What is DeepSeek's alone (thinking, user_id, prefix, ...) is left out.
#include <cstdio>
#include <string>
#include <vector>

#include "wire/request_json.hpp"

namespace {

using tally::ChatRequest;

ChatRequest small() {
  ChatRequest request;
  request.model = "gpt-5";
  request.messages = {tally::system("Be brief."), tally::user("Hi")};
  return request;
}

ChatRequest with_sampling() {
  ChatRequest request = small();
  request.messages[1].name = "ann";
  request.max_tokens = 100;
  request.temperature = 0.7;
  request.top_p = 0.9;
  request.presence_penalty = -0.5;
  request.frequency_penalty = 0.5;
  request.seed = 7;
  request.stop = {"END", "\n"};
  request.logprobs = true;
  request.top_logprobs = 5;
  request.n = 2;
  request.logit_bias = R"({"50256": -100})";
  request.service_tier = "flex";
  request.user = "u-1";
  return request;
}

ChatRequest with_tools(std::string choice) {
  ChatRequest request = small();
  tally::Tool now;
  now.name = "now";
  tally::Tool look_up = now;
  look_up.name = "look_up";
  look_up.description = "Looks up";
  look_up.parameters =
      R"({"type":"object","properties":{"key":{"type":"string"}},"required":["key"]})";
  look_up.strict = true;
  request.tools = {now, look_up};
  request.tool_choice = std::move(choice);
  request.parallel_tool_calls = false;
  return request;
}

/// An answer of another server's, whose thinking OpenAI does not know, and the results of its
/// calls.
ChatRequest with_results() {
  ChatRequest request = with_tools("auto");
  tally::Message answer = tally::assistant("");
  answer.reasoning_content = "Hm.";
  answer.tool_calls = {{"call_1", "now", "{}"}, {"call_2", "look_up", R"({"key":"a"})"}};
  request.messages.push_back(answer);
  request.messages.push_back(tally::tool_result("call_1", "noon"));
  request.messages.push_back(tally::tool_result("call_2", "1"));
  request.messages.push_back(tally::assistant("It is noon."));
  request.messages.push_back(tally::user("Thanks"));
  return request;
}

ChatRequest with_parts() {
  ChatRequest request = small();
  request.messages.push_back(tally::user(
      "See:",
      {tally::image("https://a.example/x.png"), tally::image("data:image/png;base64,AAAA", "low"),
       tally::file("file-1"), tally::audio("UklG", "wav"), tally::text_part("and this")}));
  return request;
}

std::vector<ChatRequest> requests() {
  std::vector<ChatRequest> all = {small(), with_sampling(), with_results(), with_parts()};
  for (const auto choice : {"", "none", "auto", "required", "look_up"}) {
    all.push_back(with_tools(choice));
  }
  using tally::ReasoningEffort;
  for (const auto effort : {ReasoningEffort::minimal, ReasoningEffort::low, ReasoningEffort::medium,
                            ReasoningEffort::high, ReasoningEffort::xhigh}) {
    all.push_back(small());
    all.back().reasoning_effort = effort;
  }
  all.push_back(small());
  all.back().response_format = tally::ResponseFormat::json_object;
  all.push_back(small());
  all.back().json_schema = tally::JsonSchema{"city", R"({"type":"object"})", true};
  all.push_back(small());
  all.back().extra = R"({"store":true,"metadata":{"a":"b"}})";
  return all;
}

}  // namespace

int main() {
  std::puts("import type { ChatCompletionCreateParams as Request } from 'openai/resources/chat';");
  int number = 0;
  for (const ChatRequest& request : requests()) {
    for (const bool stream : {false, true}) {
      const auto json = tally::write_request(request, stream, 4096, tally::RequestDialect::openai);
      if (!json) return std::puts(json.error().message.c_str()), 1;
      std::printf("export const r%d: Request = %s;\n", ++number, json->c_str());
    }
  }
  return 0;
}
