// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "unit/ledger/store_contract.hpp"
#include "unit/ledger/store_session.hpp"

namespace contract {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using tally::BillState;
using tally::Budget;
using tally::BudgetHold;
using tally::BudgetReason;
using tally::BudgetWindow;
using tally::Instant;
using tally::LedgerRow;
using tally::TimeSpan;

tally::Decimal micros(std::int64_t count) {
  return {count / 1'000'000, count % 1'000'000 * 1'000'000'000'000};
}

/// A call as the model knows it; amounts in millionths of a dollar.
struct Call {
  int number = 0;
  std::string npc;
  Instant start{};
  Instant billed{};
  std::int64_t hold = 0;
  std::int64_t amount = 0;
  BillState state = BillState::reserved;
  bool was_recovered = false;

  Instant counts_at() const { return state == BillState::reserved ? start : billed; }
  bool is_unknown() const { return state == BillState::unpriced || state == BillState::partial; }
  std::int64_t charge() const {
    if (state == BillState::not_billed) return 0;
    if (state == BillState::unpriced) return hold;
    return state == BillState::partial ? std::max(amount, hold) : amount;
  }
};

struct Sums {
  std::int64_t spent = 0, held = 0, estimated = 0, unpriced = 0, in_flight = 0, begun_lately = 0;
};

class RandomCourse {
 public:
  RandomCourse(const StoreUnderTest& store, unsigned seed) : session_(store), random_(seed) {
    const char* ids[] = {"a", "b", "c", "d"};
    const BudgetWindow kinds[] = {BudgetWindow::hour, BudgetWindow::day, BudgetWindow::total,
                                  BudgetWindow::call};
    for (int i = 0; i < 4; ++i) {
      Budget one = budget(ids[i], "0");
      one.limit.amount = micros(pick(200, 3000));
      one.window = kinds[pick(0, 3)];
      if (pick(0, 1) == 0) one.scope = {{"npc", pick(0, 1) == 0 ? "smith" : "cook"}};
      one.most_in_flight = pick(0, 3) == 0 ? pick(2, 8) : 0;
      one.requests_per_minute = pick(0, 3) == 0 ? pick(1, 3) : 0;
      one.on_exceed = pick(0, 5) == 0 ? tally::OnExceed::warn : tally::OnExceed::refuse;
      budgets_.push_back(one);
      session_.set(hold(one, "", {}));
    }
  }

  void step() {
    const int choice = calls_.empty() ? 0 : pick(0, 9);
    if (choice < 4) return begin();
    Call& call = calls_[static_cast<std::size_t>(pick(0, static_cast<int>(calls_.size()) - 1))];
    if (choice == 9) return reserve_again(call);
    settle(call);
  }

