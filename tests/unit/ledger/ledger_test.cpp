// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "../client/fake_network.hpp"
#include "ledger/ledger_state.hpp"
#include "ledger/memory_store.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;
using tally::LedgerWrite;

namespace {

/// A store whose answers come when the test says so.
class SlowStore : public tally::LedgerStore {
 public:
  void submit(std::vector<LedgerWrite> batch) override {
    for (LedgerWrite& write : batch) waiting_.push_back(std::move(write));
  }
  std::vector<tally::LedgerDone> collect() override { return std::exchange(done_, {}); }
  void await(std::chrono::microseconds) override {}
  tally::Result<void> each_row(const tally::LedgerFilter& filter,
                               const std::function<bool(const tally::LedgerRow&)>& keep) override {
    return memory_.each_row(filter, keep);
  }

  std::size_t waiting() const { return waiting_.size(); }
  void answer(std::optional<tally::Error> error = std::nullopt) {
    REQUIRE_FALSE(waiting_.empty());
    done_.push_back({waiting_.front().ticket, std::move(error), {}, {}});
    std::vector<LedgerWrite> one;
    one.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    memory_.submit(std::move(one));
  }

 private:
  std::deque<LedgerWrite> waiting_;
  std::vector<tally::LedgerDone> done_;
  tally::MemoryStore memory_;
};

tally::LedgerRow row_of(std::string attempt, int revision, BillState state) {
  tally::LedgerRow row;
  row.attempt_id = std::move(attempt);
  row.revision = revision;
  row.state = state;
  return row;
}

std::vector<tally::LedgerRow> rows_of(tally::LedgerStore& store) {
  std::vector<tally::LedgerRow> rows;
  const auto read = store.each_row({}, [&](const tally::LedgerRow& row) {
    rows.push_back(row);
    return true;
  });
  CHECK(read);
  return rows;
}

tally::Error disk_full() {
  tally::Error error;
  error.kind = ErrorKind::ledger;
  error.message = "the disk is full";
  return error;
}

}  // namespace

TEST_CASE("memory store: reserving and settling twice changes nothing") {
  tally::MemoryStore store;
  const auto submit = [&](LedgerWrite::Kind kind, tally::LedgerRow row) {
    std::vector<LedgerWrite> batch;
    batch.push_back({7, kind, std::move(row)});
    store.submit(std::move(batch));
  };
  submit(LedgerWrite::Kind::reserve, row_of("a", 0, BillState::reserved));
  submit(LedgerWrite::Kind::settle, row_of("a", 1, BillState::settled));
  submit(LedgerWrite::Kind::settle, row_of("a", 1, BillState::estimated));
  submit(LedgerWrite::Kind::reserve, row_of("a", 0, BillState::reserved));
  const auto rows = rows_of(store);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].state == BillState::settled);
  CHECK(store.collect().size() == 4);  // Every ticket is answered.
  CHECK(store.collect().empty());
}

TEST_CASE("ledger: each call leaves one row, with its labels, state and cost") {
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.network->scripts = {fake::whole_answer(),
                            {fake::end(tally::TransferResult::connect_failed, false)}};
  const tally::Client client = world.open();
  tally::CallOptions options;
  options.labels = {{"player", "p-117"}};
  const tally::Completion first = client.stream(fake::question(), options).finish();
  client.chat(fake::question());
  const auto rows = *ledger.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].state == BillState::settled);
  CHECK(rows[0].labels.at("player") == "p-117");
  CHECK(to_string(rows[0].cost.total->amount) == "0.0000081");
  CHECK(rows[0].call_id == first.receipt.call_id);
  CHECK(rows[0].response_id == "c-1");
  CHECK(rows[1].state == BillState::not_billed);
}

TEST_CASE("ledger: no byte leaves before the reserve is confirmed, and poll does not wait for it") {
  fake::World world;
  auto store = std::make_shared<SlowStore>();
  world.options.ledger = tally::Ledger(store);
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  for (int i = 0; i < 10; ++i) REQUIRE(client.poll());
  CHECK(world.network->requests.empty());
  CHECK(world.network->clock->elapsed() == 0s);
  store->answer();
  REQUIRE(client.poll());
  CHECK(world.network->requests.size() == 1);
  // The settle is confirmed as well before the completion is handed out.
  tally::Event event;
  bool is_complete = false;
  while (client.next_event(event)) is_complete = event.completion.has_value();
  CHECK_FALSE(is_complete);
  REQUIRE(store->waiting() == 1);
  store->answer();
  REQUIRE(client.poll());
  REQUIRE(client.next_event(event));
  REQUIRE(event.completion);
  CHECK(event.completion->receipt.state == BillState::settled);
}

