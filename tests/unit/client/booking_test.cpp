// SPDX-License-Identifier: MIT

// Calls and their ledger: what they hold, who may refuse them, and how long they wait for it.

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::BudgetReason;
using tally::Decimal;
using tally::ErrorKind;
using tally::LedgerDone;
using tally::LedgerWrite;

namespace {

/// A store on the test's clock, whose answers take as long as the test says, and say what it says.
class ClockedStore : public tally::LedgerStore {
 public:
  explicit ClockedStore(std::shared_ptr<fake::Clock> clock) : clock_(std::move(clock)) {}

  void submit(std::vector<LedgerWrite> batch) override {
    for (LedgerWrite& write : batch) {
      LedgerDone done;
      if (!answers.empty()) {
        done = std::move(answers.front());
        answers.pop_front();
      }
      done.ticket = write.ticket;
      const bool is_bill = write.kind == LedgerWrite::Kind::settle;
      waiting_.push_back(
          {clock_->elapsed() + (is_bill ? bills_take.value_or(takes) : takes), std::move(done)});
      writes.push_back(std::move(write));
    }
  }
  std::vector<LedgerDone> collect() override {
    ++collects;
    std::vector<LedgerDone> due;
    while (answers_at_all && !waiting_.empty() && waiting_.front().at <= clock_->elapsed()) {
      due.push_back(std::move(waiting_.front().done));
      waiting_.pop_front();
    }
    return due;
  }
  void await(std::chrono::microseconds wait) override {
    ++awaits;
    if (on_await) on_await();
    clock_->advance(wait);
  }
  std::string waiting_for() const override { return "another process holds the write lock"; }
  tally::Result<void> each_row(const tally::LedgerFilter&,
                               const std::function<bool(const tally::LedgerRow&)>&) override {
    return {};
  }
  tally::Result<void> put_budget(const tally::Budget&) override { return {}; }

  std::chrono::milliseconds takes{0};
  std::optional<std::chrono::milliseconds> bills_take;
  bool answers_at_all = true;
  std::deque<LedgerDone> answers;   ///< To the next writes, in order; then it is stored.
  std::vector<LedgerWrite> writes;  ///< Everything that was handed in.
  std::function<void()> on_await;
  int awaits = 0;
  int collects = 0;

 private:
  struct Waiting {
    std::chrono::microseconds at;
    LedgerDone done;
  };
  std::shared_ptr<fake::Clock> clock_;
  std::deque<Waiting> waiting_;
};

struct LedgerWorld : fake::World {
  explicit LedgerWorld(tally::LedgerOptions ledger_options = {})
      : store(std::make_shared<ClockedStore>(network->clock)), ledger(store, ledger_options) {
    options.ledger = ledger;
  }
  LedgerWrite::Kind kind(std::size_t i) const { return store->writes[i].kind; }

  std::shared_ptr<ClockedStore> store;
  tally::Ledger ledger;
};

tally::LedgerOptions go_on() {
  tally::LedgerOptions options;
  options.on_failure = tally::OnLedgerFailure::go_on;
  return options;
}

tally::Budget budget(std::string id, tally::Money limit = tally::cents(40)) {
  tally::Budget made;
  made.id = std::move(id);
  made.limit = limit;
  return made;
}

LedgerDone failed(std::string message) {
  LedgerDone done;
  done.error = tally::Error{ErrorKind::ledger, std::move(message)};
  return done;
}

LedgerDone refused(BudgetReason reason) {
  tally::BudgetRefusal refusal;
  refusal.reason = reason;
  refusal.status.id = "npc-day";
  refusal.status.limit = tally::cents(40);
  refusal.status.spent = *Decimal::parse("0.396");
  refusal.could_cost = tally::Money{*Decimal::parse("0.0123"), tally::usd};
  LedgerDone done;
  done.refusal = refusal;
  return done;
}

tally::Completion completion_of(const tally::Client& client) {
  tally::Event event;
  while (client.next_event(event) && !event.completion) {
  }
  REQUIRE(event.completion);
  return *std::move(event.completion);
}

std::string amount_of(const LedgerWrite& write, std::size_t i) {
  return write.budgets[i].amount ? to_string(*write.budgets[i].amount) : "unknown";
}

}  // namespace