  void check_everything() {
    for (const Budget& budget : budgets_) {
      for (const Call& call : calls_) check(budget, call.start), check(budget, call.counts_at());
    }
    const auto drift = session_.store().verify_budgets(tally::LedgerStore::Repair::no);
    REQUIRE(drift);
    CHECK(drift->empty());
    CHECK(session_.rows().size() == calls_.size());
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  static TimeSpan window(const Budget& budget, Instant at) {
    if (budget.window == BudgetWindow::call) return {at, at};
    if (budget.window == BudgetWindow::total) return {Instant{}, Instant::max()};
    const hours length(budget.window == BudgetWindow::hour ? 1 : 24);
    const Instant begin(at.time_since_epoch() / length * length);
    return {begin, begin + length};
  }

  static bool matches(const Budget& budget, const std::string& npc) {
    return budget.scope.empty() || budget.scope.at("npc") == npc;
  }

  Sums sums(const Budget& budget, Instant at) const {
    const TimeSpan span = window(budget, at);
    Sums sums;
    for (const Call& call : calls_) {
      if (!matches(budget, call.npc)) continue;
      const bool is_open = call.state == BillState::reserved;
      sums.in_flight += is_open ? 1 : 0;
      sums.begun_lately += call.start > at - minutes(1) && call.start <= at ? 1 : 0;
      if (call.counts_at() < span.begin || call.counts_at() >= span.end) continue;
      if (is_open) {
        sums.held += call.hold;
        continue;
      }
      sums.spent += call.charge();
      if (call.state == BillState::estimated) sums.estimated += call.charge();
      sums.unpriced += call.is_unknown() ? 1 : 0;
    }
    return sums;
  }

  /// Which budget has to say no, and why.
  std::optional<std::pair<std::string, BudgetReason>> refusal(const Call& call) const {
    for (const Budget& budget : budgets_) {
      if (!matches(budget, call.npc)) continue;
      const Sums now = sums(budget, call.start);
      const auto is_full = [](std::int64_t count, int most) { return most > 0 && count >= most; };
      if (is_full(now.in_flight, budget.most_in_flight)) {
        return std::pair(budget.id, BudgetReason::in_flight);
      }
      if (is_full(now.begun_lately, budget.requests_per_minute)) {
        return std::pair(budget.id, BudgetReason::requests_per_minute);
      }
      if (budget.on_exceed == tally::OnExceed::warn) continue;
      const tally::Decimal wanted = micros(now.spent + now.held + call.hold);
      if (budget.limit.amount < wanted) return std::pair(budget.id, BudgetReason::amount);
    }
    return std::nullopt;
  }

  std::vector<BudgetHold> holds(const Call& call, Instant at) const {
    std::vector<BudgetHold> holds;
    for (const Budget& budget : budgets_) {
      if (!matches(budget, call.npc)) continue;
      holds.push_back(hold(budget, "", window(budget, at)));
      holds.back().amount = micros(call.hold);
    }
    return holds;
  }

  LedgerRow row(const Call& call) const {
    LedgerRow row = reserved(call.number);
    row.labels = {{"npc", call.npc}};
    row.started = call.start;
    row.hold = tally::Money{micros(call.hold), tally::usd};
    if (call.state == BillState::reserved) return row;
    row.state = call.state;
    row.revision = 1;
    row.completed = row.billed_at = call.billed;
    row.reason = call.was_recovered ? "lease_expired" : "";
    const bool has_cost = call.state != BillState::unpriced && call.state != BillState::not_billed;
    if (has_cost) row.cost.total = tally::Money{micros(call.amount), tally::usd};
    return row;
  }

  void begin() {
    Call call;
    call.number = ++last_number_;
    call.npc = pick(0, 1) == 0 ? "smith" : "cook";
    call.start = at("2026-04-05T22:00:00Z") + std::chrono::seconds(pick(0, 400) * 20);
    call.hold = pick(0, 300);
    const auto expected = refusal(call);
    const auto done = session_.reserve(row(call), holds(call, call.start));
    CHECK_FALSE(done.error);
    REQUIRE(done.refusal.has_value() == expected.has_value());
    if (expected) {
      CHECK(done.refusal->status.id == expected->first);
      CHECK(done.refusal->reason == expected->second);
      return;
    }
    calls_.push_back(call);
    check_budgets_of(call);
  }

  void reserve_again(const Call& call) {
    Call again = call;
    again.hold += 1000;
    again.state = BillState::reserved;
    const auto done = session_.reserve(row(again), holds(again, call.start));
    CHECK_FALSE(done.error);
    CHECK_FALSE(done.refusal);
    check_budgets_of(call);
  }

  void settle(Call& call) {
    Call bill = call;
    constexpr BillState states[] = {BillState::settled,   BillState::settled, BillState::estimated,
                                    BillState::estimated, BillState::partial, BillState::unpriced,
                                    BillState::not_billed};
    bill.state = states[pick(0, 6)];
    bill.amount = pick(0, 1) == 0 ? call.hold : pick(0, 450);
    bill.billed = call.start + std::chrono::seconds(pick(0, 5400));
    bill.was_recovered = bill.state == BillState::estimated && pick(0, 1) == 0;
    CHECK_FALSE(session_.settle(row(bill), holds(bill, bill.billed)).error);
    if (call.state == BillState::reserved || call.was_recovered) call = bill;
    check_budgets_of(call);
  }

  void check_budgets_of(const Call& call) {
    for (const Budget& budget : budgets_) {
      check(budget, call.start);
      check(budget, call.counts_at());
    }
  }

  void check(const Budget& budget, Instant at) {
    Sums wanted = sums(budget, at);
    if (budget.window == BudgetWindow::call) {  // Nothing accumulates.
      const std::int64_t in_flight = wanted.in_flight;
      wanted = {};
      wanted.in_flight = in_flight;
    }
    const std::string text =
        to_string(micros(wanted.spent)) + ' ' + to_string(micros(wanted.held)) + ' ' +
        to_string(micros(wanted.estimated)) + ' ' + std::to_string(wanted.unpriced) + ' ' +
        std::to_string(wanted.in_flight);
    CAPTURE(budget.id);
    REQUIRE(figures(session_.status(hold(budget, "", window(budget, at)))) == text);
  }

  Session session_;
  std::mt19937 random_;
  std::vector<Budget> budgets_;  // Sorted by id.
  std::vector<Call> calls_;
  int last_number_ = 0;
};

}  // namespace

void check_random_course(const StoreUnderTest& store, unsigned seed, int steps) {
  CAPTURE(seed);
  RandomCourse course(store, seed);
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    course.step();
  }
  course.check_everything();
}

}  // namespace contract
