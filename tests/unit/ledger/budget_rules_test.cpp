// SPDX-License-Identifier: MIT
#include "ledger/budget_rules.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "unit/ledger/store_session.hpp"

using namespace contract;
using tally::BudgetNotice;
using tally::BudgetReason;
using tally::BudgetStatus;
using tally::Decimal;
using tally::WindowEntry;

namespace {

constexpr Decimal most{std::numeric_limits<std::int64_t>::max(), 999'999'999'999'999'999};

BudgetStatus status(const char* limit, const char* spent, const char* held = "0") {
  BudgetStatus status;
  status.id = "b";
  status.limit = contract::dollars(limit);
  status.spent = decimal(spent);
  status.held = decimal(held);
  return status;
}

WindowEntry open_entry(const char* held) {
  WindowEntry entry;
  entry.held = decimal(held);
  return entry;
}

WindowEntry charged(const char* amount, const char* held = "0") {
  WindowEntry entry = open_entry(held);
  entry.charged = decimal(amount);
  return entry;
}

/// `charged held`, and what it is besides.
std::string text(const WindowEntry& entry) {
  return (entry.charged ? to_string(*entry.charged) : "open") + ' ' + to_string(entry.held) +
         (entry.is_estimate ? " estimate" : "") + (entry.is_unpriced ? " unpriced" : "");
}

std::string refused(const tally::BudgetHold& hold, const BudgetStatus& now, int lately = 0) {
  const auto refusal = refusal_of(hold, now, lately);
  return refusal ? std::string(to_string(refusal->reason)) : "";
}

/// Kinds of the notices, one after the other.
std::string told(const tally::Budget& budget, const BudgetStatus& before, const BudgetStatus& after,
                 const WindowEntry& entry) {
  std::string kinds;
  for (const BudgetNotice& notice : notices_of(budget, before, after, entry)) {
    kinds.append(kinds.empty() ? "" : " ").append(to_string(notice.kind));
    CHECK(figures(notice.status) == figures(after));
  }
  return kinds;
}

}  // namespace

TEST_CASE("budget rules: a settled row counts its bill") {
  const auto entry = [](const tally::LedgerRow& row, const char* held) {
    return text(settled_entry(row, tally::usd, decimal(held)));
  };
  CHECK(entry(settled(reserved(1), "0.25"), "0.5") == "0.25 0.5");
  CHECK(entry(estimated(reserved(1), "0.25", "stream_cut"), "0.5") == "0.25 0.5 estimate");
  CHECK(entry(not_billed(reserved(1)), "0.5") == "0 0.5");
}

TEST_CASE("budget rules: an unknown part counts at least what was held") {
  const auto entry = [](const tally::LedgerRow& row, const char* held) {
    return text(settled_entry(row, tally::usd, decimal(held)));
  };
  CHECK(entry(partial(reserved(1, "0.5"), "0.25"), "0.5") == "0.5 0.5 unpriced");
  CHECK(entry(partial(reserved(1, "0.5"), "0.75"), "0.5") == "0.75 0.5 unpriced");
  CHECK(entry(unpriced(reserved(1, "0.5")), "0.5") == "0.5 0.5 unpriced");
  CHECK(entry(unpriced(reserved(1)), "0") == "0 0 unpriced");
  // An assumed price: the hold is the budget's own, and the row has none.
  CHECK(entry(unpriced(reserved(1)), "0.125") == "0.125 0.125 unpriced");
  CHECK(entry(partial(reserved(1), "0.0625"), "0.125") == "0.125 0.125 unpriced");
}

TEST_CASE("budget rules: a bill in another currency is an unknown part") {
  tally::LedgerRow row = settled(contract::reserved(1), "0");
  row.cost.total = contract::yuan("3");
  CHECK(text(settled_entry(row, tally::usd, decimal("0.5"))) == "0.5 0.5 unpriced");
  CHECK(text(settled_entry(row, tally::cny, decimal("0.5"))) == "3 0.5");
}

TEST_CASE("budget rules: an open entry is held and in flight, a settled one is spent") {
  BudgetStatus now = *with_entry(status("1", "0.1"), open_entry("0.2"));
  CHECK(figures(now) == "0.1 0.2 0 0 1");
  now = *with_entry(now, charged("0.3", "0.5"));  // What it held is no part of it any more.
  CHECK(figures(now) == "0.4 0.2 0 0 1");
  WindowEntry estimate = charged("0.05");
  estimate.is_estimate = true;
  now = *with_entry(now, estimate);
  CHECK(figures(now) == "0.45 0.2 0.05 0 1");
  WindowEntry unpriced = charged("0.01");
  unpriced.is_unpriced = true;
  now = *with_entry(now, unpriced);
  CHECK(figures(now) == "0.46 0.2 0.05 1 1");
  now = *without_entry(now, unpriced);
  now = *without_entry(now, estimate);
  now = *without_entry(now, charged("0.3", "0.5"));
  now = *without_entry(now, open_entry("0.2"));
  CHECK(figures(now) == "0.1 0 0 0 0");
}

TEST_CASE("budget rules: a sum that does not fit is nothing") {
  BudgetStatus full = status("1", "0");
  full.spent = most;
  CHECK_FALSE(with_entry(full, charged("0.000000000000000001")));
  CHECK(with_entry(full, charged("0")));
  CHECK(with_entry(full, open_entry("1")));
  full.held = most;
  CHECK_FALSE(with_entry(full, open_entry("0.000000000000000001")));
  BudgetStatus estimates = status("1", "0");
  estimates.estimated = most;
  WindowEntry estimate = charged("1");
  estimate.is_estimate = true;
  CHECK_FALSE(with_entry(estimates, estimate));
}

TEST_CASE("budget rules: what is left may be held to the last atto") {
  const auto limit = budget("b", "1");
  CHECK(refused(hold(limit, "0.5"), status("1", "0.3", "0.2")) == "");
  CHECK(refused(hold(limit, "0.500000000000000001"), status("1", "0.3", "0.2")) == "amount");
  CHECK(refused(hold(limit, "0"), status("1", "0.8", "0.2")) == "");
}

TEST_CASE("budget rules: after an overshoot nothing goes through, whatever it costs") {
  const auto limit = budget("b", "1");
  CHECK(refused(hold(limit, "0"), status("1", "1.000000000000000001")) == "amount");
  CHECK(refused(hold(limit), status("1", "1.000000000000000001")) == "amount");
  CHECK(refused(hold(limit), status("1", "1")) == "");
}

TEST_CASE("budget rules: caps on numbers come first, and a warning budget keeps them") {
  tally::Budget capped = budget("b", "1");
  capped.most_in_flight = 2;
  capped.requests_per_minute = 3;
  for (const auto on_exceed : {tally::OnExceed::refuse, tally::OnExceed::warn}) {
    capped.on_exceed = on_exceed;
    BudgetStatus now = status("1", "0");
    now.in_flight = 1;
    CHECK(refused(hold(capped, "0.1"), now, 2) == "");
    CHECK(refused(hold(capped, "0.1"), now, 3) == "requests_per_minute");
    now.in_flight = 2;
    CHECK(refused(hold(capped, "0.1"), now, 3) == "in_flight");
    CHECK(refused(hold(capped, "9"), now, 0) == "in_flight");
  }
  CHECK(refused(hold(capped, "9"), status("1", "5")) == "");  // It warns.
  capped.most_in_flight = capped.requests_per_minute = 0;     // Any number.
  BudgetStatus busy = status("1", "0");
  busy.in_flight = 1000;
  CHECK(refused(hold(capped, "0.1"), busy, 1000) == "");
}

TEST_CASE("budget rules: a refusal says where things stand and what the call could cost") {
  const auto refusal = refusal_of(hold(budget("b", "1"), "0.75"), status("1", "0.5"), 0);
  REQUIRE(refusal);
  CHECK(figures(refusal->status) == "0.5 0 0 0 0");
  REQUIRE(refusal->could_cost);
  CHECK(to_string(*refusal->could_cost) == "$0.75");
  CHECK_FALSE(refusal_of(hold(budget("b", "1")), status("1", "2"), 0)->could_cost);
}

TEST_CASE("budget rules: the soft threshold is told by the bill that reaches it, and by no other") {
  tally::Budget soft = budget("b", "1");
  soft.soft_permille = 800;
  const auto at = [](const char* spent) { return status("1", spent); };
  CHECK(told(soft, at("0.7"), at("0.799999999999999999"), charged("0.1", "1")) == "");
  CHECK(told(soft, at("0.7"), at("0.8"), charged("0.1", "1")) == "soft_threshold");
  CHECK(told(soft, at("0.7"), at("0.95"), charged("0.25", "1")) == "soft_threshold");
  CHECK(told(soft, at("0.8"), at("0.9"), charged("0.1", "1")) == "");
  soft.soft_permille = 0;
  CHECK(told(soft, at("0.7"), at("0.9"), charged("0.2", "1")) == "");
  // No product of that limit fits: there is no threshold, and nothing breaks.
  soft.limit.amount = most;
  soft.soft_permille = 800;
  CHECK(told(soft, at("0.7"), at("0.9"), charged("0.2", "1")) == "");
}

TEST_CASE("budget rules: an overshoot is a bill above its hold that passes the limit") {
  const auto limit = budget("b", "1");
  const auto after = status("1", "1.25");
  CHECK(told(limit, status("1", "0"), after, charged("1.25", "0.75")) == "overshoot");
  CHECK(told(limit, status("1", "0"), after, charged("0.75", "0.75")) == "");
  CHECK(told(limit, status("1", "0"), status("1", "1"), charged("1", "0.75")) == "");
  tally::Budget soft = limit;
  soft.soft_permille = 500;
  CHECK(told(soft, status("1", "0"), after, charged("1.25", "0.75")) == "soft_threshold overshoot");
}

TEST_CASE("budget rules: a hold that takes more than is left is told") {
  const auto limit = budget("b", "1");
  const auto now = status("1", "0.5");
  CHECK(told(limit, now, status("1", "0.5", "0.5"), open_entry("0.5")) == "");
  CHECK(told(limit, now, status("1", "0.5", "0.75"), open_entry("0.75")) == "exceeded");
}
