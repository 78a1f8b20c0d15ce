// SPDX-License-Identifier: MIT

// What hosts ask of the started calls besides poll: waits that are woken, a loop of their own, a
// machine that sleeps.

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;

namespace {

/// The completion of the only call in flight, and its text.
std::pair<std::string, tally::Completion> last_of(const tally::Client& client) {
  std::string text;
  tally::Event event;
  while (!event.completion) {
    REQUIRE(client.wait(1h));
    while (!event.completion && client.next_event(event)) text += event.delta.text;
  }
  return {text, *std::move(event.completion)};
}

/// A loop as a host has one: what it was asked to watch, and when it was to call.
struct Loop {
  std::map<tally::SocketHandle, tally::SocketWatch> watched;
  std::optional<std::chrono::microseconds> timer;
  int timers_set = 0;

  tally::HostLoop hooks() {
    return {[this](const tally::SocketWatch& watch) {
              watched.erase(watch.socket);
              if (watch.read || watch.write) watched[watch.socket] = watch;
            },
            [this](std::optional<std::chrono::microseconds> after) {
              timer = after;
              ++timers_set;
            }};
  }
};

}  // namespace

TEST_CASE("wait: it sleeps also while nothing is in flight, so that a thread can live in it") {
  fake::World world;
  const tally::Client client = world.open();
  CHECK(client.wait(250ms)->calls_in_flight == 0);
  CHECK(world.network->clock->elapsed() == 250ms);
}

TEST_CASE("wakeup: it ends the wait that is under way") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  world.network->on_wait = [&] { client.wakeup(); };
  CHECK(client.wait(1h)->events_ready == 0);
  CHECK(world.network->clock->elapsed() == 0ms);
}

TEST_CASE("wakeup: one that comes too early ends the next wait, and only that") {
  fake::World world;
  const tally::Client client = world.open();
  client.wakeup();
  client.wakeup();
  REQUIRE(client.wait(1s));
  CHECK(world.network->clock->elapsed() == 0ms);
  REQUIRE(client.wait(1s));
  CHECK(world.network->clock->elapsed() == 1s);
}

TEST_CASE("wait: a call that is started meanwhile is driven by it") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  bool is_started = false;
  world.network->on_wait = [&] {
    if (!std::exchange(is_started, true)) client.chat_start(fake::question());
  };
  auto [text, completion] = last_of(client);
  CHECK(text == "The Danube, the Nile");
  CHECK(completion.receipt.state == BillState::settled);
  CHECK(world.network->clock->elapsed() == 0ms);
}

TEST_CASE("wait: after a shutdown, when all was pulled, it says closed, and a thread in it ends") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  client.shutdown(0ms);
  CHECK(client.wait(1h)->events_ready == 1);
  tally::Event event;
  REQUIRE(client.next_event(event));
  const auto over = client.wait(1h);
  REQUIRE_FALSE(over);
  CHECK(over.error().kind == ErrorKind::closed);
}

TEST_CASE("suspend: nothing is read or timed until resume, and then all goes on") {
  fake::World world;
  world.options.clocks.payload_idle = 10s;
  world.options.clocks.total = 60s;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
                             fake::body(fake::text_chunk("two"), 9s),
                             fake::body(fake::finish_chunk()), fake::body(fake::done),
                             fake::end()}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.suspend();
  tally::Event event;
  REQUIRE(client.next_event(event));  // What has come can be pulled.
  CHECK(event.delta.text == "one");
  world.network->clock->advance(8h);
  CHECK(client.poll()->events_ready == 0);
  client.suspend();  // A second one changes nothing.
  client.resume();
  auto [text, completion] = last_of(client);
  CHECK(text == "two");
  CHECK(completion.reply);
  CHECK(completion.receipt.state == BillState::settled);
}

TEST_CASE("suspend: a call that is started meanwhile waits, and so do the clocks") {
  fake::World world;
  world.options.clocks.first_byte = 5s;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.suspend();
  client.chat_start(fake::question());
  world.network->clock->advance(1h);
  CHECK(client.poll()->calls_in_flight == 2);
  CHECK(world.network->requests.size() == 1);
  world.network->scripts = {fake::whole_answer()};
  client.resume();
  auto [text, completion] = last_of(client);
  CHECK(world.network->requests.size() == 2);
  CHECK(text == "The Danube, the Nile");
}

