// SPDX-License-Identifier: MIT
#include "wire/request_bound.hpp"

#include <doctest/doctest.h>

namespace {

tally::ChatRequest question(std::string extra = "") {
  tally::ChatRequest request;
  request.model = "m";
  request.messages = {tally::system("Be brief."), tally::user("Hello")};
  request.extra = std::move(extra);
  return request;
}

tally::RequestBound bound_with(std::string extra) { return bound_of(question(extra), 500, 8192); }

}  // namespace

TEST_CASE("request bound: bytes, messages, tools and max_tokens of an ordinary request") {
  tally::ChatRequest request = question();
  request.max_tokens = 100;
  request.tools.resize(3);
  request.thinking = tally::Thinking::disabled;
  const tally::RequestBound bound = bound_of(request, 500, 8192);
  CHECK(bound.text_bytes == 500);
  CHECK(bound.messages == 2);
  CHECK(bound.tools == 3);
  CHECK(bound.max_output == 100);
  CHECK(bound.choices == 1);
  CHECK_FALSE(bound.may_think);
  CHECK(bound.unbounded.empty());
}

TEST_CASE("request bound: what is written where nothing bounds the output is its bound") {
  CHECK(bound_of(question(), 500, 8192).max_output == 8192);
  CHECK_FALSE(bound_of(question(), 500, std::nullopt).max_output);
  CHECK(bound_with(R"({"temperature":1})").max_output == 8192);
}

TEST_CASE("request bound: extra goes over the request's own members") {
  CHECK(bound_with(R"({"max_tokens":7})").max_output == 7);
  CHECK(bound_with(R"({"max_completion_tokens":9})").max_output == 9);
  CHECK(bound_with(R"({"max_tokens":7,"max_completion_tokens":9})").max_output == 9);
  CHECK_FALSE(bound_with(R"({"max_tokens":null})").max_output);
  CHECK_FALSE(bound_with(R"({"max_tokens":-1})").max_output);
  CHECK_FALSE(bound_with(R"({"max_completion_tokens":null})").max_output);
  CHECK(bound_with(R"({"n":3})").choices == 3);
  CHECK(bound_with(R"({"n":3,"best_of":5})").choices == 5);
  CHECK(bound_with(R"({"n":"many"})").unbounded == "extra.n");
  CHECK(bound_with(R"({"service_tier":"flex"})").service_tier == "flex");
  CHECK(bound_with(R"({"messages":[{},{},{}]})").messages == 3);
}

TEST_CASE("request bound: pictures and files are counted and their bytes are not text") {
  const std::string picture = R"({"type":"image_url","image_url":{"url":"data:..."}})";
  const std::string file = R"({"type":"file","file":{}})";
  const tally::RequestBound bound = bound_with(
      R"({"messages":[{"content":[{"type":"text","text":"a"},)" + picture + "," + file + "]}]}");
  CHECK(bound.images == 1);
  CHECK(bound.files == 1);
  CHECK(bound.text_bytes == 500 - static_cast<std::int64_t>(picture.size() + file.size()));
  CHECK(bound.unbounded.empty());
}

TEST_CASE("request bound: what nobody can bound is named") {
  CHECK(bound_with(R"({"messages":[{"content":[{"type":"input_audio"}]}]})").unbounded ==
        "extra.messages, a part of type input_audio");
  CHECK(bound_with(R"({"messages":[{"content":[{"type":"input_audio"}]}]})").has_audio);
  CHECK_FALSE(bound_with(R"({"messages":[{"content":[{"type":"file"}]}]})").has_audio);
  CHECK(bound_with(R"({"plugins":[]})").unbounded == "extra.plugins");
  CHECK(bound_with(R"({"model":"another"})").unbounded == "extra.model");
  CHECK(bound_with(R"({"web_search_options":{}})").server_tools == 1);
  const auto tools = bound_with(R"({"tools":[{"type":"function"},{"type":"web_search"}]})");
  CHECK(tools.tools == 1);
  CHECK(tools.server_tools == 1);
}

TEST_CASE("request bound: an extra that is no JSON bounds nothing and harms nothing") {
  CHECK(bound_with("{").text_bytes == 500);
  CHECK(bound_with(R"({"messages":7,"tools":"x","thinking":[]})").messages == 0);
}

