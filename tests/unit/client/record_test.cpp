// SPDX-License-Identifier: MIT
#include "tally/record.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fake_network.hpp"

using tally::BillState;
using tally::ErrorKind;
using tally::TransferResult;

namespace {

/// Everything that `world`'s clients do from now on, as lines.
std::shared_ptr<std::string> record(fake::World& world) {
  auto lines = std::make_shared<std::string>();
  world.options.transport = tally::recording_transport(
      world.options.transport, [lines](std::string_view line) { lines->append(line).append("\n"); },
      world.network->clock);
  return lines;
}

tally::Client replaying(std::string_view lines, std::string key = "another-key") {
  const auto replay = tally::read_recording(lines);
  REQUIRE_MESSAGE(replay, replay.error().message);
  tally::ClientOptions options;
  options.api_key = std::move(key);
  options.transport = replay->transport;
  options.clock = replay->clock;
  options.retries.most = 0;
  return *tally::Client::open(options);
}

/// The deltas' texts with bars between them, and then the receipt.
std::string played(const tally::Client& client, tally::ChatRequest request = fake::question()) {
  std::string text;
  const auto completion = client.chat(request, [&](const tally::Delta& delta) {
    text.append(delta.text).append("|");
    return tally::Flow::keep;
  });
  text += to_string(completion.receipt);
  if (!completion.reply) text += " " + std::string(to_string(completion.reply.error().kind));
  return text;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++times;
  return times;
}

}  // namespace

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

TEST_CASE("record: the tariff is that of the recorded instants") {
  fake::World world("2026-11-18T02:00:00Z");  // Peak.
  world.network->scripts = {fake::whole_answer()};
  const auto lines = record(world);
  CHECK(played(world.open()).find("$0.0000162  deepseek-flash peak") != std::string::npos);
  CHECK(played(replaying(*lines)).find("$0.0000162  deepseek-flash peak") != std::string::npos);
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
  const tally::Client client = replaying(*lines, "sk-2");
  request.messages = {tally::user("My key is sk-2.")};
  CHECK(client.chat(request).reply.error().kind == ErrorKind::authentication);
}

TEST_CASE("record: equal requests are answered in order, each once, and others not at all") {
  fake::World world;
  const auto answer = [](std::string_view text) {
    return fake::Script{fake::connect(), fake::head(200), fake::body(fake::text_chunk(text)),
                        fake::body(fake::finish_chunk() + fake::done), fake::end()};
  };
  world.network->scripts = {answer("first"), answer("second")};
  const auto lines = record(world);
  const tally::Client client = world.open();
  (void)played(client);
  (void)played(client);

  const tally::Client again = replaying(*lines);
  tally::ChatRequest other = fake::question();
  other.max_tokens = 7;
  const auto unknown = again.stream(other).finish();
  REQUIRE_FALSE(unknown.reply);
  CHECK(unknown.reply.error().kind == ErrorKind::invalid_argument);
  CHECK(unknown.reply.error().message.find(
            "the recording holds no POST /chat/completions with this body") != std::string::npos);
  CHECK(unknown.receipt.state == BillState::not_billed);

  CHECK(played(again).find("first|") == 0);
  CHECK(played(again).find("second|") == 0);
  CHECK(again.stream(fake::question()).finish().reply.error().message.find("2 times") !=
        std::string::npos);
  CHECK(again.models().error().message.find("no GET /models") != std::string::npos);
}

TEST_CASE("record: a broken answer, no connection, and a retry replay as they were") {
  fake::World world;
  world.options.retries.most = 1;
  world.network->scripts = {
      {fake::end(TransferResult::connect_failed, false)},
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Danube")),
       fake::end(TransferResult::receive_failed)}};
  const auto lines = record(world);
  const std::string recorded = played(world.open());
  CHECK(recorded.find("The Danube|") == 0);
  CHECK(recorded.find("connection") != std::string::npos);

  const auto replay = tally::read_recording(*lines);
  REQUIRE(replay);
  world.options.transport = replay->transport;
  world.options.clock = replay->clock;
  CHECK(played(world.open()) == recorded);
}

TEST_CASE("record: a call that was cancelled is kept as far as it came") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("a")),
                             fake::body(fake::text_chunk("b"))}};
  const auto lines = record(world);
  const auto stop_at_once = [](const tally::Delta&) { return tally::Flow::stop; };
  CHECK(world.open().chat(fake::question(), stop_at_once).reply.error().kind ==
        ErrorKind::cancelled);
  CHECK(lines->find("\"result\":\"cancelled\"") != std::string::npos);
  CHECK(replaying(*lines).chat(fake::question(), stop_at_once).reply.error().kind ==
        ErrorKind::cancelled);
  CHECK(replaying(*lines).stream(fake::question()).finish().reply.error().kind ==
        ErrorKind::connection);
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

TEST_CASE("record: started calls replay too") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const auto lines = record(world);
  (void)played(world.open());
  const tally::Client client = replaying(*lines);
  const tally::CallId call = client.chat_start(fake::question());
  std::string text;
  tally::Event event;
  for (int i = 0; i < 100 && !event.completion; ++i) {
    REQUIRE(client.poll());
    while (client.next_event(event)) {
      CHECK(event.call == call);
      if (!event.completion) text += event.delta.text;
    }
  }
  REQUIRE(event.completion);
  CHECK(text == "The Danube, the Nile");
}

TEST_CASE("record: a line that is none is named") {
  const auto message = [](std::string_view lines) {
    const auto replay = tally::read_recording(lines);
    REQUIRE_FALSE(replay);
    CHECK(replay.error().kind == ErrorKind::invalid_argument);
    return replay.error().message;
  };
  const std::string times = R"("started":"2026-11-18T05:00:00Z","ended":"2026-11-18T05:00:01Z")";
  const std::string good = R"({"method":"GET","path":"/models",)" + times + "}\n";
  CHECK(tally::read_recording(good));
  CHECK(message("") == "a recording without any exchange");
  CHECK(message(good + "\n{").find("line 3: ") == 0);
  CHECK(message("[]").find("method or path") != std::string::npos);
  CHECK(message(R"({"method":"GET","path":"/"})").find("started") != std::string::npos);
  CHECK(message(R"({"method":"GET","path":"/","started":"x","ended":"y"})").find("no instant") !=
        std::string::npos);
  CHECK(message(R"({"method":"GET","path":"/",)" + times + R"(,"result":"fine"})")
            .find("\"fine\" is unknown") != std::string::npos);
  CHECK(message(R"({"method":"GET","path":"/",)" + times + R"(,"body":"ab","pieces":[3]})")
            .find("pieces") != std::string::npos);
  CHECK(message(R"({"method":"GET","path":"/",)" + times + R"(,"pieces":[-1]})").find("pieces") !=
        std::string::npos);
  CHECK(
      message(R"({"method":"GET","path":"/",)" + times + R"(,"headers":[["a"]]})").find("header") !=
      std::string::npos);
}
