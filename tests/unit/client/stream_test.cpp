// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;

TEST_CASE("stream: a loop sees every delta, and finish has the whole message, twice the same") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  tally::Stream stream = client.stream(fake::question());
  std::string seen;
  for (const tally::Delta& delta : stream) seen += delta.text;
  CHECK(seen == "The Danube, the Nile");
  const tally::Completion first = stream.finish();
  const tally::Completion second = stream.finish();
  REQUIRE(first.reply);
  REQUIRE(second.reply);
  CHECK(first.reply->text() == seen);
  CHECK(second.reply->text() == seen);
  CHECK(second.receipt.call_id == first.receipt.call_id);
  CHECK_FALSE(stream.next());
}

TEST_CASE("stream: leaving the loop early ends the transfer and settles the ledger's row") {
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
                             fake::body(fake::text_chunk("two"), 1s)}};
  const tally::Client client = world.open();
  {
    tally::Stream stream = client.stream(fake::question());
    for (const tally::Delta& delta : stream) {
      CHECK(delta.text == "one");
      break;
    }
  }
  CHECK(world.network->cancelled == 1);
  const auto rows = *ledger.rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].state == BillState::estimated);
  CHECK(rows[0].cost.total);
}

TEST_CASE("stream: cancel keeps what arrived, as an error of kind cancelled") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("one"))}};
  const tally::Client client = world.open();
  tally::Stream stream = client.stream(fake::question());
  REQUIRE(stream.next());
  stream.cancel();
  CHECK_FALSE(stream.next());
  const tally::Completion completion = stream.finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(completion.reply.error().partial.text() == "one");
}

TEST_CASE("stream: the client going away ends a stream as closed, and the stream stays readable") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
                             fake::body(fake::text_chunk("two"), 1s)}};
  std::optional<tally::Client> client = world.open();
  tally::Stream stream = client->stream(fake::question());
  REQUIRE(stream.next());
  client.reset();
  CHECK_FALSE(stream.next());
  const tally::Completion completion = stream.finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::closed);
  CHECK(completion.reply.error().partial.text() == "one");
  CHECK(completion.receipt.state == BillState::estimated);
}

TEST_CASE("stream: it can be moved while it runs") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  tally::Stream first = client.stream(fake::question());
  REQUIRE(first.next());
  tally::Stream second = std::move(first);
  CHECK(second.next());
  CHECK(second.finish().reply);
}

TEST_CASE("chat: an empty callback is nobody listening") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  CHECK(world.open().chat(fake::question(), tally::OnDelta()).reply);
}

TEST_CASE("chat: the client may be used from inside on_delta") {
  fake::World world;
  world.network->scripts = {fake::whole_answer(), fake::whole_answer(), fake::whole_answer()};
  const tally::Client client = world.open();
  int inner = 0;
  const tally::Completion outer = client.chat(fake::question(), [&](const tally::Delta&) {
    const tally::Completion completion = client.stream(fake::question()).finish();
    inner += completion.reply ? 1 : 0;
    return tally::Flow::keep;
  });
  CHECK(outer.reply);
  CHECK(inner == 2);
}

#if defined(__cpp_exceptions)
TEST_CASE("chat: an exception from on_delta ends the transfer and reaches the caller") {
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one"))},
                            fake::whole_answer()};
  const tally::Client client = world.open();
  struct Stopped {};
  CHECK_THROWS_AS(
      client.chat(fake::question(), [](const tally::Delta&) -> tally::Flow { throw Stopped(); }),
      Stopped);
  CHECK(world.network->cancelled == 1);
  CHECK((*ledger.rows())[0].state == BillState::estimated);
  CHECK(client.stream(fake::question()).finish().reply);  // The lane is as good as new.
}
#endif
