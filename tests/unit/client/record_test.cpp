// SPDX-License-Identifier: MIT
#include "tally/record.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "recorded_calls.hpp"

using fake::count;
using fake::played;
using fake::record;
using fake::replaying;
using fake::replaying_in;
using tally::BillState;
using tally::ErrorKind;
using tally::TransferResult;

TEST_CASE("record: a recorded stream replays on any day with its pieces, its usage and its cost") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const auto lines = record(world);
  const std::string recorded = played(world.open());
  CHECK(recorded ==
        "The Danube|, the Nile|18 in (0 cached) + 9 out = $0.0000081  deepseek-flash off-peak, "
        "settled");
  CHECK(count(*lines, "\n") == 1);
  CHECK(played(replaying(*lines)) == recorded);
}

TEST_CASE("record: no key is kept, wherever it stands and however pieces cut it, and no cookie") {
  fake::World world;
  world.options.headers = {{"X-Own", "own-secret"}};
  world.network->scripts = {
      {fake::connect(),
       fake::head(401, "Set-Cookie: c=chocolate\nx-api-key: hidden\nx-echo: sk-canary\n"),
       fake::body(R"({"error":{"message":"bad sk-ca)"), fake::body(R"(nary, sk-canary, sk-)"),
       fake::body("canary\"}}"), fake::end()}};
  const auto lines = record(world);
  tally::ChatRequest request = fake::question();
  request.messages = {tally::user("My key is sk-canary.")};
  CHECK_FALSE(world.open().chat(request).reply);
  for (const char* secret : {"sk-ca", "nary", "chocolate", "hidden", "own-secret", "Bearer"}) {
    CHECK_MESSAGE(lines->find(secret) == std::string::npos, *lines);
  }
  CHECK(lines->find("My key is [key].") != std::string::npos);
  CHECK(lines->find("bad [key], [key], [key]") != std::string::npos);

  // Another key at the same place finds it.
  const tally::Client client = replaying(*lines, "sk-second");
  request.messages = {tally::user("My key is sk-second.")};
  CHECK(client.chat(request).reply.error().kind == ErrorKind::authentication);
}

TEST_CASE("record: pieces may cut a character, and bytes may be anything") {
  fake::World world;
  const std::string whole = fake::text_chunk("\xe6\xb2\xb3 \xff");  // A river, and no UTF-8.
  const std::size_t cut = whole.find("\xe6") + 1;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(whole.substr(0, cut)),
                             fake::body(whole.substr(cut)),
                             fake::body(fake::finish_chunk() + fake::done), fake::end()}};
  const auto lines = record(world);
  const std::string recorded = played(world.open());
  CHECK(recorded.find("\xe6\xb2\xb3 \xef\xbf\xbd|") == 0);
  CHECK(lines->find("body_bytes") != std::string::npos);
  CHECK(played(replaying(*lines)) == recorded);
}

TEST_CASE("record: a paused reader gets each piece once") {
  fake::World world;
  world.options.limits.queued_deltas = 1;
  world.network->scripts = {fake::whole_answer()};
  const auto lines = record(world);
  CHECK(played(world.open()).find("The Danube|, the Nile|18 in") == 0);
  CHECK(count(*lines, "the Nile") == 1);
  const auto replay = tally::read_recording(*lines);
  world.options.transport = replay->transport;
  world.options.clock = replay->clock;
  CHECK(played(world.open()).find("The Danube|, the Nile|18 in") == 0);
}

TEST_CASE("record: a short key garbles nothing, and is not kept where a header holds it") {
  for (const char* key : {"a", "key", "sk-x", "content"}) {
    CAPTURE(key);
    fake::World world;
    world.options.api_key = key;
    world.network->scripts = {
        fake::whole_answer(),
        {fake::connect(),
         fake::head(401,
                    "x-echo: Bearer " + std::string(key) + "\nx-served-by: a key, a content\n"),
         fake::body(R"({"error":{"message":"a key has content"}})"), fake::end()}};
    const auto lines = record(world);
    tally::ChatRequest request = fake::question();
    request.messages = {tally::user("What is a key?")};
    const tally::Client client = world.open();
    const std::string recorded = played(client, request);
    CHECK(recorded.find("The Danube|, the Nile|") == 0);
    const auto refused = client.chat(request).reply.error();
    CHECK(lines->find("a key has content") != std::string::npos);
    CHECK(lines->find("What is a key?") != std::string::npos);
    CHECK(lines->find("a key, a content") != std::string::npos);
    CHECK(lines->find("Bearer") == std::string::npos);
    CHECK(lines->find(R"(["x-echo","[key]"])") != std::string::npos);

    for (const char* later : {key, "b", "sk-a-real-one"}) {
      const tally::Client again = replaying(*lines, later);
      CHECK(played(again, request) == recorded);
      CHECK(again.chat(request).reply.error().kind == refused.kind);
    }
  }
}