TEST_CASE("booking: a blocking call lends the store its thread, and waits no longer than needed") {
  LedgerWorld world;
  world.store->takes = 50ms;
  world.network->scripts = {fake::whole_answer()};
  const tally::Completion done = world.open().chat(fake::question());
  CHECK(done.reply);
  CHECK(done.receipt.state == BillState::settled);
  CHECK_FALSE(done.receipt.ledger_error);
  CHECK(world.store->awaits == 10);  // 50 ms each, in pieces of 10.
  CHECK(world.network->clock->elapsed() == 100ms);
}

TEST_CASE("booking: poll never lends its thread, and asks the store once a turn for all calls") {
  LedgerWorld world;
  world.store->takes = 50ms;
  const tally::Client client = world.open();
  for (int i = 0; i < 200; ++i) client.chat_start(fake::question());
  REQUIRE(client.poll());  // The first one looks whether answers were there before.
  const int before = world.store->collects;
  for (int i = 0; i < 10; ++i) REQUIRE(client.poll());
  CHECK(world.store->collects == before + 10);
  CHECK(world.store->awaits == 0);
  CHECK(world.network->clock->elapsed() == 0ms);
  CHECK(world.network->requests.empty());
  world.network->clock->advance(50ms);
  REQUIRE(client.poll());
  CHECK(world.network->requests.size() == 200);
}

TEST_CASE("booking: calls that are admitted at once start a few each turn, so that a frame ends") {
  LedgerWorld world;
  world.store->takes = 50ms;
  const tally::Client client = world.open();
  for (int i = 0; i < 5; ++i) client.chat_start(fake::question());
  REQUIRE(client.poll());
  world.network->clock->advance(50ms);
  for (const std::size_t started : {2u, 4u, 5u, 5u}) {
    REQUIRE(client.poll(0us));  // One turn.
    CHECK(world.network->requests.size() == started);
  }
}

TEST_CASE("booking: wait lends its thread between transfers too") {
  LedgerWorld world;
  world.store->takes = 50ms;
  world.network->scripts = {{}, fake::whole_answer()};  // The first call hears nothing.
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  world.network->clock->advance(50ms);
  REQUIRE(client.poll());
  REQUIRE(world.network->requests.size() == 1);
  client.chat_start(fake::question());
  const auto result = client.wait(10s);
  REQUIRE(result);
  CHECK(result->events_ready > 0);
  CHECK(world.store->awaits > 0);
  CHECK(world.network->clock->elapsed() < 1s);
}

TEST_CASE("booking: a reserve that is never answered ends by the ledger's clock and says why") {
  LedgerWorld world;
  world.store->answers_at_all = false;
  const tally::Completion done = world.open().chat(fake::question());
  REQUIRE_FALSE(done.reply);
  CHECK(done.reply.error().kind == ErrorKind::timeout);
  CHECK(done.reply.error().clock == tally::ClockKind::ledger);
  CHECK(done.reply.error().message ==
        "the ledger did not take the row within 10000 ms (Clocks::ledger): another process holds "
        "the write lock");
  CHECK(done.receipt.state == BillState::not_billed);
  CHECK(done.receipt.attempts[0].reason == "timeout_ledger");
  CHECK(world.network->requests.empty());
  // Its row is handed in, and not waited for as well.
  CHECK(world.network->clock->elapsed() == 10s);
  REQUIRE(world.store->writes.size() == 2);
  CHECK(world.kind(1) == LedgerWrite::Kind::settle);
  CHECK(world.store->writes[1].row.error == "timeout");
}

TEST_CASE("booking: go_on sends without a ledger's answer, or against its error, and says so") {
  LedgerWorld silent(go_on());
  silent.options.clocks.ledger = 2s;
  silent.store->answers_at_all = false;
  silent.network->scripts = {fake::whole_answer()};
  const tally::Completion late = silent.open().chat(fake::question());
  CHECK(late.reply);
  REQUIRE(late.receipt.ledger_error);
  CHECK(late.receipt.ledger_error->clock == tally::ClockKind::ledger);
  CHECK(late.receipt.state == BillState::settled);
  CHECK(silent.network->clock->elapsed() == 4s);  // The reserve's clock and the settle's.

  LedgerWorld full(go_on());
  full.store->answers = {failed("the disk is full")};
  full.network->scripts = {fake::whole_answer()};
  const tally::Completion done = full.open().chat(fake::question());
  CHECK(done.reply);
  REQUIRE(done.receipt.ledger_error);
  CHECK(done.receipt.ledger_error->message == "the disk is full");
}