TEST_CASE("suspend: clocks go on from where they stood") {
  fake::World world;
  world.options.clocks.first_byte = 5s;
  world.network->scripts = {{fake::connect()}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  world.network->clock->advance(3s);
  REQUIRE(client.poll());
  client.suspend();
  world.network->clock->advance(100s);
  client.resume();
  auto [text, completion] = last_of(client);
  CHECK(completion.reply.error().clock == tally::ClockKind::first_byte);
  CHECK(world.network->clock->elapsed() == 105s);
}

TEST_CASE("resume: with reconnect, a call without a payload is made again, another one is cut") {
  fake::World world;
  world.options.retries.most = 1;
  world.options.retries.first_delay = 0ms;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one"))},
                            {fake::connect()},
                            fake::whole_answer()};
  const tally::Client client = world.open();
  const tally::CallId cut = client.chat_start(fake::question());
  const tally::CallId repeated = client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.suspend();
  client.resume(tally::OnResume::reconnect);
  std::map<tally::CallId, tally::Completion> ended;
  tally::Event event;
  while (ended.size() < 2) {
    REQUIRE(client.wait(1h));
    while (client.next_event(event)) {
      if (event.completion) ended.emplace(event.call, *std::move(event.completion));
    }
  }
  const tally::Completion& broken = ended.at(cut);
  REQUIRE_FALSE(broken.reply);
  CHECK(broken.reply.error().kind == ErrorKind::connection);
  CHECK(broken.reply.error().partial.text() == "one");
  CHECK(broken.receipt.state == BillState::estimated);
  const tally::Completion& second = ended.at(repeated);
  CHECK(second.reply);
  REQUIRE(second.receipt.attempts.size() == 2);
  CHECK(second.receipt.attempts[0].state == BillState::estimated);  // The server may have begun.
  CHECK(second.receipt.attempts[1].state == BillState::settled);
}

TEST_CASE("resume: without a suspend it changes nothing") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  client.resume(tally::OnResume::reconnect);
  client.chat_start(fake::question());
  client.resume(tally::OnResume::reconnect);
  CHECK(last_of(client).second.reply);
}

TEST_CASE("suspend: a shutdown ends the calls nevertheless") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.suspend();
  client.shutdown(0ms);
  tally::Event event;
  REQUIRE(client.next_event(event));
  REQUIRE(event.completion);
  CHECK(event.completion->reply.error().kind == ErrorKind::closed);
}

TEST_CASE("suspend: a host that suspends again while it is told of a resume stays suspended") {
  fake::World world;
  std::optional<tally::Client> client;
  bool suspends = false;
  world.options.loop = {[](const tally::SocketWatch&) {},
                        [&](std::optional<std::chrono::microseconds> after) {
                          if (after && std::exchange(suspends, false)) client->suspend();
                        }};
  world.network->scripts = {{fake::connect()}, fake::whole_answer()};
  client = world.open();
  client->chat_start(fake::question());
  REQUIRE(client->poll());
  client->suspend();
  suspends = true;
  client->resume();
  CHECK_FALSE(suspends);
  client->chat_start(fake::question());
  CHECK(client->poll()->calls_in_flight == 2);
  CHECK(world.network->requests.size() == 1);
  client->resume();
  REQUIRE(client->poll());
  CHECK(world.network->requests.size() == 2);
}

TEST_CASE("suspend: after a shutdown there is nothing to suspend, and calls end") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.shutdown(0ms);
  client.suspend();
  CHECK(client.wait(1h)->events_ready == 1);
}

TEST_CASE("warm_up: what comes of started calls meanwhile is not lost") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
       fake::body(fake::finish_chunk(), 1s), fake::body(fake::done), fake::end()},
      {fake::connect(2s), fake::head(200), fake::body("{}"), fake::end()},
      {fake::connect(), fake::head(200), fake::body("{}"), fake::end()}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  REQUIRE(client.warm_up(5s));
  auto [text, completion] = last_of(client);
  CHECK(text == "one");
  CHECK(completion.reply);
}

TEST_CASE(
    "warm_up: its time is the host's, whatever was suspended before; meanwhile it is refused") {
  fake::World world;
  const tally::Client client = world.open();
  client.suspend();
  const auto refused = client.warm_up(200ms);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::busy);
  world.network->clock->advance(1h);
  client.resume();
  const auto late = client.warm_up(200ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK(world.network->clock->elapsed() == 1h + 200ms);
}

TEST_CASE("wait: one that is refused does not keep the other from being woken") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  bool is_first = true;
  world.network->on_wait = [&] {
    if (!std::exchange(is_first, false)) return;
    const auto second = client.wait(1ms);
    CHECK_FALSE(second);
    client.chat_start(fake::question());
  };
  CHECK(client.wait(1h)->events_ready > 0);
  CHECK(world.network->clock->elapsed() == 0ms);
}

TEST_CASE("hooks: what is to be told does not wait for the next event") {
  fake::World world;
  world.options.token = [] { return std::string(); };
  int attempts = 0;
  world.options.hooks.on_attempt = [&](const tally::AttemptReport&) { ++attempts; };
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  tally::Event event;
  REQUIRE(client.next_event(event));
  REQUIRE(event.completion);
  REQUIRE(client.wait(10ms));
  CHECK(attempts == 1);
}

TEST_CASE("cancel: from the report of a failed attempt it ends the call, and no other follows") {
  fake::World world;
  world.options.retries.most = 2;
  world.options.ledger = tally::Ledger::in_memory();
  tally::CallOptions call;
  call.cancel = tally::CancelToken();
  world.options.hooks.on_attempt = [&](const tally::AttemptReport&) { call.cancel->cancel(); };
  world.network->scripts = {{fake::connect(), fake::head(503, "retry-after: 5\n"),
                             fake::body("{\"error\":{\"message\":\"busy\"}}"), fake::end()}};
  const tally::Completion done = world.open().chat(fake::question(), call);
  CHECK(done.reply.error().kind == ErrorKind::cancelled);
  CHECK(done.receipt.attempts.size() == 1);
  CHECK(world.network->clock->elapsed() < 1s);
}

