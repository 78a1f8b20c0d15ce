// SPDX-License-Identifier: MIT
#include "client/meter.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using tally::BillState;
using tally::SteadyInstant;

namespace {

tally::Attempt billed(BillState state, std::optional<tally::Money> total) {
  tally::Attempt attempt;
  attempt.state = state;
  attempt.cost.total = total;
  return attempt;
}

}  // namespace

TEST_CASE("meter: estimates are part of what was spent; unknown amounts are counted, not added") {
  tally::Meter meter(tally::usd);
  meter.count(billed(BillState::settled, tally::cents(5)));
  meter.count(billed(BillState::estimated, tally::cents(3)));
  meter.count(billed(BillState::partial, tally::cents(1)));
  meter.count(billed(BillState::unpriced, std::nullopt));
  meter.count(billed(BillState::not_billed, std::nullopt));
  const tally::Snapshot snapshot = meter.read(SteadyInstant(0s));
  CHECK(snapshot.spent == tally::cents(9));
  CHECK(snapshot.estimated == tally::cents(3));
  CHECK(snapshot.unpriced_attempts == 2);
}

TEST_CASE("meter: an amount in another currency is not added, and not lost from sight") {
  tally::Meter meter(tally::usd);
  meter.count(billed(BillState::settled, tally::cents(5, tally::cny)));
  const tally::Snapshot snapshot = meter.read(SteadyInstant(0s));
  CHECK(snapshot.spent == tally::cents(0));
  CHECK(snapshot.unpriced_attempts == 1);
}

TEST_CASE("meter: tokens a second are those of the last two seconds") {
  tally::Meter meter(tally::usd);
  meter.count_output(100, SteadyInstant(10s));
  meter.count_output(20, SteadyInstant(11s));
  CHECK(meter.read(SteadyInstant(11s)).tokens_per_second == 60);
  CHECK(meter.read(SteadyInstant(12s + 100ms)).tokens_per_second == 10);
  CHECK(meter.read(SteadyInstant(13s + 100ms)).tokens_per_second == 0);
  CHECK(meter.read(SteadyInstant(100h)).tokens_per_second == 0);
}

TEST_CASE("meter: the budget with the least left is shown") {
  tally::Meter meter(tally::usd);
  tally::BudgetStatus wide;
  wide.limit = tally::cents(500);
  wide.spent = tally::cents(100).amount;
  tally::BudgetStatus tight;
  tight.limit = tally::cents(40);
  tight.spent = tally::cents(30).amount;
  tight.held = tally::cents(4).amount;
  meter.show_budgets({wide, tight});
  meter.show_budgets({});
  const auto budget = meter.read(SteadyInstant(0s)).budget;
  REQUIRE(budget);
  CHECK(budget->limit == tally::cents(40));
  CHECK(budget->spent == tally::cents(30).amount);
  CHECK(budget->left == tally::cents(6).amount);
}
