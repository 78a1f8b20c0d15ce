// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "unit/ledger/store_contract.hpp"
#include "unit/ledger/store_session.hpp"

namespace contract {
namespace {

using tally::Budget;
using tally::BudgetNotice;
using tally::LedgerRow;

void unpriced_calls_count(const StoreUnderTest& store) {
  Session session(store);
  Budget open = budget("open", "1");
  open.on_unpriced = tally::OnUnpriced::allow;
  session.set(hold(open));
  CHECK_FALSE(session.reserve(reserved(1), {hold(open)}).refusal);
  CHECK(figures(session.status(hold(open))) == "0 0 0 0 1");
  session.settle(unpriced(reserved(1)), {hold(open)});
  CHECK(figures(session.status(hold(open))) == "0 0 0 1 0");
  session.reserve(reserved(2), {hold(open)});
  session.settle(settled(reserved(2), "0.4"), {hold(open)});  // Its price was found.
  CHECK(figures(session.status(hold(open))) == "0.4 0 0 1 0");
}

void unknown_counts_as_held(const StoreUnderTest& store) {
  Session session(store);
  const Budget one = budget("b", "10");
  session.set(hold(one));
  session.reserve(reserved(1, "0.5"), {hold(one, "0.5")});
  session.settle(partial(reserved(1, "0.5"), "0.2"), {hold(one)});
  CHECK(figures(session.status(hold(one))) == "0.5 0 0 1 0");
  session.reserve(reserved(2, "0.5"), {hold(one, "0.5")});
  session.settle(partial(reserved(2, "0.5"), "0.75"), {hold(one)});
  CHECK(figures(session.status(hold(one))) == "1.25 0 0 2 0");
  session.reserve(reserved(3, "0.5"), {hold(one, "0.5")});
  session.settle(unpriced(reserved(3, "0.5")), {hold(one)});
  CHECK(figures(session.status(hold(one))) == "1.75 0 0 3 0");
  session.reserve(reserved(4), {hold(one, "0.25")});  // Assumed: the row has no hold of its own.
  session.settle(partial(reserved(4), "0.125"), {hold(one)});
  CHECK(figures(session.status(hold(one))) == "2 0 0 4 0");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
}

void no_bill_releases(const StoreUnderTest& store) {
  Session session(store);
  const auto one = hold(budget("b", "1"), "0.75");
  session.set(one);
  session.reserve(reserved(1, "0.75"), {one});
  CHECK(session.reserve(reserved(2, "0.75"), {one}).refusal);
  session.settle(not_billed(reserved(1, "0.75")), {one});
  CHECK(figures(session.status(one)) == "0 0 0 0 0");
  CHECK_FALSE(session.reserve(reserved(2, "0.75"), {one}).refusal);
}

void refused_calls_count_nothing(const StoreUnderTest& store) {
  Session session(store);
  Budget slow = daily("slow", "1");
  slow.requests_per_minute = 2;
  slow.on_unpriced = tally::OnUnpriced::allow;
  const auto one = hold(slow, "0.1");
  const auto refused = [](int number) {
    LedgerRow row = not_billed(reserved(number));
    row.reason = "budget";
    row.http_status = 0;
    return row;
  };
  session.set(one);
  session.settle(refused(1));  // Before the window was looked at: it is counted from the rows.
  CHECK_FALSE(session.reserve(reserved(2), {one}).refusal);
  session.settle(refused(3));  // And after.
  CHECK(figures(session.status(one)) == "0 0.1 0 0 1");
  CHECK_FALSE(session.reserve(reserved(4), {one}).refusal);
  CHECK(session.reserve(reserved(5), {one}).refusal);
  CHECK(session.rows().size() == 4);
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
}

void bills_move_to_their_window(const StoreUnderTest& store) {
  Session session(store);
  const Budget npc = daily("npc", "1");
  const auto today = hold(npc, "0.5", day("2026-04-05"));
  const auto tomorrow = hold(npc, "", day("2026-04-06"));
  session.set(today);
  const LedgerRow row = begun(reserved(1, "0.5"), "2026-04-05T23:59:59Z");
  session.reserve(row, {today});
  CHECK(figures(session.status(today)) == "0 0.5 0 0 1");
  session.settle(settled(row, "0.25"), {tomorrow});  // Billed at 00:00:01.
  CHECK(figures(session.status(today)) == "0 0 0 0 0");
  CHECK(figures(session.status(tomorrow)) == "0.25 0 0 0 0");
  const LedgerRow unnamed = begun(reserved(2, "0.5"), "2026-04-05T23:00:00Z");
  session.reserve(unnamed, {today});
  session.settle(settled(unnamed, "0.125"));  // No window is named: it counts where it was held.
  CHECK(figures(session.status(today)) == "0.125 0 0 0 0");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
}

void overshoot_is_told(const StoreUnderTest& store) {
  Session session(store);
  const auto one = hold(budget("b", "1"), "0.75");
  session.set(one);
  session.reserve(reserved(1, "0.75"), {one});
  const auto done = session.settle(settled(reserved(1, "0.75"), "1.25"), {one});
  CHECK_FALSE(done.error);
  REQUIRE(done.notices.size() == 1);
  CHECK(done.notices[0].kind == BudgetNotice::Kind::overshoot);
  CHECK(done.notices[0].status.id == "b");
  CHECK(to_string(done.notices[0].status.left()) == "-0.25");
  CHECK(session.reserve(reserved(2), {hold(budget("b", "1"), "0")}).refusal);
}

void threshold_is_told_once(const StoreUnderTest& store) {
  Session session(store);
  Budget soft = daily("b", "1");
  soft.soft_permille = 800;
  session.set(hold(soft));
  const auto told = [&](int number, std::string_view cost, tally::TimeSpan window) {
    LedgerRow row = reserved(number, cost);
    row.started = window.begin + std::chrono::hours(12);
    const auto where = hold(soft, cost, window);
    REQUIRE_FALSE(session.reserve(row, {where}).refusal);
    int thresholds = 0;
    for (const BudgetNotice& notice : session.settle(settled(row, cost), {where}).notices) {
      thresholds += notice.kind == BudgetNotice::Kind::soft_threshold ? 1 : 0;
    }
    return thresholds;
  };
  CHECK(told(1, "0.799999999999999999", day("2026-04-05")) == 0);
  CHECK(told(2, "0.000000000000000001", day("2026-04-05")) == 1);
  CHECK(told(3, "0.1", day("2026-04-05")) == 0);
  CHECK(told(4, "0.9", day("2026-04-06")) == 1);  // Another window.
}

void late_budgets_count(const StoreUnderTest& store) {
  Session session(store);
  int number = 0;
  const auto kept = [&](const char* player, const char* model, const char* cost) {
    LedgerRow row = reserved(++number, "0.5");
    row.labels = {{"player", player}};
    row.model_requested = model;
    session.reserve(row);
    if (*cost != '\0') session.settle(settled(row, cost));
  };
  kept("p-1", "deepseek-chat", "0.25");
  kept("p-1", "deepseek-reasoner", "0.125");
  kept("p-2", "deepseek-chat", "0.0625");
  kept("p-1", "deepseek-chat", "");  // In flight.
  LedgerRow yesterday = begun(settled(reserved(++number), "5"), "2026-04-04T12:00:00Z");
  yesterday.labels = {{"player", "p-1"}};
  session.settle(yesterday);
  LedgerRow billed_today = settled(begun(reserved(++number), "2026-04-04T23:59:59Z"), "0.03125");
  billed_today.labels = {{"player", "p-1"}};
  session.settle(billed_today);

  const auto scoped = [&](const char* id, tally::Labels scope) {
    Budget late = daily(id, "10");
    late.scope = std::move(scope);
    session.set(hold(late));
    return figures(session.status(hold(late)));
  };
  CHECK(scoped("player", {{"player", "p-1"}}) == "0.40625 0.5 0 0 1");
  CHECK(scoped("model", {{"model", "deepseek-reasoner"}}) == "0.125 0 0 0 0");
  CHECK(scoped("provider", {{"provider", "deepseek"}}) == "0.46875 0.5 0 0 1");
  CHECK(scoped("both", {{"player", "p-2"}, {"model", "deepseek-chat"}}) == "0.0625 0 0 0 0");
  CHECK(scoped("nobody", {{"player", "p-9"}}) == "0 0 0 0 0");
  CHECK(scoped("unlabelled", {{"npc", ""}}) == "0 0 0 0 0");
  CHECK(scoped("every", {}) == "0.46875 0.5 0 0 1");

  Budget first_use = daily("first-use", "0.5");  // And where a reserve is what sees it first.
  first_use.scope = {{"model", "deepseek-chat"}};
  first_use.limit = dollars("0.84375");
  session.set(hold(first_use));
  CHECK(session.reserve(reserved(98), {hold(first_use, "0.000000000000000001")}).refusal);
  CHECK_FALSE(session.reserve(reserved(99), {hold(first_use, "0")}).refusal);
  // What was in flight then is settled in the budgets that have counted it since.
  LedgerRow open = settled(reserved(4, "0.5"), "0.5");
  open.labels = {{"player", "p-1"}};
  session.settle(open);
  Budget player = daily("player", "10");
  player.scope = {{"player", "p-1"}};
  CHECK(figures(session.status(hold(player))) == "0.90625 0 0 0 0");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
}

void currencies_do_not_mix(const StoreUnderTest& store) {
  Session session(store);
  Budget in_yuan = budget("yuan", "10");
  in_yuan.limit = yuan("10");
  session.set(hold(in_yuan));
  const Budget in_dollars = budget("dollars", "10");
  session.set(hold(in_dollars));
  LedgerRow row = reserved(1);
  row.hold = yuan("3");
  session.reserve(row, {hold(in_yuan, "3")});
  row = settled(row, "0");
  row.cost.total = yuan("2");
  session.settle(row, {hold(in_yuan)});
  CHECK(figures(session.status(hold(in_yuan))) == "2 0 0 0 0");
  // A bill in dollars counts its hold there, and as not priced: nothing is converted.
  LedgerRow other = reserved(2);
  other.hold = yuan("3");
  session.reserve(other, {hold(in_yuan, "3")});
  session.settle(settled(other, "0.5"), {hold(in_yuan)});
  CHECK(figures(session.status(hold(in_yuan))) == "5 0 0 1 0");
}

void pruning_keeps_counters(const StoreUnderTest& store) {
  Session session(store);
  const Budget npc = daily("npc", "1");
  const auto today = hold(npc, "0.25");
  session.set(today);
  spend(session, 1, today, "0.25");
  session.reserve(reserved(2, "0.25"), {today});
  session.settle(estimated(reserved(2, "0.25"), "0.125", "stream_cut"), {today});
  session.reserve(reserved(3, "0.25"), {today});  // In flight: stays.
  LedgerRow later = begun(settled(reserved(4), "0.5"), "2026-04-07T00:00:00Z");
  session.settle(later);
  const auto pruned = session.store().prune(at("2026-04-06T00:00:00Z"));
  REQUIRE_MESSAGE(pruned, pruned.error().message);
  CHECK(*pruned == 2);
  const auto rows = session.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].attempt_id == attempt(3));
  CHECK(rows[1].attempt_id == attempt(4));
  CHECK(figures(session.status(today)) == "0.375 0.25 0.125 0 1");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
  CHECK(session.reserve(reserved(5, "0.5"), {hold(npc, "0.5")}).refusal);
  session.settle(settled(reserved(3, "0.25"), "0.0625"), {today});
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
  CHECK(*session.store().prune(at("2026-04-06T00:00:00Z")) == 1);
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::yes)->empty());
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
}

}  // namespace

const std::vector<Promise>& promises_of_counting() {
  static const std::vector<Promise> promises = {
      {"calls without a price are counted where they are allowed", unpriced_calls_count},
      {"an unknown part counts at least what was held", unknown_counts_as_held},
      {"a call that is not billed gives its hold back", no_bill_releases},
      {"a call that was refused before it was sent counts in no budget",
       refused_calls_count_nothing},
      {"a bill counts in the window of its billing instant", bills_move_to_their_window},
      {"an overshoot is told, and the next call refused", overshoot_is_told},
      {"the soft threshold is told once a window", threshold_is_told_once},
      {"a budget set late counts what was spent before", late_budgets_count},
      {"a budget counts its own currency", currencies_do_not_mix},
      {"pruned rows stay counted", pruning_keeps_counters},
  };
  return promises;
}

}  // namespace contract
