// SPDX-License-Identifier: MIT
#include "tally/tool_loop.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fake_network.hpp"

using tally::ErrorKind;
using tally::Result;
using tally::ToolCall;

namespace {

/// An answer that asks for these calls; 18 in, 9 out: $0.0000081.
fake::Script asks_for(const std::string& calls) {
  const std::string body =
      R"({"id":"1","model":"deepseek-flash","choices":[{"index":0,"finish_reason":"tool_calls",)"
      R"("message":{"role":"assistant","content":"","reasoning_content":"hm","tool_calls":[)" +
      calls + R"(]}}],"usage":)" + std::string(fake::usage_18_9) + "}";
  return {fake::connect(), fake::head(200), fake::body(body), fake::end()};
}

std::string call(const std::string& id, const std::string& arguments) {
  return R"({"id":")" + id + R"(","type":"function","function":{"name":"look_up","arguments":")" +
         arguments + R"("}})";
}

fake::Script answers(const std::string& text) {
  const std::string body =
      R"({"id":"2","model":"deepseek-flash","choices":[{"index":0,"finish_reason":"stop",)"
      R"("message":{"role":"assistant","content":")" +
      text + R"("}}],"usage":)" + std::string(fake::usage_18_9) + "}";
  return {fake::connect(), fake::head(200), fake::body(body), fake::end()};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("tool loop: asks, runs both tools, answers each, and asks again") {
  fake::World world;
  world.network->scripts = {
      asks_for(call("call_1", R"({\"key\":1})") + "," + call("call_2", R"({\"key\":2})")),
      answers("done")};
  std::vector<std::string> ran;
  tally::ToolLoop loop(world.open(), fake::question(),
                       tally::one_by_one([&](const ToolCall& tool) -> Result<std::string> {
                         ran.push_back(tool.id + tool.arguments);
                         return "value of " + tool.id;
                       }));
  CHECK(loop.step());
  CHECK(ran == std::vector<std::string>{R"(call_1{"key":1})", R"(call_2{"key":2})"});
  CHECK_FALSE(loop.step());
  REQUIRE(loop.last().reply);
  CHECK(loop.last().reply->text() == "done");
  const std::string& second = *world.network->requests[1].body;
  CHECK(has(second, R"("reasoning_content":"hm")"));
  CHECK(has(second, R"({"role":"tool","content":"value of call_1","tool_call_id":"call_1"})"));
  CHECK(has(second, R"("tool_call_id":"call_2")"));
  CHECK(to_string(*loop.conversation().cost().total) == "$0.0000162");
}

TEST_CASE("tool loop: a tool's error, and arguments that are no JSON, are told to the model") {
  fake::World world;
  world.network->scripts = {asks_for(call("call_1", "{}") + "," + call("call_2", R"({\"cut)")),
                            answers("sorry")};
  int ran = 0;
  tally::ToolLoop loop(world.open(), fake::question(),
                       tally::one_by_one([&](const ToolCall&) -> Result<std::string> {
                         ++ran;
                         return tally::Error{ErrorKind::server, "the weather service is down"};
                       }));
  CHECK(loop.step());
  CHECK(ran == 1);
  CHECK_FALSE(loop.step());
  const std::string& second = *world.network->requests[1].body;
  CHECK(has(second, R"("content":"error: the weather service is down","tool_call_id":"call_1")"));
  CHECK(has(second, "error: the arguments of look_up are not valid JSON"));
}

TEST_CASE("tool loop: a runner that forgets a call does not break the conversation") {
  fake::World world;
  world.network->scripts = {asks_for(call("call_1", "{}")), answers("hm")};
  tally::ToolLoop loop(world.open(), fake::question(),
                       [](const auto&) { return std::vector<Result<std::string>>(); });
  CHECK(loop.step());
  CHECK_FALSE(loop.step());
  CHECK(has(*world.network->requests[1].body, "error: the tool gave no result"));
}

namespace {

/// A tool that counts its runs.
tally::ToolRunner counted(int& ran) {
  return tally::one_by_one([&ran](const ToolCall&) -> Result<std::string> {
    ++ran;
    return "x" + std::to_string(ran);
  });
}

tally::ToolLoopOptions at_most(int steps) {
  tally::ToolLoopOptions options;
  options.most_steps = steps;
  return options;
}

}  // namespace

TEST_CASE("tool loop: a model that never stops asking is stopped, with what it said and cost") {
  fake::World world;
  for (int i = 0; i < 3; ++i) world.network->scripts.push_back(asks_for(call("c", "{}")));
  int ran = 0;
  tally::ToolLoop loop(world.open(), fake::question(), counted(ran), at_most(2));
  CHECK(loop.step());
  CHECK_FALSE(loop.step());
  CHECK_FALSE(loop.step());
  CHECK(world.network->requests.size() == 2);
  CHECK(ran == 1);  // Nobody would read what a second run brings.
  REQUIRE_FALSE(loop.last().reply);
  CHECK(loop.last().reply.error().kind == ErrorKind::limit_exceeded);
  CHECK(has(loop.last().reply.error().message, "most_steps"));
  CHECK(loop.last().reply.error().partial.message.tool_calls.size() == 1);
  CHECK(to_string(*loop.conversation().cost().total) == "$0.0000162");
}