TEST_CASE("loop: both functions or neither") {
  fake::World world;
  world.options.loop.on_timer = [](std::optional<std::chrono::microseconds>) {};
  const auto client = tally::Client::open(world.options);
  REQUIRE_FALSE(client);
  CHECK(client.error().kind == ErrorKind::invalid_argument);
  CHECK(client.error().message.find("on_socket") != std::string::npos);
}

TEST_CASE("loop: a transport without sockets is driven by the timer alone") {
  fake::World world;
  Loop loop;
  world.options.loop = loop.hooks();
  world.network->scripts = {{fake::connect(1s), fake::head(200), fake::body(fake::text_chunk("x")),
                             fake::body(fake::finish_chunk(), 1s), fake::body(fake::done),
                             fake::end()}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  std::string text;
  std::optional<tally::Completion> completion;
  for (int turns = 0; turns < 10'000 && !completion; ++turns) {
    REQUIRE(loop.timer);
    world.network->clock->advance(*std::exchange(loop.timer, std::nullopt));
    REQUIRE(client.drive_timer());
    tally::Event event;
    while (client.next_event(event)) {
      text += event.delta.text;
      if (event.completion) completion = std::move(event.completion);
    }
  }
  REQUIRE(completion);
  CHECK(text == "x");
  CHECK(completion->receipt.state == BillState::settled);
  CHECK(loop.watched.empty());
  // Nothing is in flight: the loop is left alone.
  for (int turns = 0; turns < 3 && loop.timer; ++turns) {
    world.network->clock->advance(*std::exchange(loop.timer, std::nullopt));
    REQUIRE(client.drive_timer());
  }
  CHECK_FALSE(loop.timer);
}

TEST_CASE("loop: a clock of a call's own ends it by the timer") {
  fake::World world;
  Loop loop;
  world.options.loop = loop.hooks();
  world.options.clocks.first_byte = 3s;
  world.network->scripts = {{fake::connect()}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  tally::Event event;
  for (int turns = 0; turns < 10'000 && !event.completion; ++turns) {
    REQUIRE(loop.timer);
    world.network->clock->advance(*std::exchange(loop.timer, std::nullopt));
    REQUIRE(client.drive_timer());
    while (client.next_event(event) && !event.completion) {
    }
  }
  REQUIRE(event.completion);
  CHECK(event.completion->reply.error().clock == tally::ClockKind::first_byte);
}

TEST_CASE("snapshot: it follows a call from its start to its bill") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Danube")),
       fake::body(fake::text_chunk(", the Nile")), fake::body(fake::finish_chunk(), 10s),
       fake::body(fake::done), fake::end()}};
  const tally::Client client = world.open();
  CHECK(client.snapshot().in_flight() == 0);
  CHECK(client.snapshot().spent == tally::cents(0));
  CHECK_FALSE(client.snapshot().cache_hit_permille());
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  CHECK(client.snapshot().in_flight() == 1);
  CHECK(client.snapshot().tokens_per_second == 1);  // 2 deltas in 2 seconds.
  REQUIRE(last_of(client).second.reply);
  const tally::Snapshot after = client.snapshot();
  CHECK(after.in_flight() == 0);
  CHECK(after.calls_begun == 1);
  CHECK(to_string(after.spent) == "$0.0000081");
  CHECK(after.estimated == tally::cents(0));
  CHECK(after.prompt_tokens == 18);
  CHECK(after.output_tokens == 9);
  CHECK(after.cache_hit_permille() == 0);
  CHECK(after.unpriced_attempts == 0);
  CHECK_FALSE(after.last_error);
}

TEST_CASE("snapshot: a cancelled call's estimate is in it, and marked") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Danube"))}};
  const tally::Client client = world.open();
  const tally::CallId id = client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.cancel(id);
  const auto completion = last_of(client).second;
  const tally::Snapshot after = client.snapshot();
  CHECK(after.spent == after.estimated);
  CHECK(after.spent == *completion.receipt.cost.total);
  CHECK_FALSE(after.spent.amount.is_zero());
  CHECK(after.last_error == ErrorKind::cancelled);
}

TEST_CASE("snapshot: an unpriced call is counted and never free") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  world.options.base_url = "https://models.example";
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  CHECK(last_of(client).second.receipt.state == BillState::unpriced);
  CHECK(client.snapshot().unpriced_attempts == 1);
}

TEST_CASE("snapshot: calls that never begin, or are abandoned, do not stay in flight") {
  fake::World world;
  {
    const tally::Client client = world.open();
    { tally::Stream stream = client.stream(fake::question()); }
    client.shutdown(0ms);
    (void)client.chat(fake::question());
    client.chat_start(fake::question());
    tally::Event event;
    REQUIRE(client.next_event(event));
    CHECK(client.snapshot().calls_begun == 3);
    CHECK(client.snapshot().in_flight() == 0);
    CHECK(client.snapshot().last_error == ErrorKind::closed);
  }
}
