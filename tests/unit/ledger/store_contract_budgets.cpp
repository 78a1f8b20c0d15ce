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

void every_answer_says_where_budgets_stand(const StoreUnderTest& store) {
  Session session(store);
  const Budget day_limit = budget("day", "1");
  Budget call_limit = budget("one-call", "1");
  call_limit.window = tally::BudgetWindow::call;
  session.set(hold(day_limit));
  session.set(hold(call_limit));
  const std::vector<BudgetHold> holds = {hold(day_limit, "0.3"), hold(call_limit, "0.3")};
  const auto held = session.reserve(reserved(1, "0.3"), holds);
  REQUIRE(held.budgets.size() == 1);  // A single call's says nothing of what is left.
  CHECK(held.budgets[0].id == "day");
  CHECK(figures(held.budgets[0]) == "0 0.3 0 0 1");
  CHECK(to_string(held.budgets[0].left()) == "0.7");
  const auto billed = session.settle(settled(reserved(1, "0.3"), "0.25"), holds);
  REQUIRE(billed.budgets.size() == 1);
  CHECK(figures(billed.budgets[0]) == "0.25 0 0 0 0");
  CHECK(to_string(billed.budgets[0].left()) == "0.75");
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
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
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

}  // namespace

const std::vector<Promise>& promises_of_budgets() {
  static const std::vector<Promise> promises = {
      {"all budgets hold, or none does", all_or_none},
      {"what is left may be held to the last atto, and not one more", exact_edge},
      {"a refusal says which budget, where it stands and what the call could cost",
       refusals_say_why},
      {"a warning budget lets through and tells", warnings_let_through},
      {"every answer says where the budgets stand", every_answer_says_where_budgets_stand},
      {"calls in flight are capped over all windows", calls_in_flight_are_capped},
      {"requests per minute look back 60 seconds", requests_per_minute},
      {"a budget for single calls accumulates nothing", single_calls_are_limited},
      {"eight threads cannot pass a limit", threads_share_a_limit},
      {"definitions of budgets are kept in every field", definitions_are_kept},
  };
  return promises;
}

}  // namespace contract