TEST_CASE("booking: a settle that is never answered ends the call with its answer") {
  LedgerWorld world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  world.store->bills_take = 1h;
  REQUIRE(client.poll());
  REQUIRE(client.wait(1s));
  world.network->clock->advance(10s);
  REQUIRE(client.poll());
  const tally::Completion done = completion_of(client);
  CHECK(done.reply);
  CHECK(done.receipt.state == BillState::settled);
  REQUIRE(done.receipt.ledger_error);
  CHECK(done.receipt.ledger_error->clock == tally::ClockKind::ledger);
}

TEST_CASE("booking: the total clock and a cancel end a call that waits for its reserve") {
  LedgerWorld world;
  world.store->answers_at_all = false;
  world.options.clocks.total = 3s;
  const tally::Client client = world.open();
  const tally::Completion timed_out = client.chat(fake::question());
  CHECK(timed_out.reply.error().clock == tally::ClockKind::total);
  CHECK(world.network->clock->elapsed() == 3s);

  const tally::CallId id = client.chat_start(fake::question());
  REQUIRE(client.poll());
  CHECK(client.cancel(id));
  REQUIRE(client.poll());
  const tally::Completion cancelled = completion_of(client);
  CHECK(cancelled.reply.error().kind == ErrorKind::cancelled);
  CHECK(cancelled.receipt.state == BillState::not_billed);
  CHECK(world.network->requests.empty());
}

TEST_CASE("booking: a shutdown does not wait for a store that never answers") {
  LedgerWorld world;
  world.store->answers_at_all = false;
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  REQUIRE(client.poll());
  client.shutdown(0ms);
  const tally::Completion done = completion_of(client);
  CHECK(done.reply.error().kind == ErrorKind::closed);
  CHECK(done.receipt.state == BillState::not_billed);
}

