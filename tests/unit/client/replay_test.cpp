// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "recorded_calls.hpp"
#include "tally/record.hpp"

using fake::bill;
using fake::played;
using fake::polled;
using fake::record;
using fake::replaying;
using fake::replaying_in;
using std::chrono::milliseconds;
using tally::BillState;
using tally::ClockKind;
using tally::ErrorKind;
using tally::TransferResult;
using namespace std::chrono_literals;

namespace {

fake::Script answer(std::string_view text, milliseconds takes = 0ms) {
  return {fake::connect(), fake::head(200), fake::body(fake::text_chunk(text)),
          fake::body(fake::finish_chunk() + fake::done, takes), fake::end()};
}

tally::ChatRequest asking(std::string_view text) {
  tally::ChatRequest request = fake::question();
  request.messages = {tally::user(std::string(text))};
  return request;
}

/// How a call ended: its error, and its receipt but for its ids.
std::string outcome(const tally::Completion& completion) {
  std::string text;
  if (!completion.reply) {
    const tally::ChatError& error = completion.reply.error();
    text = std::string(to_string(error.kind)) + " " + std::string(to_string(error.clock)) +
           (error.charge_possible ? ", may be charged" : ", free");
  }
  return text + bill(completion.receipt);
}

/// Takes every write and never answers.
class SilentStore final : public tally::LedgerStore {
 public:
  void submit(std::vector<tally::LedgerWrite>) override {}
  std::vector<tally::LedgerDone> collect() override { return {}; }
  void await(std::chrono::microseconds wait) override { std::this_thread::sleep_for(wait); }
  std::string waiting_for() const override { return "nobody"; }
  tally::Result<void> each_row(const tally::LedgerFilter&,
                               const std::function<bool(const tally::LedgerRow&)>&) override {
    return {};
  }
  tally::Result<void> put_budget(const tally::Budget&) override { return {}; }
};

}  // namespace

TEST_CASE("replay: the tariff is that of the recorded instants") {
  fake::World world("2026-11-18T02:00:00Z");  // Peak.
  world.network->scripts = {fake::whole_answer()};
  const auto lines = record(world);
  CHECK(played(world.open()).find("$0.0000162  deepseek-flash peak") != std::string::npos);
  CHECK(played(replaying(*lines)).find("$0.0000162  deepseek-flash peak") != std::string::npos);
}

