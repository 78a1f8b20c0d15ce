// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "unit/ledger/store_contract.hpp"
#include "unit/ledger/store_session.hpp"

namespace contract {
namespace {

using tally::BillState;
using tally::Budget;
using tally::BudgetHold;
using tally::BudgetNotice;
using tally::BudgetReason;
using tally::BudgetWindow;
using tally::LedgerRow;
using tally::LedgerWrite;

Budget daily(const char* id, std::string_view limit) {
  Budget day = budget(id, limit);
  day.window = BudgetWindow::day;
  return day;
}

/// Reserves and settles in one budget.
void spend(Session& session, int number, const BudgetHold& where, std::string_view cost) {
  LedgerRow row = reserved(number, cost);
  row.started = std::max(row.started, where.window.begin);
  const auto done = session.reserve(row, {where});
  REQUIRE_FALSE(done.error);
  REQUIRE_FALSE(done.refusal);
  REQUIRE_FALSE(session.settle(settled(row, cost), {where}).error);
}

void all_or_none(const StoreUnderTest& store) {
  Session session(store);
  const auto game = hold(budget("a-game", "1"), "0.3");
  const auto player = hold(budget("b-player", "0.2"), "0.3");
  const auto npc = hold(budget("c-npc", "0.1"), "0.3");
  for (const auto& each : {game, player, npc}) session.set(each);
  const auto done = session.reserve(reserved(1, "0.3"), {game, player, npc});
  CHECK_FALSE(done.error);
  REQUIRE(done.refusal);
  CHECK(done.refusal->status.id == "b-player");  // The first of those that say no.
  CHECK(session.rows().empty());
  for (const auto& each : {game, player, npc}) CHECK(figures(session.status(each)) == "0 0 0 0 0");
}

void exact_edge(const StoreUnderTest& store) {
  Session session(store);
  const auto all_that_is_left = hold(budget("b", "1"), "0.7");
  session.set(all_that_is_left);
  spend(session, 1, hold(budget("b", "1"), "0.3"), "0.3");
  const auto one_atto_more = hold(budget("b", "1"), "0.700000000000000001");
  CHECK(session.reserve(reserved(2), {one_atto_more}).refusal);
  CHECK_FALSE(session.reserve(reserved(3), {all_that_is_left}).refusal);
  CHECK(figures(session.status(all_that_is_left)) == "0.3 0.7 0 0 1");
  const auto nothing = hold(budget("b", "1"), "0");
  CHECK_FALSE(session.reserve(reserved(4), {nothing}).refusal);
  CHECK(session.reserve(reserved(5), {hold(budget("b", "1"), "0.000000000000000001")}).refusal);
}

void refusals_say_why(const StoreUnderTest& store) {
  Session session(store);
  const auto day = hold(daily("npc-day", "0.4"), "0.25");
  session.set(day);
  spend(session, 1, day, "0.15");
  session.reserve(reserved(2, "0.2"), {hold(daily("npc-day", "0.4"), "0.2")});
  const auto done = session.reserve(reserved(3, "0.25"), {day});
  REQUIRE(done.refusal);
  CHECK_FALSE(done.error);
  CHECK(done.refusal->reason == BudgetReason::amount);
  REQUIRE(done.refusal->could_cost);
  CHECK(*done.refusal->could_cost == dollars("0.25"));
  const tally::BudgetStatus& status = done.refusal->status;
  CHECK(status.id == "npc-day");
  CHECK(status.limit == dollars("0.4"));
  CHECK((status.window == contract::day("2026-04-05")));
  CHECK(figures(status) == "0.15 0.2 0 0 1");
  CHECK(to_string(status.left()) == "0.05");
  CHECK(session.rows().size() == 2);  // A refused one leaves no row.
}

void warnings_let_through(const StoreUnderTest& store) {
  Session session(store);
  Budget soft = budget("soft", "0.1");
  soft.on_exceed = tally::OnExceed::warn;
  session.set(hold(soft));
  CHECK(session.reserve(reserved(1, "0.1"), {hold(soft, "0.1")}).notices.empty());
  const auto done = session.reserve(reserved(2, "0.3"), {hold(soft, "0.3")});
  CHECK_FALSE(done.refusal);
  REQUIRE(done.notices.size() == 1);
  CHECK(done.notices[0].kind == BudgetNotice::Kind::exceeded);
  CHECK(figures(done.notices[0].status) == "0 0.4 0 0 2");
  CHECK(to_string(done.notices[0].status.left()) == "-0.3");
  CHECK(session.rows().size() == 2);
}

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
  CHECK(session.store().verify(tally::LedgerStore::Repair::no)->empty());
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

void calls_in_flight_are_capped(const StoreUnderTest& store) {
  Session session(store);
  Budget two = daily("two", "100");
  two.most_in_flight = 2;
  session.set(hold(two));
  const auto monday = hold(two, "0.1", day("2026-04-05"));
  const auto tuesday = hold(two, "0.1", day("2026-04-06"));
  CHECK_FALSE(session.reserve(reserved(1), {monday}).refusal);
  CHECK_FALSE(session.reserve(begun(reserved(2), "2026-04-06T12:00:00Z"), {tuesday}).refusal);
  const auto done = session.reserve(begun(reserved(3), "2026-04-06T12:00:00Z"), {tuesday});
  REQUIRE(done.refusal);  // Yesterday's, which is still open, counts.
  CHECK(done.refusal->reason == BudgetReason::in_flight);
  CHECK(done.refusal->status.in_flight == 2);
  session.settle(settled(reserved(1), "0.1"), {monday});
  CHECK_FALSE(session.reserve(begun(reserved(3), "2026-04-06T12:00:00Z"), {tuesday}).refusal);
}

void requests_per_minute(const StoreUnderTest& store) {
  Session session(store);
  Budget slow = budget("slow", "100");
  slow.requests_per_minute = 2;
  session.set(hold(slow));
  const auto at_second = [&](int number, const char* start) {
    const auto done = session.reserve(begun(reserved(number), start), {hold(slow, "0.1")});
    CHECK_FALSE(done.error);
    if (done.refusal) CHECK(done.refusal->reason == BudgetReason::requests_per_minute);
    return !done.refusal;
  };
  CHECK(at_second(1, "2026-04-05T12:00:00Z"));
  session.settle(settled(reserved(1), "0.1"), {hold(slow)});  // It has begun all the same.
  CHECK(at_second(2, "2026-04-05T12:00:30Z"));
  CHECK_FALSE(at_second(3, "2026-04-05T12:00:59.999999Z"));
  CHECK(at_second(4, "2026-04-05T12:01:00Z"));  // The first one was 60 seconds ago.
  CHECK_FALSE(at_second(5, "2026-04-05T12:01:00Z"));
  CHECK_FALSE(at_second(6, "2026-04-05T12:01:29.999999Z"));
  CHECK(at_second(7, "2026-04-05T12:01:30Z"));
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
  CHECK(session.store().verify(tally::LedgerStore::Repair::no)->empty());
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
  CHECK(session.store().verify(tally::LedgerStore::Repair::no)->empty());
}

void single_calls_are_limited(const StoreUnderTest& store) {
  Session session(store);
  Budget each = budget("each", "0.5");
  each.window = BudgetWindow::call;
  each.most_in_flight = 3;
  const tally::Instant start = at("2026-04-05T12:00:00Z");
  const tally::TimeSpan none{start, start};
  session.set(hold(each, "", none));
  const auto done = session.reserve(reserved(1), {hold(each, "0.500000000000000001", none)});
  REQUIRE(done.refusal);
  CHECK(figures(done.refusal->status) == "0 0 0 0 0");
  for (int number = 2; number < 5; ++number) {  // Nothing accumulates.
    CHECK_FALSE(session.reserve(reserved(number), {hold(each, "0.5", none)}).refusal);
  }
  const auto fourth = session.reserve(reserved(5), {hold(each, "0.1", none)});
  REQUIRE(fourth.refusal);
  CHECK(fourth.refusal->reason == BudgetReason::in_flight);
  CHECK(figures(fourth.refusal->status) == "0 0 0 0 3");
  session.settle(settled(reserved(2), "0.5"), {hold(each, "", none)});
  CHECK(figures(session.status(hold(each, "", none))) == "0 0 0 0 2");
  CHECK(session.store().verify(tally::LedgerStore::Repair::no)->empty());
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

void threads_share_a_limit(const StoreUnderTest& store) {
  Session session(store);
  const auto small = hold(budget("small", "5"), "0.3");
  const auto smaller = hold(budget("smaller", "4.7"), "0.3");
  session.set(small);
  session.set(smaller);
  std::vector<std::thread> hosts;
  for (int host = 0; host < 8; ++host) {
    hosts.emplace_back([&, host] {
      for (int i = 1; i <= 10; ++i) {
        const int number = host * 10 + i;
        std::vector<LedgerWrite> batch;
        batch.push_back({static_cast<std::uint64_t>(number),
                         LedgerWrite::Kind::reserve,
                         reserved(number, "0.3"),
                         {small, smaller}});
        session.store().submit(std::move(batch));
      }
    });
  }
  const auto answers = session.answers(80);
  for (std::thread& host : hosts) host.join();
  const auto refused = std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
    return answer.second.refusal.has_value();
  });
  CHECK(refused == 65);  // 15 * 0.3 = 4.5
  CHECK(session.rows().size() == 15);
  CHECK(figures(session.status(small)) == "0 4.5 0 0 15");
  CHECK(figures(session.status(smaller)) == "0 4.5 0 0 15");
}

void definitions_are_kept(const StoreUnderTest& store) {
  Session session(store);
  Budget all_set = daily("b", "0.400000000000000001");
  all_set.zone = *tally::TimeZone::fixed(std::chrono::hours(8));
  all_set.scope = {{"npc", "Schmied 鍛冶屋"}, {"player", ""}};
  all_set.soft_permille = 800;
  all_set.on_exceed = tally::OnExceed::warn;
  all_set.on_unpriced = tally::OnUnpriced::assume;
  all_set.assume_input = decimal("0.27");
  all_set.assume_output = decimal("1.1");
  all_set.assume_max_tokens = 1000;
  all_set.most_in_flight = 3;
  all_set.requests_per_minute = 60;
  session.set(hold(all_set));
  session.set(hold(budget("a", "1")));
  session.set(hold(budget("a", "2")));
  session.set(hold(budget("c", "3")));
  CHECK(session.store().remove_budget("c"));
  const auto budgets = session.store().budgets();
  REQUIRE(budgets);
  REQUIRE(budgets->size() == 2);
  CHECK((*budgets)[0].id == "a");
  CHECK((*budgets)[0].limit == dollars("2"));
  const Budget& read = (*budgets)[1];
  CHECK(read.id == "b");
  CHECK(read.limit == all_set.limit);
  CHECK(read.window == BudgetWindow::day);
  CHECK(to_string(read.zone) == "+08:00");
  CHECK(read.scope == all_set.scope);
  CHECK(read.soft_permille == 800);
  CHECK(read.on_exceed == tally::OnExceed::warn);
  CHECK(read.on_unpriced == tally::OnUnpriced::assume);
  CHECK(to_string(read.assume_input) == "0.27");
  CHECK(to_string(read.assume_output) == "1.1");
  CHECK(read.assume_max_tokens == 1000);
  CHECK(read.most_in_flight == 3);
  CHECK(read.requests_per_minute == 60);
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
  CHECK(session.store().verify(tally::LedgerStore::Repair::no)->empty());
  CHECK(session.reserve(reserved(5, "0.5"), {hold(npc, "0.5")}).refusal);
  session.settle(settled(reserved(3, "0.25"), "0.0625"), {today});
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
  CHECK(*session.store().prune(at("2026-04-06T00:00:00Z")) == 1);
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
  CHECK(session.store().verify(tally::LedgerStore::Repair::yes)->empty());
  CHECK(figures(session.status(today)) == "0.4375 0 0.125 0 0");
}

}  // namespace