TEST_CASE("booking: a shutdown also ends a wait for the bill's confirmation") {
  LedgerWorld world;
  world.network->scripts = {fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  world.store->bills_take = 1h;
  REQUIRE(client.poll());
  client.shutdown(0ms);
  const tally::Completion done = completion_of(client);
  CHECK(done.reply);
  REQUIRE(done.receipt.ledger_error);
  CHECK(done.receipt.ledger_error->kind == ErrorKind::closed);
}

TEST_CASE("booking: a budget's no ends the call before it is sent, and says how things stand") {
  LedgerWorld world;
  world.options.retries.most = 2;
  REQUIRE(world.ledger.set_budget(budget("npc-day")));
  world.store->answers = {refused(BudgetReason::amount)};
  const tally::Completion done = world.open().chat(fake::question());
  REQUIRE_FALSE(done.reply);
  CHECK(done.reply.error().kind == ErrorKind::budget);
  CHECK_FALSE(done.reply.error().retry_may_help);
  CHECK_FALSE(done.reply.error().charge_possible);
  CHECK(done.reply.error().message.find("budget \"npc-day\": ") == 0);
  REQUIRE(done.receipt.refusal);
  CHECK(to_string(*done.receipt.refusal->could_cost) == "$0.0123");
  CHECK(done.receipt.state == BillState::not_billed);
  REQUIRE(done.receipt.attempts.size() == 1);
  CHECK(done.receipt.attempts[0].reason == "budget");
  CHECK(world.network->requests.empty());
  REQUIRE(world.store->writes.size() == 2);
  CHECK(world.store->writes[1].row.error == "budget");
  CHECK(world.store->writes[1].budgets.empty());  // It was not let in, so it counts nowhere.
}

TEST_CASE("booking: a refusal for the number of calls says that a retry may help") {
  for (const BudgetReason reason : {BudgetReason::in_flight, BudgetReason::requests_per_minute}) {
    LedgerWorld world;
    world.store->answers = {refused(reason)};
    CHECK(world.open().chat(fake::question()).reply.error().retry_may_help);
  }
}

TEST_CASE("booking: the reserve holds the worst case, and the settle names the bill's window") {
  LedgerWorld world;
  tally::Budget day = budget("all-day");
  day.window = tally::BudgetWindow::day;
  REQUIRE(world.ledger.set_budget(day));
  tally::Budget other = budget("others");
  other.scope = {{"npc", "smith"}};
  REQUIRE(world.ledger.set_budget(other));
  world.network->scripts = {fake::whole_answer()};
  tally::ChatRequest request = fake::question();
  request.max_tokens = 1000;
  tally::CallOptions options;
  options.labels = {{"npc", "baker"}};
  const tally::Completion done = world.open().chat(request, options);
  REQUIRE(done.reply);
  REQUIRE(world.store->writes.size() == 2);
  const LedgerWrite& reserve = world.store->writes[0];
  CHECK(reserve.kind == LedgerWrite::Kind::reserve);
  CHECK(reserve.row.state == BillState::reserved);
  REQUIRE(reserve.budgets.size() == 1);
  CHECK(reserve.budgets[0].budget->id == "all-day");
  // Peak begins at 06:00, an hour after the call: 0.30 in and 1.20 out, per million. The body has
  // 104 bytes; the allowance of DeepSeek's card is 32 + 8 for the message + 128 for thinking.
  // (104 + 168) * 0.30 + 1000 * 1.20 = 81.6 + 1200 dollars for a million calls.
  REQUIRE(world.network->requests[0].body->size() == 104);
  CHECK(amount_of(reserve, 0) == "0.0012816");
  CHECK(tally::to_string(reserve.budgets[0].window.begin) == "2026-11-18T00:00:00Z");
  REQUIRE(reserve.row.hold);
  CHECK(to_string(*reserve.row.hold) == "$0.0012816");
  REQUIRE(reserve.row.cost.bounds);
  CHECK(reserve.row.cost.bounds->low.amount < *Decimal::parse("0.000001"));
  CHECK(to_string(reserve.row.cost.bounds->high) == "$0.0012816");
  CHECK(reserve.row.price);
  CHECK(reserve.row.host == "api.deepseek.com");
  const LedgerWrite& settle = world.store->writes[1];
  CHECK(settle.kind == LedgerWrite::Kind::settle);
  CHECK(settle.row.finish_reason == "stop");
  CHECK(settle.row.billed_at == settle.row.completed);
  CHECK(settle.row.first_byte_after);
  CHECK(settle.row.error.empty());
  CHECK(to_string(*settle.row.hold) == "$0.0012816");
  REQUIRE(settle.budgets.size() == 1);
  CHECK(tally::to_string(settle.budgets[0].window.end) == "2026-11-19T00:00:00Z");
}

TEST_CASE("booking: a bill after midnight counts in the new day's window") {
  LedgerWorld world;
  tally::Budget day = budget("day");
  day.window = tally::BudgetWindow::day;
  REQUIRE(world.ledger.set_budget(day));
  fake::Script slow = fake::whole_answer();
  slow[2].after = 19h + 1min - 1s;
  world.options.clocks.first_byte = 0ms;
  world.network->scripts = {slow};
  const tally::Completion done = world.open().chat(fake::question());
  REQUIRE(done.reply);
  CHECK(tally::to_string(world.store->writes[0].budgets[0].window.begin) == "2026-11-18T00:00:00Z");
  CHECK(tally::to_string(world.store->writes[1].budgets[0].window.begin) == "2026-11-19T00:00:00Z");
}

TEST_CASE("booking: every attempt makes a hold of its own, and a refused one ends the call") {
  LedgerWorld world;
  REQUIRE(world.ledger.set_budget(budget("total")));
  world.options.retries.most = 2;
  const fake::Script overloaded = {fake::connect(), fake::head(503),
                                   fake::body(R"({"error":{"message":"busy"}})"), fake::end()};
  world.network->scripts = {overloaded, overloaded, fake::whole_answer()};
  const tally::Client client = world.open();
  CHECK(client.chat(fake::question()).reply);
  REQUIRE(world.store->writes.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(world.kind(i) == (i % 2 == 0 ? LedgerWrite::Kind::reserve : LedgerWrite::Kind::settle));
    CHECK(world.store->writes[i].budgets.size() == 1);
  }

  world.network->scripts = {overloaded};
  world.store->answers = {{}, {}, refused(BudgetReason::amount)};
  const tally::Completion done = client.chat(fake::question());
  CHECK(done.reply.error().kind == ErrorKind::budget);
  CHECK(done.receipt.attempts.size() == 2);
}

TEST_CASE("booking: the smallest assumed output is written into a request that names none") {
  LedgerWorld world;
  tally::Budget large = budget("large");
  tally::Budget small = budget("small");
  small.assume_max_tokens = 300;
  REQUIRE(world.ledger.set_budget(large));
  REQUIRE(world.ledger.set_budget(small));
  world.network->scripts = {fake::whole_answer(), fake::whole_answer(), fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat(fake::question());
  CHECK(world.network->requests[0].body->find("\"max_tokens\":300") != std::string::npos);

  tally::ChatRequest bounded = fake::question();
  bounded.max_tokens = 20;
  client.chat(bounded);
  CHECK(world.network->requests[1].body->find("\"max_tokens\":20") != std::string::npos);

  bounded.max_tokens.reset();
  bounded.extra = R"({"max_completion_tokens":50})";
  client.chat(bounded);
  CHECK(world.network->requests[2].body->find("\"max_tokens\"") == std::string::npos);
}

TEST_CASE("booking: what has no price is refused, allowed or assumed, as the budget says") {
  LedgerWorld world;
  tally::ChatRequest unknown = fake::question();
  unknown.model = "some-model";
  unknown.max_tokens = 1000;
  tally::Budget careful = budget("careful");
  REQUIRE(world.ledger.set_budget(careful));
  const tally::Completion refusal = world.open().chat(unknown);
  CHECK(refusal.reply.error().kind == ErrorKind::budget);
  CHECK(refusal.reply.error().message.find("no price is known for model 'some-model'") !=
        std::string::npos);
  REQUIRE(refusal.receipt.refusal);
  CHECK(refusal.receipt.refusal->reason == BudgetReason::unpriced);
  REQUIRE(world.store->writes.size() == 1);  // Nothing was reserved.
  CHECK(world.kind(0) == LedgerWrite::Kind::settle);

  careful.on_unpriced = tally::OnUnpriced::allow;
  REQUIRE(world.ledger.set_budget(careful));
  world.network->scripts = {fake::whole_answer(), fake::whole_answer()};
  CHECK(world.open().chat(unknown).reply);
  CHECK(amount_of(world.store->writes[1], 0) == "unknown");

  careful.on_unpriced = tally::OnUnpriced::assume;
  careful.assume_input = {1, 0};
  careful.assume_output = {2, 0};
  REQUIRE(world.ledger.set_budget(careful));
  CHECK(world.open().chat(unknown).reply);
  // 100 bytes of body and the same allowance of 168, at 1 and 2 dollars per million:
  // 268 + 2 * 1000, for a million calls.
  CHECK(world.network->requests[1].body->size() == 100);
  CHECK(amount_of(world.store->writes[3], 0) == "0.002268");
}

TEST_CASE("booking: a budget in another currency does not take dollars for its own") {
  LedgerWorld world;
  REQUIRE(world.ledger.set_budget(budget("yuan", tally::cents(40, tally::cny))));
  const tally::Completion done = world.open().chat(fake::question());
  CHECK(done.reply.error().kind == ErrorKind::budget);
  CHECK(done.receipt.refusal->reason == BudgetReason::unpriced);
}

TEST_CASE("booking: notices reach the hook once, with the call's id") {
  LedgerWorld world;
  LedgerDone noticed;
  noticed.notices.push_back({tally::BudgetNotice::Kind::exceeded, {}});
  LedgerDone passed;
  passed.notices.push_back({tally::BudgetNotice::Kind::soft_threshold, {}});
  world.store->answers = {noticed, passed};
  world.network->scripts = {fake::whole_answer()};
  std::vector<tally::BudgetNotice> told;
  world.options.hooks.on_budget = [&](const tally::BudgetNotice& notice) {
    told.push_back(notice);
  };
  const tally::Completion done = world.open().chat(fake::question());
  REQUIRE(told.size() == 2);
  CHECK(told[0].kind == tally::BudgetNotice::Kind::exceeded);
  CHECK(told[1].kind == tally::BudgetNotice::Kind::soft_threshold);
  CHECK(told[0].call_id == done.receipt.call_id);
}

TEST_CASE("booking: a cancel from elsewhere ends a blocking call's wait for the store") {
  LedgerWorld world;
  world.store->answers_at_all = false;
  tally::CallOptions options;
  options.cancel.emplace();
  world.store->on_await = [&] { options.cancel->cancel(); };
  const tally::Completion done = world.open().chat(fake::question(), options);
  CHECK(done.reply.error().kind == ErrorKind::cancelled);
  CHECK(world.network->clock->elapsed() <= 20ms);
}
