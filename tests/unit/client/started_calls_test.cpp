// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "client/delta_queue.hpp"
#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;

namespace {

struct Seen {
  std::string text;
  std::optional<tally::Completion> completion;
};

/// Pulls everything that is there now.
void pull(const tally::Client& client, std::map<tally::CallId, Seen>& seen) {
  tally::Event event;
  while (client.next_event(event)) {
    CHECK_FALSE(seen[event.call].completion);  // Nothing comes after it.
    seen[event.call].text += event.delta.text;
    if (event.completion) seen[event.call].completion = std::move(event.completion);
  }
}

}  // namespace

TEST_CASE("poll: many started calls end with their own text and bill, on one thread") {
  fake::World world;
  for (int i = 0; i < 50; ++i) world.network->scripts.push_back(fake::whole_answer());
  const tally::Client client = world.open();
  std::vector<tally::CallId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(client.chat_start(fake::question()));
  std::map<tally::CallId, Seen> seen;
  while (client.poll()->calls_in_flight > 0) pull(client, seen);
  REQUIRE(seen.size() == 50);
  for (const tally::CallId id : ids) {
    REQUIRE(seen[id].completion);
    CHECK(seen[id].text == "The Danube, the Nile");
    CHECK(seen[id].completion->reply->text() == "The Danube, the Nile");
    CHECK(to_string(seen[id].completion->receipt.cost.total->amount) == "0.0000081");
  }
}

TEST_CASE("poll: calls begin as its time allows, in their order; the rest waits for the next one") {
  fake::World world;
  const tally::Client client = world.open();
  for (int i = 0; i < 50; ++i) {
    tally::ChatRequest request = fake::question();
    request.seed = i;
    client.chat_start(request);
  }
  CHECK(client.poll(0us)->calls_in_flight == 50);
  REQUIRE(world.network->requests.size() == 4);
  CHECK(world.network->requests[3].body->find("\"seed\":3") != std::string::npos);
  tally::Event event;
  CHECK_FALSE(client.next_event(event));
  CHECK(client.poll(0us));
  CHECK(world.network->requests.size() < 20);
  CHECK(client.poll(1ms));  // Of a clock that stands still here.
  CHECK(world.network->requests.size() == 50);
}

TEST_CASE("poll: it never waits, and wait does") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(1s), fake::head(200), fake::body(fake::text_chunk("x"), 1s)}};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  for (int i = 0; i < 100; ++i) REQUIRE(client.poll());
  CHECK(world.network->clock->elapsed() == 0s);
  CHECK(client.wait(5s)->events_ready == 1);
  CHECK(world.network->clock->elapsed() == 2s);
  CHECK(client.wait(0ms)->calls_in_flight == 1);
}

TEST_CASE("poll: wait returns after its timeout when nothing happens") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  CHECK(client.wait(250ms)->events_ready == 0);
  CHECK(world.network->clock->elapsed() == 250ms);
}

TEST_CASE("poll: what nobody pulls pauses the transfer; nothing is lost and nothing grows") {
  fake::World world;
  world.options.limits.queued_deltas = 4;
  fake::Script script = {fake::connect(), fake::head(200)};
  for (int i = 0; i < 20; ++i) script.push_back(fake::body(fake::text_chunk("a")));
  script.push_back(fake::body(fake::finish_chunk()));
  script.push_back(fake::body(fake::done));
  script.push_back(fake::end());
  world.network->scripts = {script};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  for (int i = 0; i < 10; ++i) CHECK(client.poll()->events_ready <= 4);
  // A paused server is not a silent one: the idle clock rests.
  world.network->clock->advance(1h);
  REQUIRE(client.poll());
  std::map<tally::CallId, Seen> seen;
  while (client.poll()->calls_in_flight > 0) pull(client, seen);
  REQUIRE(seen.size() == 1);
  CHECK(seen.begin()->second.text == std::string(20, 'a'));
  CHECK(seen.begin()->second.completion->receipt.state == BillState::settled);
  CHECK(world.network->resumed > 0);
}

TEST_CASE("poll: a cancelled call hands out its completion and nothing before it") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
                             fake::body(fake::text_chunk("two"))},
                            fake::whole_answer()};
  const tally::Client client = world.open();
  const tally::CallId cancelled = client.chat_start(fake::question());
  const tally::CallId other = client.chat_start(fake::question());
  CHECK(client.poll()->events_ready > 2);
  CHECK(client.cancel(cancelled));
  std::map<tally::CallId, Seen> seen;
  while (client.poll()->calls_in_flight > 0) pull(client, seen);
  CHECK(seen[cancelled].text.empty());
  REQUIRE(seen[cancelled].completion);
  REQUIRE_FALSE(seen[cancelled].completion->reply);
  CHECK(seen[cancelled].completion->reply.error().kind == ErrorKind::cancelled);
  CHECK(seen[cancelled].completion->reply.error().partial.text() == "onetwo");
  CHECK(seen[cancelled].completion->receipt.state == BillState::estimated);
  CHECK(seen[other].completion->reply);
  CHECK_FALSE(client.cancel(cancelled));  // A stale id is harmless.
  CHECK_FALSE(client.cancel(0));
  CHECK_FALSE(client.cancel(999));
}

TEST_CASE("poll: a group of calls is cancelled together, the others go on") {
  fake::World world;
  for (int i = 0; i < 50; ++i) world.network->scripts.push_back(fake::whole_answer());
  const tally::Client client = world.open();
  tally::CallOptions options;
  std::map<tally::CallId, std::uint64_t> group_of;
  for (std::uint64_t i = 0; i < 50; ++i) {
    options.group = 1 + i % 2;
    group_of[client.chat_start(fake::question(), options)] = options.group;
  }
  CHECK(client.cancel_group(2) == 25);
  CHECK(client.cancel_group(3) == 0);
  std::map<tally::CallId, Seen> seen;
  while (client.poll()->calls_in_flight > 0) pull(client, seen);
  REQUIRE(seen.size() == 50);
  for (const auto& [id, group] : group_of) {
    CHECK(seen[id].completion->reply.has_value() == (group == 1));
  }
}

