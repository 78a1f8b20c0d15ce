// SPDX-License-Identifier: MIT
#include "tally/conversation.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fake_network.hpp"

using tally::Role;

namespace {

/// "question 3" and its answer, and so on.
void say(tally::Conversation& talk, int first, int last) {
  for (int i = first; i <= last; ++i) {
    talk.push_back(tally::user("question " + std::to_string(i)));
    talk.push_back(tally::assistant("answer " + std::to_string(i)));
  }
}

}  // namespace

TEST_CASE("conversation: the next request has every message, the system prompt first") {
  tally::Conversation talk("You are a blacksmith.");
  say(talk, 1, 2);
  const tally::ChatRequest request = talk.request(fake::question());
  CHECK(request.model == "deepseek-flash");
  REQUIRE(request.messages.size() == 5);
  CHECK(request.messages[0].role == Role::system);
  CHECK(request.messages[0].content == "You are a blacksmith.");
  CHECK(request.messages[4].content == "answer 2");
}

TEST_CASE("conversation: an answer is kept with its thinking, an empty one too, and is paid for") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200),
       fake::body(fake::chunk(
           R"({"role":"assistant","content":null,"reasoning_content":"","tool_calls":[{"index":0,)"
           R"("id":"call_00_a","type":"function","function":{"name":"f","arguments":"{}"}}]})")),
       fake::body(fake::chunk(R"({"content":""})", R"("tool_calls")", fake::usage_18_9)),
       fake::body(fake::done), fake::end()},
      {fake::connect(), fake::head(500), fake::body(R"({"error":{"message":"no"}})"), fake::end()}};
  const tally::Client client = world.open();
  tally::Conversation talk;
  talk.push_back(tally::user("hello"));
  talk.push_back(
      client.chat(talk.request(fake::question()), [](const auto&) { return tally::Flow::keep; }));
  REQUIRE(talk.messages().size() == 2);
  REQUIRE(talk.messages()[1].reasoning_content);
  CHECK(talk.messages()[1].reasoning_content->empty());
  CHECK(talk.messages()[1].tool_calls.size() == 1);
  REQUIRE(talk.cost().total);
  CHECK(to_string(*talk.cost().total) == "$0.0000081");

  talk.push_back(client.chat(talk.request(fake::question())));  // Fails, and is free.
  CHECK(talk.messages().size() == 2);
  CHECK(talk.calls() == 2);
  CHECK(to_string(*talk.cost().total) == "$0.0000081");
}

TEST_CASE("conversation: beyond its turns whole turns are left out, half of them at once") {
  tally::ConversationBounds bounds;
  bounds.most_turns = 4;
  tally::Conversation talk("Be brief.", bounds);
  say(talk, 1, 4);
  CHECK(talk.messages().size() == 9);
  say(talk, 5, 5);  // The fifth question leaves out three, so that two are left.
  REQUIRE(talk.messages().size() == 5);
  CHECK(talk.messages()[0].content == "Be brief.");
  CHECK(talk.messages()[1].content == "question 4");
  CHECK(talk.turns_left_out() == 3);
  say(talk, 6, 7);  // Nothing moves until the bound is passed again: the cache stays warm.
  CHECK(talk.messages()[1].content == "question 4");
}

TEST_CASE("conversation: a bound on tokens leaves the newest turn, however long it is") {
  tally::ConversationBounds bounds;
  bounds.most_tokens = 10;
  tally::Conversation talk("Be brief.", bounds);
  say(talk, 1, 3);
  talk.push_back(tally::user(std::string(4000, 'x')));
  REQUIRE(talk.messages().size() == 2);
  CHECK(talk.messages()[1].content.size() == 4000);
  CHECK(talk.estimated_tokens() > 900);  // 4,000 letters at 0.237.
}

TEST_CASE("conversation: results of tools stay with the turn that asked for them") {
  tally::ConversationBounds bounds;
  bounds.most_turns = 1;
  tally::Conversation talk("", bounds);
  talk.push_back(tally::user("weather?"));
  tally::Message asks = tally::assistant("");
  asks.tool_calls = {{"call_1", "weather", "{}"}};
  talk.push_back(asks);
  talk.push_back(tally::tool_result("call_1", "sun"));
  CHECK(talk.messages().size() == 3);
  talk.push_back(tally::user("thanks"));
  REQUIRE(talk.messages().size() == 1);
  CHECK(talk.messages()[0].content == "thanks");
}

TEST_CASE("conversation: what only the server can read goes back to it unread") {
  fake::World world;
  world.options.base_url = "https://openrouter.ai/api/v1";
  const std::string signed_thought =
      R"([{"type":"reasoning.encrypted","data":"c2VjcmV0","format":"google-gemini-v1","index":0}])";
  world.network->scripts = {
      {fake::connect(), fake::head(200),
       fake::body(fake::chunk(R"({"content":"Hm.","reasoning_details":)" + signed_thought + "}")),
       fake::body(fake::finish_chunk()), fake::end()},
      fake::whole_answer()};
  const tally::Client client = world.open();
  tally::Conversation talk;
  talk.push_back(tally::user("Think."));
  talk.push_back(client.stream(talk.request(fake::question())).finish());
  talk.push_back(tally::user("Go on."));
  talk.push_back(client.chat(talk.request(fake::question())));
  REQUIRE(world.network->requests.size() == 2);
  CHECK(world.network->requests[1].body->find(
            R"({"role":"assistant","content":"Hm.","reasoning_details":)" + signed_thought + "}") !=
        std::string::npos);
}
