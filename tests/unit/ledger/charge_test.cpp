// SPDX-License-Identifier: MIT
#include "ledger/charge.hpp"

#include <doctest/doctest.h>

#include <string>

#include "unit/ledger/store_session.hpp"

using namespace contract;
using tally::BillState;
using tally::LedgerRow;

namespace {

std::string charge(const LedgerRow& row, tally::Currency currency = tally::usd) {
  const auto amount = charge_of(row, currency);
  return amount ? to_string(*amount) : "unknown";
}

LedgerRow with_bounds(LedgerRow row, const char* low, const char* high) {
  row.cost.bounds = tally::CostBounds{contract::dollars(low), contract::dollars(high)};
  return row;
}

}  // namespace

TEST_CASE("charge: the bill counts, and a hold is no part of it") {
  CHECK(charge(settled(reserved(1, "0.5"), "0.25")) == "0.25");
  CHECK(charge(settled(reserved(1, "0.5"), "0")) == "0");
  CHECK(charge(estimated(reserved(1, "0.5"), "0.125", "stream_cut")) == "0.125");
}

TEST_CASE("charge: what was not billed counts 0, in any currency") {
  CHECK(charge(not_billed(reserved(1, "0.5"))) == "0");
  CHECK(charge(not_billed(reserved(1, "0.5")), tally::cny) == "0");
}

TEST_CASE("charge: of a bill with an unknown part at least what was held counts") {
  CHECK(charge(partial(reserved(1, "0.5"), "0.25")) == "0.5");
  CHECK(charge(partial(reserved(1, "0.5"), "0.75")) == "0.75");
  CHECK(charge(partial(reserved(1), "0.25")) == "0.25");
  CHECK(charge(unpriced(reserved(1, "0.5"))) == "0.5");
  CHECK(charge(unpriced(reserved(1))) == "unknown");
  CHECK(charge(reserved(1, "0.5")) == "0.5");
}

TEST_CASE("charge: nothing is converted") {
  CHECK(charge(settled(reserved(1, "0.5"), "0.25"), tally::cny) == "unknown");
  LedgerRow row = partial(reserved(1, "0.5"), "0.25");
  row.hold = contract::yuan("9");
  CHECK(charge(row) == "0.25");
  CHECK(charge(row, tally::cny) == "9");
}

TEST_CASE("charge: a budget's scope is all of its labels") {
  tally::Budget budget;
  const tally::Labels labels = {{"player", "p-1"}, {"npc", "smith"}};
  const auto counts = [&](tally::Labels scope) {
    budget.scope = std::move(scope);
    return is_in_scope(budget, labels, "deepseek", "deepseek-chat");
  };
  CHECK(counts({}));
  CHECK(counts({{"player", "p-1"}}));
  CHECK(counts({{"player", "p-1"}, {"npc", "smith"}}));
  CHECK_FALSE(counts({{"player", "p-1"}, {"npc", "cook"}}));
  CHECK_FALSE(counts({{"player", "p-11"}}));
  CHECK_FALSE(counts({{"guild", ""}}));
}

TEST_CASE("charge: provider and model are labels by themselves, unless a label has that key") {
  tally::Budget budget;
  const auto counts = [&](tally::Labels scope, const tally::Labels& labels) {
    budget.scope = std::move(scope);
    return is_in_scope(budget, labels, "deepseek", "deepseek-chat");
  };
  CHECK(counts({{"provider", "deepseek"}, {"model", "deepseek-chat"}}, {}));
  CHECK_FALSE(counts({{"provider", "groq"}}, {}));
  CHECK_FALSE(counts({{"model", "deepseek-chat"}}, {{"model", "cheap"}}));
  CHECK(counts({{"model", "cheap"}}, {{"model", "cheap"}}));
}

TEST_CASE("charge: only recovery's own estimate may be replaced by a late bill") {
  CHECK(was_recovered(estimated(reserved(1), "1", "owner_gone")));
  CHECK(was_recovered(estimated(reserved(1), "1", "lease_expired")));
  CHECK_FALSE(was_recovered(estimated(reserved(1), "1", "stream_cut")));
  LedgerRow open = reserved(1);
  open.reason = "owner_gone";
  CHECK_FALSE(was_recovered(open));
}

TEST_CASE("charge: a dead owner's row is estimated at its upper bound, from its start on") {
  const LedgerRow row = with_bounds(reserved(1, "0.5"), "0.125", "0.5");
  const auto now = contract::at("2026-04-06T00:00:00Z");
  const LedgerRow dead = estimated_after_death(row, "owner_gone", now);
  CHECK(dead.state == BillState::estimated);
  CHECK(dead.reason == "owner_gone");
  CHECK(dead.revision == 1);
  CHECK(to_string(*dead.cost.total) == "$0.5");
  CHECK(dead.cost.is_estimate);
  CHECK(to_string(dead.cost.bounds->low) == "$0.125");
  CHECK(dead.usage.source == tally::UsageSource::estimator);
  CHECK(*dead.completed == now);
  CHECK(*dead.billed_at == row.started);
  CHECK(charge(dead) == "0.5");
}

TEST_CASE("charge: without bounds a dead owner's row has no price, and its hold counts") {
  const LedgerRow dead =
      estimated_after_death(reserved(1, "0.5"), "owner_gone", contract::at("2026-04-06T00:00:00Z"));
  CHECK(dead.state == BillState::unpriced);
  CHECK_FALSE(dead.cost.total);
  CHECK(charge(dead) == "0.5");
}

TEST_CASE("charge: a reference has what finds a price again, and what proves it") {
  tally::PriceQuery query;
  query.model = "deepseek-flash";
  query.at = contract::at("2026-11-22T12:00:00Z");
  const auto price = tally::PriceCatalog::builtin().price_at(query);
  REQUIRE(price);
  const tally::PriceReference reference = reference_of(*price);
  CHECK(reference.entry_id == "ds-v41f-b");
  CHECK(reference.sha256.size() == 64);
  CHECK(reference.catalog_version == "2026-11-22.1");
  CHECK(reference.model == "deepseek-v4.1-flash");
  CHECK(reference.band == "offpeak");
  CHECK(reference.service_tier.empty());
  CHECK_FALSE(reference.context_tier);
}