TEST_CASE("poll: a call that cannot begin has an id and a completion, so that no receipt is lost") {
  fake::World world;
  world.options.transport = [] {
    tally::Error error;
    error.kind = ErrorKind::unsupported;
    error.message = "no network here";
    return tally::Result<std::unique_ptr<tally::Transport>>(error);
  };
  const tally::Client client = world.open();
  const tally::CallId id = client.chat_start(fake::question());
  tally::Event event;
  REQUIRE(client.next_event(event));
  CHECK(event.call == id);
  REQUIRE(event.completion);
  CHECK(event.completion->reply.error().kind == ErrorKind::unsupported);
  CHECK(event.completion->receipt.state == BillState::not_billed);
  CHECK(client.poll()->calls_in_flight == 0);
}

TEST_CASE("poll: after a stall of the host, what waits in the sockets is read before any clock") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
       fake::body(fake::text_chunk("two"), 60s), fake::body(fake::finish_chunk(), 60s),
       fake::body(fake::done), fake::end()},
      {fake::connect(), fake::head(200)}};
  const tally::Client client = world.open();
  const tally::CallId going = client.chat_start(fake::question());
  const tally::CallId cancelled = client.chat_start(fake::question());
  REQUIRE(client.poll());
  world.network->clock->advance(130s);  // A level load; the idle clock is 120 s.
  client.cancel(cancelled);
  std::map<tally::CallId, Seen> seen;
  while (client.poll()->calls_in_flight > 0) pull(client, seen);
  CHECK(seen[going].completion->reply);
  CHECK(seen[going].text == "onetwo");
  CHECK(seen[cancelled].completion->reply.error().kind == ErrorKind::cancelled);
}

TEST_CASE("poll: for ever is a duration like any other") {
  fake::World world;
  world.options.retries = tally::Retries{};
  world.options.retries.within = std::chrono::milliseconds::max();
  world.options.clocks.total = std::chrono::milliseconds::max();
  world.options.clocks.payload_idle = std::chrono::milliseconds::max();
  world.network->scripts = {{fake::end(tally::TransferResult::connect_failed, false)},
                            fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  while (client.wait(std::chrono::milliseconds::max())->events_ready == 0) {
  }
  tally::Event event;
  while (client.next_event(event) && !event.completion) {
  }
  REQUIRE(event.completion);
  CHECK(event.completion->receipt.attempts.size() == 2);
}

TEST_CASE("poll: a consumer that always leaves one delta behind does not keep all that it took") {
  tally::DeltaQueue queue;
  bool is_in_order = true;
  for (std::size_t i = 0; i < 100'000; ++i) {
    tally::DeltaRecord record;
    record.offset = i;
    queue.back()->push_back(record);
    if (i > 0) is_in_order = is_in_order && queue.pop().offset == i - 1;
  }
  CHECK(is_in_order);
  CHECK(queue.size() == 1);
  CHECK(queue.back()->size() < 4096);
}

TEST_CASE("limits: a queue without room could never be pulled, and is refused") {
  fake::World world;
  world.options.limits.queued_deltas = 0;
  const auto client = tally::Client::open(world.options);
  REQUIRE_FALSE(client);
  CHECK(client.error().kind == ErrorKind::invalid_argument);
}

TEST_CASE(
    "shutdown: calls get their deadline to finish, then end as closed; new ones are refused") {
  fake::World world;
  world.network->scripts = {fake::whole_answer(), {fake::connect(), fake::head(200)}};
  const tally::Client client = world.open();
  const tally::CallId quick = client.chat_start(fake::question());
  const tally::CallId stuck = client.chat_start(fake::question());
  client.shutdown(20ms);
  std::map<tally::CallId, Seen> seen;
  pull(client, seen);
  REQUIRE(seen[quick].completion);
  CHECK(seen[quick].completion->reply);
  REQUIRE(seen[stuck].completion);
  CHECK(seen[stuck].completion->reply.error().kind == ErrorKind::closed);
  CHECK(seen[stuck].completion->receipt.state == BillState::estimated);
  const tally::Completion late = client.chat(fake::question());
  CHECK(late.reply.error().kind == ErrorKind::closed);
  CHECK(late.receipt.state == BillState::not_billed);
  client.shutdown(20ms);  // A second time does nothing.
}

TEST_CASE("cancel: a token of several calls ends those that are left when one of them has ended") {
  fake::World world;
  const fake::Script endless = {fake::connect(), fake::head(200)};
  world.network->scripts = {fake::whole_answer(), endless, endless};
  const tally::Client client = world.open();
  tally::CallOptions options;
  options.cancel.emplace();
  std::vector<tally::CallId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(client.chat_start(fake::question(), options));
  std::map<tally::CallId, Seen> seen;
  for (int i = 0; i < 1000 && client.poll()->calls_in_flight > 2; ++i) pull(client, seen);
  REQUIRE(seen[ids[0]].completion);
  CHECK(seen[ids[0]].completion->reply);
  options.cancel->cancel();
  REQUIRE(client.poll());
  pull(client, seen);
  for (const tally::CallId id : {ids[1], ids[2]}) {
    REQUIRE(seen[id].completion);
    REQUIRE_FALSE(seen[id].completion->reply);
    CHECK(seen[id].completion->reply.error().kind == ErrorKind::cancelled);
  }
}