TEST_CASE("record: secrets of every header are kept nowhere, escaped or not") {
  const tally::HttpHeaders headers = {{"Helicone-Auth", "Bearer sk-helicone/1"},
                                      {"x-goog-api-key", "AIza-canary-2"},
                                      {"X-API-Key", "x-canary-3"},
                                      {"Proxy-Authorization", "Basic dXNlcjpjYW5hcnk0"},
                                      {"Cookie", "theme=dark; sid=canary-5-5"},
                                      {"X-Session", "canary-6-6"},
                                      {"x-amz-security-token", "canary+7/7=="},
                                      {"CF-Access-Client-Secret", "canary-8-8"}};
  const std::string echoes =
      R"(sk-helicone\/1 sk-helicone\u002f1 AIza-canary-2 x-canary-3 dXNlcjpjYW5hcnk0 canary-5-5 )"
      R"(canary-6-6 canary+7\/7== canary\u002B7\u002f7\u003d\u003D canary-8-8 sk-canary)";
  fake::World world;
  world.options.headers = headers;
  world.network->scripts = {
      {fake::connect(),
       fake::head(
           400,
           "Set-Cookie: sid=chocolate\nX-New-Session: vanilla-9\nx-ratelimit-remaining-tokens: "
           "7\nx-served-by: for x-canary-3\nHelicone-Auth: raspberry\n"),
       fake::body(R"({"error":{"message":")" + echoes), fake::body("\"}}"), fake::end()}};
  const auto lines = record(world);
  tally::ChatRequest request = fake::question();
  request.messages = {tally::user("sk-helicone/1 and canary+7/7==")};
  CHECK_FALSE(world.open().chat(request).reply);
  for (const char* secret : {"canary", "helicone", "AIza", "dXNl", "chocolate", "vanilla",
                             "raspberry", "Bearer", "Basic"}) {
    CHECK_MESSAGE(lines->find(secret) == std::string::npos, *lines);
  }
  CHECK(lines->find(R"(["x-ratelimit-remaining-tokens","7"])") != std::string::npos);
  CHECK(lines->find(R"(["x-served-by","for [key]"])") != std::string::npos);
  CHECK(lines->find("[key] and [key]") != std::string::npos);

  CHECK(replaying_in(world, *lines).chat(request).reply.error().kind == ErrorKind::invalid_request);
}

TEST_CASE("record: the key of a call is kept nowhere, whoever repeats it") {
  const std::string key = "sk-canary-5f1d/c0ffee+==";
  fake::World world;
  world.options.api_key = key;
  world.options.headers = {{"X-Trace", "for " + key}, {"X-Other-Key", key}};
  world.network->scripts = {
      {fake::connect(),
       fake::head(200, "content-type: text/event-stream\nx-request-id: " + key +
                           "\nx-api-key: " + key + "\nserver: a\n"),
       fake::body(": " + key + "\n\n"), fake::body(fake::text_chunk("You sent " + key)),
       fake::body(fake::text_chunk(R"(sk-canary-5f1d\/c0ffee\u002b\u003d=)")),
       fake::body("data: {\"error\":{\"message\":\"" + key.substr(0, 9)),
       fake::body(key.substr(9) + "\"}}\n\n"), fake::end(TransferResult::receive_failed)}};
  const auto lines = record(world);
  tally::ChatRequest request = fake::question();
  request.messages = {tally::system("The key: " + key), tally::user(key)};
  request.extra = R"({"metadata":{"k":"sk-canary-5f1d\/c0ffee\u002B\u003d="}})";
  const std::string recorded = played(world.open(), request);
  CHECK(recorded.find("You sent " + key) == 0);  // The caller has what the server sent.
  for (const char* part : {"canary", "c0ffee", "5f1d"}) {
    CHECK_MESSAGE(lines->find(part) == std::string::npos, *lines);
  }
  CHECK(played(replaying_in(world, *lines), request).find("You sent [key]|") == 0);
}