TEST_CASE("tool loop: at its cost limit there is no further call, and no tool runs") {
  fake::World world;
  for (int i = 0; i < 3; ++i) world.network->scripts.push_back(asks_for(call("c", "{}")));
  tally::ToolLoopOptions options;
  options.most_cost = tally::Money{*tally::Decimal::parse("0.0000162"), tally::usd};
  int ran = 0;
  tally::ToolLoop loop(world.open(), fake::question(), counted(ran), options);
  CHECK(loop.step());
  CHECK_FALSE(loop.step());
  CHECK(world.network->requests.size() == 2);
  CHECK(ran == 1);
  REQUIRE_FALSE(loop.last().reply);
  CHECK(loop.last().reply.error().kind == ErrorKind::budget);
  CHECK(has(loop.last().reply.error().message, "most_cost"));
}

TEST_CASE("tool loop: a limit leaves a conversation that may be sent, each call answered") {
  fake::World world;
  world.network->scripts = {asks_for(call("call_1", "{}") + "," + call("call_2", "{}")),
                            answers("as far as I know")};
  int ran = 0;
  const tally::Client client = world.open();
  tally::ToolLoop loop(client, fake::question(), counted(ran), at_most(1));
  CHECK_FALSE(loop.step());
  tally::Conversation talk = loop.conversation();
  REQUIRE(talk.messages().size() == 4);
  CHECK(talk.messages()[1].tool_calls.size() == 2);
  CHECK(talk.messages()[2].tool_call_id == "call_1");
  CHECK(talk.messages()[3].tool_call_id == "call_2");
  CHECK(talk.messages()[3].content == "error: not run, a limit was reached before");
  talk.push_back(tally::user("Then answer without."));
  talk.push_back(client.chat(talk.request(fake::question())));
  CHECK(talk.messages().back().content == "as far as I know");
  CHECK(ran == 0);
}

TEST_CASE("tool loop: under a higher limit it goes on with the tools that were left") {
  fake::World world;
  world.network->scripts = {asks_for(call("call_1", "{}")), asks_for(call("call_2", "{}")),
                            answers("done")};
  int ran = 0;
  tally::ToolLoop loop(world.open(), fake::question(), counted(ran), at_most(1));
  CHECK_FALSE(loop.step());
  loop.go_on(at_most(1));  // No higher: nothing happens, and nothing is lost.
  CHECK_FALSE(loop.step());
  CHECK(loop.last().reply.error().partial.message.tool_calls.size() == 1);
  CHECK(ran == 0);
  loop.go_on(at_most(3));
  CHECK(loop.step());
  CHECK(ran == 2);
  CHECK_FALSE(loop.step());
  REQUIRE(loop.last().reply);
  CHECK(loop.last().reply->text() == "done");
  CHECK(has(*world.network->requests[1].body,
            R"({"role":"tool","content":"x1","tool_call_id":"call_1"})"));
  CHECK_FALSE(has(*world.network->requests[1].body, "not run"));
  REQUIRE(loop.conversation().messages().size() == 6);
  loop.go_on(at_most(9));
  CHECK_FALSE(loop.step());
  CHECK(world.network->requests.size() == 3);
  CHECK(loop.steps() == 3);
}

TEST_CASE("tool loop: after a server's error it can go on from where it stood") {
  fake::World world;
  world.network->scripts = {asks_for(call("call_1", "{}")),
                            {fake::connect(), fake::head(503),
                             fake::body(R"({"error":{"message":"busy"}})"), fake::end()},
                            answers("done")};
  int ran = 0;
  tally::ToolLoop loop(world.open(), fake::question(), counted(ran));
  CHECK(loop.step());
  CHECK_FALSE(loop.step());
  loop.go_on({});
  CHECK_FALSE(loop.step());
  REQUIRE(loop.last().reply);
  CHECK(loop.last().reply->text() == "done");
  CHECK(ran == 1);
}

TEST_CASE("tool loop: the server's error ends it, and tools are not run") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(401),
                             fake::body(R"({"error":{"message":"bad key"}})"), fake::end()}};
  bool ran = false;
  tally::ToolLoop loop(world.open(), fake::question(), [&](const auto&) {
    ran = true;
    return std::vector<Result<std::string>>();
  });
  CHECK_FALSE(loop.step());
  CHECK_FALSE(ran);
  CHECK(loop.last().reply.error().kind == ErrorKind::authentication);
}

TEST_CASE("tool loop: after its end a further step asks nobody and keeps what there was") {
  fake::World world;
  world.network->scripts = {answers("done"), answers("twice")};
  tally::ToolLoop loop(world.open(), fake::question(), nullptr);
  CHECK_FALSE(loop.step());
  CHECK_FALSE(loop.step());
  CHECK(world.network->requests.size() == 1);
  CHECK(loop.last().reply->text() == "done");
}

TEST_CASE("tool loop: a function without parameters runs, also for a call without an id") {
  fake::World world;
  world.network->scripts = {asks_for(call("", "")), answers("it is noon")};
  std::string ran_with;
  tally::ToolLoop loop(world.open(), fake::question(),
                       tally::one_by_one([&](const ToolCall& tool) -> Result<std::string> {
                         ran_with = tool.arguments;
                         return std::string("noon");
                       }));
  CHECK(loop.step());
  CHECK(ran_with == "{}");
  CHECK_FALSE(loop.step());
  CHECK(has(*world.network->requests[1].body, R"("content":"noon","tool_call_id":"call_1_0")"));
}