const std::vector<Promise>& promises_of_budgets() {
  static const std::vector<Promise> promises = {
      {"all budgets hold, or none does", all_or_none},
      {"what is left may be held to the last atto, and not one more", exact_edge},
      {"a refusal says which budget, where it stands and what the call could cost",
       refusals_say_why},
      {"a warning budget lets through and tells", warnings_let_through},
      {"calls without a price are counted where they are allowed", unpriced_calls_count},
      {"an unknown part counts at least what was held", unknown_counts_as_held},
      {"a call that is not billed gives its hold back", no_bill_releases},
      {"calls in flight are capped over all windows", calls_in_flight_are_capped},
      {"requests per minute look back 60 seconds", requests_per_minute},
      {"a bill counts in the window of its billing instant", bills_move_to_their_window},
      {"an overshoot is told, and the next call refused", overshoot_is_told},
      {"the soft threshold is told once a window", threshold_is_told_once},
      {"a budget set late counts what was spent before", late_budgets_count},
      {"a budget for single calls accumulates nothing", single_calls_are_limited},
      {"a budget counts its own currency", currencies_do_not_mix},
      {"eight threads cannot pass a limit", threads_share_a_limit},
      {"definitions of budgets are kept in every field", definitions_are_kept},
      {"pruned rows stay counted", pruning_keeps_counters},
  };
  return promises;
}

}  // namespace contract