TEST_CASE(
    "request bound: typed pictures, files, tools of the server, choices and tier are counted") {
  tally::ChatRequest request = question();
  request.messages[1].parts = {tally::image("data:AAAA"), tally::file("f-1"),
                               tally::text_part("text"),
                               tally::json_part(R"({"type":"image_url"})")};
  request.server_tools = {{"deepseek_web_search"}, {"deepseek_read_url"}};
  request.n = 4;
  request.service_tier = "priority";
  const tally::RequestBound bound = bound_of(request, 500, 8192);
  CHECK(bound.images == 2);
  CHECK(bound.files == 1);
  CHECK(bound.text_bytes == 500 - 9 - 3 - 20);
  CHECK(bound.tools == 0);
  CHECK(bound.server_tools == 2);
  CHECK(bound.choices == 4);
  CHECK(bound.service_tier == "priority");
  CHECK(bound.unbounded.empty());
}

TEST_CASE("request bound: sounds, and parts of which nothing is known, have no bound") {
  tally::ChatRequest request = question();
  request.messages[1].parts = {tally::audio("UklG", "wav")};
  CHECK(bound_of(request, 500, 8192).unbounded == "messages, a part of type input_audio");
  CHECK(bound_of(request, 500, 8192).has_audio);
  request.messages[1].parts = {tally::json_part(R"({"type":"video_url"})")};
  CHECK(bound_of(request, 500, 8192).unbounded == "messages, a part of type video_url");
  request.extra = R"({"temperature":1})";
  CHECK(bound_of(request, 500, 8192).unbounded == "messages, a part of type video_url");
}

TEST_CASE("request bound: what is to stay in the cache for an hour is known by its ttl") {
  const auto keeps = [](const std::string& ttl) {
    return bound_with(R"({"cache_control":{"type":"ephemeral",)" + ttl + "}}").may_write_1h;
  };
  CHECK(keeps(R"("ttl":"1h")"));
  CHECK(keeps(R"("ttl" :  "1h")"));
  CHECK(keeps(R"("ttl":"5m","then":{"ttl":"1h"})"));
  CHECK_FALSE(keeps(R"("ttl":"5m")"));
  CHECK_FALSE(keeps(R"("ttl":{"type":"string"})"));
  CHECK_FALSE(bound_with(R"({"tools":["ttl"]})").may_write_1h);
}

TEST_CASE("request bound: extra takes the place of typed messages, tools and tier") {
  tally::ChatRequest request =
      question(R"({"messages":[{}],"tools":[{"type":"function"}],"service_tier":"flex"})");
  request.messages[1].parts = {tally::image("data:AAAA"), tally::audio("UklG", "wav")};
  request.server_tools = {{"deepseek_web_search"}};
  request.service_tier = "priority";
  const tally::RequestBound bound = bound_of(request, 500, 8192);
  CHECK(bound.images == 0);
  CHECK(bound.text_bytes == 500);
  CHECK(bound.unbounded.empty());
  CHECK(bound.tools == 1);
  CHECK(bound.server_tools == 0);
  CHECK(bound.service_tier == "flex");
}

TEST_CASE("request bound: a text with a hole has its bytes, its max_tokens, and no thinking") {
  tally::FimRequest request;
  request.model = "m";
  request.prompt = "def f(";
  const tally::RequestBound bound = bound_of(request, 500, 4096);
  CHECK(bound.text_bytes == 500);
  CHECK(bound.messages == 0);
  CHECK(bound.choices == 1);
  CHECK(bound.max_output == 4096);
  CHECK_FALSE(bound.may_think);
  CHECK(bound.unbounded.empty());
  request.max_tokens = 7;
  CHECK(bound_of(request, 500, 4096).max_output == 7);
  CHECK_FALSE(bound_of(tally::FimRequest{}, 500, std::nullopt).max_output);

  request.extra = R"({"max_tokens":9,"n":2,"best_of":5,"service_tier":"flex"})";
  CHECK(bound_of(request, 500, 4096).max_output == 9);
  CHECK(bound_of(request, 500, 4096).choices == 5);
  CHECK(bound_of(request, 500, 4096).service_tier == "flex");
  request.extra = R"({"prompt":["a","b"]})";
  CHECK(bound_of(request, 500, 4096).unbounded == "extra.prompt");
  request.extra = R"({"prompt":"a"})";
  CHECK(bound_of(request, 500, 4096).unbounded.empty());
  request.extra = "no JSON";
  CHECK(bound_of(request, 500, 4096).max_output == 7);
}

TEST_CASE("request bound: a text with a hole has at least some tokens on both of its sides") {
  tally::FimRequest request;
  // 14 letters x 0.237 and 4 signs x 0.6 make 5.718; six tenths of it.
  request.prompt = "int sum(int a, int b) {";
  CHECK(least_prompt_tokens(request) == 3);
  request.suffix = "}";
  CHECK(least_prompt_tokens(request) == 4);
  request.extra = "{}";
  CHECK(least_prompt_tokens(request) == 0);
}
