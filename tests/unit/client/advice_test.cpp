// SPDX-License-Identifier: MIT
#include "tally/advice.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fake_network.hpp"

namespace {

constexpr const char* base = "https://api.deepseek.com";
constexpr const char* beta = "https://api.deepseek.com/beta";

/// The fields that are advised on, in order: "temperature top_p".
std::string fields(const tally::ChatRequest& request, std::string_view url = base,
                   std::string_view provider = "deepseek") {
  std::string names;
  for (const tally::Advice& advice : check_request(request, tally::provider_named(provider), url)) {
    CHECK_MESSAGE(advice.message.back() == '.', advice.message);
    names += (names.empty() ? "" : " ") + advice.field;
  }
  return names;
}

tally::ChatRequest without_thinking() {
  tally::ChatRequest request = fake::question();
  request.thinking = tally::Thinking::disabled;
  return request;
}

}  // namespace

TEST_CASE("advice: there is none for an ordinary request") {
  CHECK(fields(fake::question()) == "");
  CHECK(fields(without_thinking()) == "");
}

TEST_CASE("advice: what a thinking model ignores is named; thinking is on unless switched off") {
  tally::ChatRequest request = fake::question();
  request.temperature = 0.2;
  request.presence_penalty = 1;
  request.frequency_penalty = 1;
  CHECK(fields(request) == "temperature presence_penalty frequency_penalty");
  request.thinking = tally::Thinking::disabled;
  CHECK(fields(request) == "");
  request.thinking = tally::Thinking::server_default;
  request.extra = R"({"thinking":{"type":"disabled"}})";
  CHECK(fields(request) == "");
  request.extra.clear();
  request.model = "deepseek-chat";
  CHECK(fields(request) == "");
  CHECK(fields(request, "https://api.openai.com/v1", "openai") == "");
}

TEST_CASE("advice: top_p works from 0.95 to 1 while Flash thinks, and not at all elsewhere") {
  tally::ChatRequest request = fake::question();
  request.top_p = 0.95;
  CHECK(fields(request) == "");
  request.top_p = 0.9;
  CHECK(fields(request) == "top_p");
  request.thinking = tally::Thinking::disabled;
  CHECK(fields(request) == "top_p");
  request.top_p = 1.0;
  CHECK(fields(request) == "");
  request.model = "deepseek-v4-pro";
  request.thinking = tally::Thinking::enabled;
  CHECK(fields(request) == "top_p");
}

TEST_CASE("advice: strict tools and prefixes want the beta base") {
  tally::ChatRequest request = without_thinking();
  request.tools = {{"look_up", "", R"({"type":"object"})", true}};
  CHECK(fields(request) == "tools");
  CHECK(fields(request, beta) == "");
  request.tools.clear();
  request.messages.push_back(tally::assistant("Three rivers are"));
  request.messages.back().prefix = true;
  CHECK(fields(request) == "messages");
  CHECK(fields(request, beta) == "");
  request.messages.push_back(tally::user("Go on."));
  CHECK(fields(request, beta) == "messages");  // Not on the last one.
}

TEST_CASE("advice: a JSON answer wants the word in the prompt") {
  tally::ChatRequest request = fake::question();
  request.response_format = tally::ResponseFormat::json_object;
  CHECK(fields(request) == "response_format");
  request.messages.insert(request.messages.begin(), tally::system("Answer as Json."));
  CHECK(fields(request) == "");
}

TEST_CASE("advice: tool_choice without tools, and none with tools") {
  tally::ChatRequest request = without_thinking();
  request.tool_choice = "auto";
  CHECK(fields(request) == "tool_choice");
  request.tools = {{"look_up"}};
  CHECK(fields(request) == "");
  request.tool_choice = "none";
  CHECK(fields(request) == "tool_choice");
  CHECK(fields(request, "https://api.openai.com/v1", "openai") == "tool_choice");
}

TEST_CASE("advice: with tools every earlier answer needs its thinking, an empty one too") {
  tally::ChatRequest request = fake::question();
  request.tools = {{"look_up"}};
  request.messages.push_back(tally::assistant("Which ones?"));
  CHECK(fields(request) == "messages");
  request.messages.back().reasoning_content = "";
  CHECK(fields(request) == "");
}

TEST_CASE("advice: bounds, and what has no effect") {
  tally::ChatRequest request = fake::question();
  request.max_tokens = 100;
  CHECK(fields(request) == "max_tokens");
  request = fake::question();
  request.stop.assign(17, "x");
  request.top_logprobs = 21;
  request.user_id.assign(513, 'u');
  request.seed = 1;
  CHECK(fields(request) == "top_logprobs stop top_logprobs user_id seed");
  request = fake::question();
  request.tools.assign(129, tally::Tool{"t"});
  CHECK(fields(request) == "tools");
  request = fake::question();
  request.reasoning_effort = tally::ReasoningEffort::medium;
  CHECK(fields(request) == "reasoning_effort");
  request.reasoning_effort = tally::ReasoningEffort::ultra;
  CHECK(check_request(request, tally::provider_named("deepseek"), base)[0].message ==
        "DeepSeek takes this for max.");
  request.reasoning_effort = tally::ReasoningEffort::high;
  CHECK(fields(request) == "");
  request.thinking = tally::Thinking::disabled;
  CHECK(fields(request) == "reasoning_effort");
}

TEST_CASE("advice: what other servers have and DeepSeek has not, and what only Flash has") {
  tally::ChatRequest request = without_thinking();
  request.n = 2;
  request.logit_bias = "{}";
  request.parallel_tool_calls = true;
  request.user = "u";
  request.json_schema = tally::JsonSchema{"river"};
  CHECK(fields(request) == "n logit_bias parallel_tool_calls user json_schema");
  CHECK(fields(request, "https://api.openai.com/v1", "openai") == "");

  request = without_thinking();
  request.messages = {tally::user("Which river?", {tally::image("https://a/b.png")})};
  request.server_tools = {{"deepseek_web_search"}};
  CHECK(fields(request) == "");
  request.model = "deepseek-v4-pro";
  CHECK(fields(request) == "messages server_tools");

  request = without_thinking();
  request.response_format = tally::ResponseFormat::json_object;
  request.messages = {tally::user("", {tally::text_part("As JSON.")})};
  CHECK(fields(request) == "");
}

TEST_CASE("advice: a client checks for its own provider and base, and sends all the same") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  tally::ChatRequest request = fake::question();
  request.temperature = 0.2;
  REQUIRE(client.advise(request).size() == 1);
  CHECK(client.advise(request)[0].field == "temperature");
  CHECK(world.network->requests.empty());
  CHECK(client.stream(request).finish().reply);
}
