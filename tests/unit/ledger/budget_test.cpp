// SPDX-License-Identifier: MIT
#include "tally/budget.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "tally/ledger.hpp"
#include "unit/ledger/store_session.hpp"

using tally::Budget;
using tally::BudgetReason;
using tally::BudgetRefusal;
using tally::BudgetStatus;

namespace {

constexpr std::int64_t most_units = std::numeric_limits<std::int64_t>::max();

/// What is wrong with a budget that is right but for one change; empty: nothing.
template <class Change>
std::string complaint(const Change& change) {
  Budget budget = contract::budget("b", "1");
  change(budget);
  const auto checked = check_budget(budget);
  if (checked) return {};
  CHECK(checked.error().kind == tally::ErrorKind::invalid_argument);
  return checked.error().message;
}

BudgetRefusal refusal(BudgetReason reason) {
  BudgetRefusal no;
  no.reason = reason;
  no.status.id = "npc-day";
  no.status.limit = contract::dollars("0.4");
  no.status.window = contract::day("2026-11-22");
  no.status.spent = contract::decimal("0.3");
  no.status.held = contract::decimal("0.096");
  no.status.in_flight = 3;
  no.could_cost = contract::dollars("0.0123");
  return no;
}

}  // namespace

TEST_CASE("budget: left is what is neither spent nor held, and goes below 0") {
  BudgetStatus status;
  status.limit = contract::dollars("1");
  CHECK(to_string(status.left()) == "1");
  status.spent = contract::decimal("0.3");
  status.held = contract::decimal("0.6");
  CHECK(to_string(status.left()) == "0.1");
  status.spent = contract::decimal("1.000000000000000001");
  CHECK(to_string(status.left()) == "-0.600000000000000001");
}

TEST_CASE("budget: too far below 0 to be told is as little as there can be") {
  BudgetStatus status;
  status.limit = contract::dollars("0");
  status.spent = {most_units, 0};
  status.held = {most_units, 0};
  CHECK(status.left().is_negative());
  CHECK(to_string(status.left()) == "-9223372036854775808");
}

TEST_CASE("budget: a refusal says the budget, what the call could cost, what is left, and until") {
  BudgetRefusal no = refusal(BudgetReason::amount);
  CHECK(to_string(no) ==
        "budget \"npc-day\": the call could cost $0.0123, and $0.004 of $0.4 is left until "
        "2026-11-23T00:00:00Z");
  no.could_cost.reset();
  no.status.window = {tally::Instant{}, tally::Instant::max()};
  CHECK(to_string(no) ==
        "budget \"npc-day\": the call could cost an unknown amount, and $0.004 of $0.4 is left");
  no.status.window.end = no.status.window.begin;  // Of one call.
  no.could_cost = contract::dollars("1");
  CHECK(to_string(no) == "budget \"npc-day\": the call could cost $1, and $0.004 of $0.4 is left");
}

TEST_CASE("budget: refusals for numbers and for an unknown price say that") {
  CHECK(to_string(refusal(BudgetReason::in_flight)) ==
        "budget \"npc-day\": 3 calls are in flight, and no more are allowed");
  CHECK(to_string(refusal(BudgetReason::requests_per_minute)) ==
        "budget \"npc-day\": no more calls are allowed within 60 seconds");
  CHECK(to_string(refusal(BudgetReason::unpriced)) ==
        "budget \"npc-day\": what the call could cost is not known (Budget::on_unpriced)");
}

TEST_CASE("budget: what makes no sense is refused, and named") {
  CHECK(complaint([](Budget&) {}) == "");
  CHECK(complaint([](Budget& b) { b.id = ""; }).find("Budget::id") == 0);
  CHECK(complaint([](Budget& b) { b.limit = tally::cents(-1); }) ==
        "budget \"b\": limit is below 0");
  CHECK(complaint([](Budget& b) { b.limit = tally::cents(0); }) == "");
  CHECK(complaint([](Budget& b) { b.limit.amount = {4'000'000'000, 0}; }) == "");
  CHECK(complaint([](Budget& b) {
          b.limit.amount = {4'000'000'001, 0};
        }) == "budget \"b\": limit is above 4,000,000,000");
  CHECK(complaint([](Budget& b) { b.soft_permille = -1; }).find("soft_permille") < 20);
  CHECK(complaint([](Budget& b) { b.soft_permille = 1001; }).find("soft_permille") < 20);
  CHECK(complaint([](Budget& b) { b.soft_permille = 1000; }) == "");
  CHECK(complaint([](Budget& b) { b.assume_max_tokens = 0; }).find("assume_max_tokens") < 20);
  CHECK(complaint([](Budget& b) { b.most_in_flight = -1; }).find("most_in_flight") < 20);
  CHECK(complaint([](Budget& b) { b.requests_per_minute = -1; }).find("requests_per") < 20);
  CHECK(complaint([](Budget& b) { b.assume_input = {-1, 0}; }).find("assumed price") < 20);
  CHECK(complaint([](Budget& b) { b.assume_output = {0, -1}; }).find("assumed price") < 20);
}

TEST_CASE("budget: an assumed price of 0 for output is refused, since unknown is never free") {
  const auto assuming = [](tally::Decimal output) {
    return complaint([output](Budget& b) {
      b.on_unpriced = tally::OnUnpriced::assume;
      b.assume_output = output;
    });
  };
  CHECK(assuming({0, 0}).find("never free") != std::string::npos);
  CHECK(assuming({0, 1}) == "");
}

TEST_CASE("budget: a ledger does not take one that makes no sense") {
  const tally::Ledger ledger = tally::Ledger::in_memory();
  CHECK_FALSE(ledger.set_budget(Budget{}));
  CHECK(ledger.budgets().empty());
}