TEST_CASE("replay: equal requests are answered in order, each once, and others not at all") {
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

TEST_CASE("replay: a broken answer, no connection, and a retry replay as they were") {
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

TEST_CASE("replay: a call that was cancelled is kept as far as it came") {
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
}

TEST_CASE("replay: started calls replay too") {
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

TEST_CASE("replay: a line that is none is named") {
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

TEST_CASE("replay: an attempt starts when the recorded one did, whatever was replayed before it") {
  fake::World world;  // Off-peak.
  world.options.billing_instant = tally::BillingInstant::started;
  world.network->scripts = {answer("first"), answer("second", 2s)};
  const auto lines = record(world);
  const tally::Client client = world.open();
  const std::string first = bill(client.stream(asking("1")).finish().receipt);
  world.network->clock->advance(20h);  // 2026-11-19T01:00:00Z: peak.
  const std::string second = bill(client.stream(asking("2")).finish().receipt);
  CHECK(second.find("2026-11-19T01:00:00Z to 2026-11-19T01:00:02Z") != std::string::npos);
  CHECK(second.find("$0.0000162") != std::string::npos);

  const tally::Client again = replaying_in(world, *lines);
  CHECK(bill(again.stream(asking("1")).finish().receipt) == first);
  CHECK(bill(again.stream(asking("2")).finish().receipt) == second);
  const tally::Client backwards = replaying_in(world, *lines);
  CHECK(bill(backwards.stream(asking("2")).finish().receipt) == second);
  CHECK(bill(backwards.stream(asking("1")).finish().receipt) == first);
}

TEST_CASE("replay: a clock that ran out runs out again, and the bill is the same") {
  struct Case {
    ClockKind clock;
    fake::Script script;
  };
  const std::vector<Case> cases = {
      {ClockKind::connect, {}},
      {ClockKind::first_byte, {fake::connect(1s), fake::head(200), fake::body(": wait\n\n", 3s)}},
      {ClockKind::payload_idle,
       {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Danube"), 9s)}},
      {ClockKind::total,
       {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Danube"), 9s),
        fake::body(fake::text_chunk(", the Nile"), 8s), fake::body(fake::text_chunk("!"), 9s)}}};
  for (const Case& each : cases) {
    CAPTURE(to_string(each.clock));
    fake::World world;
    world.options.clocks = {10s, 20s, 15s, 25s};
    world.network->scripts = {each.script};
    const auto lines = record(world);
    const tally::Completion recorded = world.open().stream(fake::question()).finish();
    REQUIRE_FALSE(recorded.reply);
    CHECK(recorded.reply.error().clock == each.clock);

    CHECK(outcome(replaying_in(world, *lines).stream(fake::question()).finish()) ==
          outcome(recorded));
    const tally::Client client = replaying_in(world, *lines);
    client.chat_start(fake::question());
    CHECK(outcome(polled(client, 1)[0]) == outcome(recorded));
  }
}

TEST_CASE("replay: attempts that ran into a clock are made again as they were") {
  fake::World world;
  world.options.retries.most = 2;
  world.network->scripts = {{}, {}, answer("third", 3s)};
  const auto lines = record(world);
  const tally::Completion recorded = world.open().stream(fake::question()).finish();
  REQUIRE(recorded.reply);
  REQUIRE(recorded.receipt.attempts.size() == 3);
  CHECK(outcome(replaying_in(world, *lines).stream(fake::question()).finish()) ==
        outcome(recorded));

  // `poll` never waits, so that there a back-off takes its time.
  world.options.retries.first_delay = 5ms;
  const tally::Client client = replaying_in(world, *lines);
  client.chat_start(fake::question());
  CHECK(outcome(polled(client, 1)[0]) == outcome(recorded));
}

TEST_CASE("replay: a retry has the same receipt as the recorded one, ids aside") {
  fake::World world;
  world.options.retries.most = 2;
  world.network->scripts = {
      {fake::connect(10ms), fake::head(503, "retry-after: 3\nx-ds-trace-id: t-1\n", 20ms),
       fake::body(R"({"error":{"message":"busy"}})"), fake::end()},
      {fake::connect(), fake::head(200), fake::end(TransferResult::receive_failed, true, 2s)},
      answer("third", 3s)};
  const auto lines = record(world);
  const tally::Completion recorded = world.open().stream(fake::question()).finish();
  REQUIRE(recorded.receipt.attempts.size() == 3);
  CHECK(outcome(replaying_in(world, *lines).stream(fake::question()).finish()) ==
        outcome(recorded));
}

TEST_CASE("replay: an answer whose connection stayed open is whole again") {
  fake::World world;
  fake::Script script = answer("The Danube");
  script.pop_back();
  world.network->scripts = {script};
  const auto lines = record(world);
  const tally::Completion recorded = world.open().stream(fake::question()).finish();
  REQUIRE(recorded.reply);
  CHECK(outcome(replaying_in(world, *lines).stream(fake::question()).finish()) ==
        outcome(recorded));
}

TEST_CASE("replay: a call that its caller cancelled ends as cancelled, where the recording does") {
  fake::World world;
  world.options.retries.most = 2;
  world.network->scripts = {{fake::connect(), fake::head(200),
                             fake::body(fake::text_chunk("a"), 1s),
                             fake::body(fake::text_chunk("b"), 1s)}};
  const auto lines = record(world);
  const tally::Client client = world.open();
  tally::Stream stream = client.stream(fake::question());
  CHECK(stream.next()->text == "a");
  CHECK(stream.next()->text == "b");
  world.network->clock->advance(3s);
  stream.cancel();
  const std::string recorded = outcome(stream.finish());
  CHECK(recorded.find("cancelled") == 0);
  CHECK(recorded.find("05:00:00Z to 2026-11-18T05:00:05Z") != std::string::npos);

  const tally::Client again = replaying_in(world, *lines);
  std::string text;
  const auto completion = again.chat(fake::question(), [&](const tally::Delta& delta) {
    text += delta.text;
    return tally::Flow::keep;
  });
  CHECK(text == "ab");
  CHECK(outcome(completion) == recorded);
  CHECK(completion.reply.error().message ==
        "the recorded call was cancelled here, or one of its clocks ran out (line 1)");

  const tally::Client by_poll = replaying_in(world, *lines);
  by_poll.chat_start(fake::question());
  CHECK(outcome(polled(by_poll, 1)[0]) == recorded);
}

TEST_CASE("replay: a list that was given up is given up again") {
  fake::World world;
  const auto lines = record(world);
  CHECK(world.open().models(2s).error().kind == ErrorKind::timeout);
  CHECK(replaying(*lines).models(2s).error().kind == ErrorKind::timeout);
  CHECK(replaying(*lines).models(60s).error().kind == ErrorKind::cancelled);
}

TEST_CASE("replay: calls side by side have the instants that each of them had") {
  fake::World world;
  world.network->scripts = {answer("slow", 9s), answer("quick", 1s)};
  const auto lines = record(world);
  const tally::Client client = world.open();
  client.chat_start(asking("slow"));
  REQUIRE(client.poll());
  world.network->clock->advance(2s);
  client.chat_start(asking("quick"));
  std::vector<std::string> recorded;
  while (recorded.size() < 2) {
    REQUIRE(client.wait(1s));
    tally::Event event;
    while (client.next_event(event)) {
      if (event.completion) recorded.push_back(outcome(*event.completion));
    }
  }
  CHECK(recorded[0].find("05:00:02Z to 2026-11-18T05:00:03Z") != std::string::npos);
  CHECK(recorded[1].find("05:00:00Z to 2026-11-18T05:00:09Z") != std::string::npos);

  const tally::Client again = replaying_in(world, *lines);
  again.chat_start(asking("slow"));
  again.chat_start(asking("quick"));
  const auto replayed = polled(again, 2);
  CHECK(outcome(replayed[0]) == recorded[0]);
  CHECK(outcome(replayed[1]) == recorded[1]);
}

TEST_CASE("replay: threads do not see each other's instants, nor wait for each other's clocks") {
  fake::World world;
  world.options.retries.most = 1;
  const auto lines = record(world);
  const tally::Client client = world.open();
  constexpr int calls = 40;
  std::vector<std::string> recorded;
  for (int i = 0; i < calls; ++i) {
    // Some run into a clock of 10 s twice, others have to be made again soon.
    world.network->scripts.push_back(
        i % 2 == 0 ? fake::Script{}
                   : fake::Script{fake::connect(), fake::head(503, "retry-after: 1\n"),
                                  fake::body(R"({"error":{"message":"busy"}})"), fake::end()});
    world.network->scripts.push_back(i % 2 == 0 ? fake::Script{} : answer("done", 1s));
    recorded.push_back(outcome(client.stream(asking(std::to_string(i))).finish()));
  }
  const tally::Client again = replaying_in(world, *lines);
  std::vector<std::string> replayed(calls);
  std::vector<std::thread> threads;
  for (int first = 0; first < 4; ++first) {
    threads.emplace_back([&, first] {
      for (int i = first; i < calls; i += 4) {
        replayed[i] = outcome(again.stream(asking(std::to_string(i))).finish());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < calls; ++i) CHECK(replayed[i] == recorded[i]);
}

TEST_CASE("replay: of equal requests, the one that began first is answered first") {
  fake::World world;
  world.network->scripts = {answer("slow", 9s), answer("quick", 1s)};
  const auto lines = record(world);
  const tally::Client client = world.open();
  tally::Stream slow = client.stream(fake::question());
  CHECK(slow.next()->text == "slow");
  world.network->clock->advance(1s);
  CHECK(played(client).find("quick|") == 0);
  REQUIRE(slow.finish().reply);
  CHECK(lines->find("quick") < lines->find("slow"));  // As lines, in the order of their ends.

  const tally::Client again = replaying(*lines);
  CHECK(played(again).find("slow|") == 0);
  CHECK(played(again).find("quick|") == 0);
}

TEST_CASE("replay: beside a ledger that never answers a call ends by the ledger's clock") {
  fake::World world;
  const auto lines = record(world);
  world.network->scripts = {answer("a")};
  REQUIRE(world.open().stream(fake::question()).finish().reply);
  world.options.clocks.ledger = 50ms;
  world.options.ledger = tally::Ledger(std::make_shared<SilentStore>(), {});

  const auto waited = replaying_in(world, *lines).stream(fake::question()).finish();
  CHECK(waited.reply.error().clock == ClockKind::ledger);
  const tally::Client by_poll = replaying_in(world, *lines);
  by_poll.chat_start(fake::question());
  CHECK(polled(by_poll, 1)[0].reply.error().clock == ClockKind::ledger);
}

TEST_CASE("replay: pieces come as far apart as they came, without taking that long") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(1s), fake::head(200, "", 1s), fake::body(fake::text_chunk("a"), 60s),
       fake::body(fake::text_chunk("b")), fake::body(fake::text_chunk("c"), 30s),
       fake::body(fake::finish_chunk() + fake::done), fake::end()}};
  const auto lines = record(world);
  const tally::Completion recorded = world.open().stream(fake::question()).finish();
  REQUIRE(recorded.reply);
  CHECK(lines->find(R"("pieces_after":[62000000,62000000,92000000,92000000])") !=
        std::string::npos);

  const auto replay = tally::read_recording(*lines);
  world.options.transport = replay->transport;
  world.options.clock = replay->clock;
  const tally::Client again = world.open();
  tally::Stream stream = again.stream(fake::question());
  const auto began = replay->clock->steady();
  CHECK(stream.next()->text == "a");
  CHECK(replay->clock->steady() - began == 62s);
  CHECK(stream.next()->text == "b");
  CHECK(replay->clock->steady() - began == 62s);
  CHECK(stream.next()->text == "c");
  CHECK(replay->clock->steady() - began == 92s);
  CHECK(outcome(stream.finish()) == outcome(recorded));
}

TEST_CASE("replay: a request that was not recorded is told what was") {
  fake::World world;
  world.network->scripts = {answer("a"), answer("b")};
  const auto lines = record(world);
  const tally::Client client = world.open();
  tally::ChatRequest short_one = asking("About whom I love");
  short_one.max_tokens = 7;
  REQUIRE(client.stream(short_one).finish().reply);
  REQUIRE(client.stream(asking("hello")).finish().reply);

  const tally::Client again = replaying(*lines);
  short_one.max_tokens = 8;
  short_one.temperature = 0.5;
  CHECK(again.stream(short_one).finish().reply.error().message ==
        "the recording holds no POST /chat/completions with this body (that of line 1 differs in "
        "max_tokens, temperature): record it anew");
  CHECK(again.models().error().message ==
        "the recording holds no GET /models, only POST /chat/completions (2): record it anew");
  REQUIRE(again.stream(asking("hello")).finish().reply);
  CHECK(
      again.stream(asking("hello")).finish().reply.error().message ==
      "the recording holds this POST /chat/completions once, and it was played: record as many as "
      "are asked for");
}

TEST_CASE("replay: a file that was cut anywhere is refused with its line, and never crashes") {
  fake::World world;
  world.network->scripts = {answer("a"), answer("b")};
  const auto lines = record(world);
  const tally::Client client = world.open();
  REQUIRE(client.stream(asking("1")).finish().reply);
  REQUIRE(client.stream(asking("2")).finish().reply);
  const std::size_t second = lines->find('\n') + 1;
  for (std::size_t size = 1; size + 1 < lines->size(); ++size) {
    if (size + 1 == second || size == second) continue;  // One whole line.
    const auto replay = tally::read_recording(lines->substr(0, size));
    REQUIRE_FALSE(replay);
    CHECK(replay.error().message.find(size < second ? "line 1: " : "line 2: ") == 0);
  }
}

TEST_CASE("replay: a host's loop is told to go on at once") {
  fake::World world;
  world.network->scripts = {answer("a", 9s)};
  const auto lines = record(world);
  REQUIRE(world.open().stream(fake::question()).finish().reply);

  std::optional<std::chrono::microseconds> timer;
  world.options.loop.on_socket = [](const tally::SocketWatch&) {};
  world.options.loop.on_timer = [&](std::optional<std::chrono::microseconds> in) { timer = in; };
  const tally::Client client = replaying_in(world, *lines);
  client.chat_start(fake::question());
  tally::Event event;
  for (int i = 0; i < 100 && !event.completion; ++i) {
    REQUIRE(client.drive_timer());
    while (!event.completion && client.next_event(event)) {
    }
    if (!event.completion) CHECK(timer == 0us);
  }
  REQUIRE(event.completion);
  CHECK(event.completion->reply);
}

TEST_CASE("replay: a thread that waits for calls to come sleeps") {
  fake::World world;
  world.network->scripts = {answer("a")};
  const auto lines = record(world);
  REQUIRE(world.open().stream(fake::question()).finish().reply);
  const tally::Client client = replaying(*lines);
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(client.wait(30ms));
  CHECK(std::chrono::steady_clock::now() - before >= 20ms);
}