TEST_CASE("ledger: a reserve that fails refuses the call, and nothing was sent") {
  fake::World world;
  auto store = std::make_shared<SlowStore>();
  world.options.ledger = tally::Ledger(store);
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  store->answer(disk_full());
  REQUIRE(client.poll());
  store->answer();
  REQUIRE(client.poll());
  tally::Event event;
  REQUIRE(client.next_event(event));
  REQUIRE(event.completion);
  CHECK(event.completion->reply.error().kind == ErrorKind::ledger);
  CHECK(event.completion->receipt.state == BillState::not_billed);
  CHECK(world.network->requests.empty());
}

TEST_CASE("ledger: a settle that fails keeps the answer, and the receipt says so") {
  fake::World world;
  auto store = std::make_shared<SlowStore>();
  world.options.ledger = tally::Ledger(store);
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  store->answer();
  REQUIRE(client.poll());
  store->answer(disk_full());
  REQUIRE(client.poll());
  tally::Event event;
  while (client.next_event(event) && !event.completion) {
  }
  REQUIRE(event.completion);
  CHECK(event.completion->reply);
  REQUIRE(event.completion->receipt.ledger_error);
  CHECK(event.completion->receipt.ledger_error->message == "the disk is full");
}

TEST_CASE(
    "ledger: a question waits for what was handed in before it, and not for what comes after") {
  // A busy server: with each answer comes another write.
  class BusyStore final : public SlowStore {
   public:
    void await(std::chrono::microseconds) override {
      if (waiting() == 0) return;
      answer();
      ledger->submit({0,
                      LedgerWrite::Kind::reserve,
                      row_of("later " + std::to_string(++later_), 0, BillState::reserved),
                      {}});
    }
    tally::Ledger::State* ledger = nullptr;

   private:
    int later_ = 0;
  };
  auto store = std::make_shared<BusyStore>();
  tally::LedgerOptions options;
  options.lock_timeout = 500ms;
  const tally::Ledger ledger(store, options);
  store->ledger = ledger.state().get();
  ledger.state()->submit(
      {0, LedgerWrite::Kind::reserve, row_of("first", 0, BillState::reserved), {}});
  const auto rows = ledger.rows();
  REQUIRE(rows);
  CHECK((*rows)[0].attempt_id == "first");
  CHECK(ledger.flush(500ms));
  // "For ever" is no time in the past.
  CHECK(ledger.flush(std::chrono::milliseconds::max()));
}

TEST_CASE("ledger: nothing is reserved while nobody knows what the budgets are") {
  class Unreadable final : public SlowStore {
   public:
    tally::Result<std::vector<tally::Budget>> budgets() override { return disk_full(); }
  };
  const tally::Ledger ledger(std::make_shared<Unreadable>());
  const auto ticket = ledger.state()->submit(
      {0, LedgerWrite::Kind::reserve, row_of("a", 0, BillState::reserved), {}});
  ledger.state()->collect();
  const auto done = ledger.state()->ask(ticket);
  REQUIRE(done);
  REQUIRE(done->error);
  CHECK(done->error->message == "the ledger's budgets cannot be read: the disk is full");
}

TEST_CASE("ledger: a call that was refused before it was sent counts in no budget") {
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.network->scripts = {fake::whole_answer()};
  tally::Budget poor;
  poor.id = "poor";
  poor.scope = {{"npc", "smith"}};
  tally::Budget slow;
  slow.id = "slow";
  slow.limit = tally::cents(100);
  slow.requests_per_minute = 1;
  REQUIRE(ledger.set_budget(poor));
  const tally::Client client = world.open();
  tally::CallOptions smith;
  smith.labels = {{"npc", "smith"}};
  const auto nothing_counts = [&] {
    const auto status = ledger.budget_status("slow", world.network->clock->wall());
    return status->spent.is_zero() && status->unpriced_calls == 0 && status->in_flight == 0;
  };

  CHECK(client.chat(fake::question(), smith).reply.error().kind == ErrorKind::budget);
  REQUIRE(ledger.set_budget(slow));  // Late: it is counted from the rows.
  CHECK(nothing_counts());
  CHECK(client.chat(fake::question(), smith).reply.error().kind == ErrorKind::budget);
  tally::ChatRequest bad = fake::question();
  bad.messages.clear();
  CHECK(client.chat(bad).reply.error().kind == ErrorKind::invalid_argument);
  CHECK(nothing_counts());
  CHECK(ledger.rows()->size() == 3);

  CHECK(client.chat(fake::question()).reply);
  const tally::Completion second = client.chat(fake::question());
  REQUIRE(second.receipt.refusal);
  CHECK(second.receipt.refusal->reason == tally::BudgetReason::requests_per_minute);
  CHECK(ledger.verify_budgets()->empty());
}
