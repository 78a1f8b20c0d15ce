// SPDX-License-Identifier: MIT
#include "unit/ledger/store_contract.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>

#include "ledger/charge.hpp"
#include "unit/ledger/store_session.hpp"

namespace contract {
namespace {

using tally::BillState;
using tally::LedgerRow;
using tally::LedgerWrite;

void bill_replaces_reserve(const StoreUnderTest& store) {
  Session session(store);
  CHECK_FALSE(session.reserve(reserved(1, "0.5")).error);
  LedgerRow row = session.row(attempt(1));
  CHECK(row.state == BillState::reserved);
  CHECK(row.revision == 0);
  CHECK_FALSE(row.cost.total);
  CHECK_FALSE(session.settle(settled(reserved(1, "0.5"), "0.2")).error);
  REQUIRE(session.rows().size() == 1);
  row = session.row(attempt(1));
  CHECK(row.state == BillState::settled);
  CHECK(row.revision == 1);
  CHECK(*row.cost.total == dollars("0.2"));
}

void repeats_leave_one_bill(const StoreUnderTest& store) {
  Session session(store);
  const auto everything = hold(budget("all", "10"), "0.03");
  session.set(everything);
  int number = 0;
  for (const char* order : {"RS", "SR", "RRS", "RSR", "RSS", "SRS", "SSR", "SRRS", "RSRSRS"}) {
    CAPTURE(order);
    ++number;
    for (const char* step = order; *step != '\0'; ++step) {
      const LedgerRow row = reserved(number, "0.03");
      const auto done = *step == 'R' ? session.reserve(row, {everything})
                                     : session.settle(settled(row, "0.01"), {everything});
      CHECK_FALSE(done.error);
      CHECK_FALSE(done.refusal);
    }
    const LedgerRow row = session.row(attempt(number));
    CHECK(row.state == BillState::settled);
    CHECK(row.revision == 1);
  }
  CHECK(session.rows().size() == 9);
  CHECK(figures(session.status(everything)) == "0.09 0 0 0 0");
}

void repeats_within_a_batch(const StoreUnderTest& store) {
  Session session(store);
  const auto everything = hold(budget("all", "10"), "0.03");
  session.set(everything);
  const LedgerRow row = reserved(1, "0.03");
  std::vector<LedgerWrite> batch;
  for (int i = 0; i < 3; ++i) {
    batch.push_back({0, LedgerWrite::Kind::reserve, row, {everything}});
    batch.push_back({0, LedgerWrite::Kind::settle, settled(row, "0.01"), {everything}});
  }
  for (const auto& done : session.write_all(std::move(batch))) CHECK_FALSE(done.error);
  CHECK(figures(session.status(everything)) == "0.01 0 0 0 0");
}

void unknown_attempt_settles(const StoreUnderTest& store) {
  Session session(store);
  CHECK_FALSE(session.settle(settled(reserved(1), "0.2")).error);
  const LedgerRow row = session.row(attempt(1));
  CHECK(row.state == BillState::settled);
  CHECK(row.revision == 1);
}

void second_bill_changes_nothing(const StoreUnderTest& store) {
  Session session(store);
  session.reserve(reserved(1));
  session.settle(settled(reserved(1), "0.2"));
  LedgerRow other = settled(reserved(1), "0.9");
  other.revision = 2;
  CHECK_FALSE(session.settle(other).error);
  CHECK(*session.row(attempt(1)).cost.total == dollars("0.2"));
  CHECK(session.row(attempt(1)).revision == 1);
  CHECK(session.store().history(attempt(1))->empty());
}

void late_bill_replaces_recovery(const StoreUnderTest& store) {
  Session session(store);
  const auto everything = hold(budget("all", "10"), "0.5");
  session.set(everything);
  session.reserve(reserved(1, "0.5"), {everything});
  session.settle(estimated(reserved(1, "0.5"), "0.5", "owner_gone"), {everything});
  CHECK(figures(session.status(everything)) == "0.5 0 0.5 0 0");
  for (int i = 0; i < 2; ++i) {  // The second one changes nothing.
    CHECK_FALSE(session.settle(settled(reserved(1, "0.5"), "0.2"), {everything}).error);
  }
  const LedgerRow row = session.row(attempt(1));
  CHECK(row.state == BillState::settled);
  CHECK(row.revision == 2);
  CHECK(figures(session.status(everything)) == "0.2 0 0 0 0");
  const auto history = session.store().history(attempt(1));
  REQUIRE(history);
  REQUIRE(history->size() == 1);
  CHECK(history->front().attempt_id == attempt(1));
  CHECK(history->front().revision == 1);
  CHECK(history->front().reason == "late_settle");
  CHECK(history->front().state == BillState::estimated);
  CHECK(*history->front().cost == dollars("0.5"));
}

void revision_takes_the_place(const StoreUnderTest& store) {
  Session session(store);
  const auto everything = hold(budget("all", "10"), "0.5");
  session.set(everything);
  session.reserve(reserved(1, "0.5"), {everything});
  session.settle(settled(reserved(1, "0.5"), "0.2"), {everything});
  LedgerRow row = session.row(attempt(1));
  row.revision = 2;
  row.cost.total = dollars("0.3");
  CHECK_FALSE(session.revise(row).error);
  CHECK(*session.row(attempt(1)).cost.total == dollars("0.3"));
  CHECK(session.row(attempt(1)).revision == 2);
  CHECK(figures(session.status(everything)) == "0.3 0 0 0 0");
  const auto outdated = session.revise(row);  // There is a revision 2 now.
  REQUIRE(outdated.error);
  CHECK(outdated.error->kind == tally::ErrorKind::ledger);
  const auto unknown = session.revise(settled(reserved(2), "1"));
  CHECK(unknown.error);
  CHECK(session.rows().size() == 1);
  const auto history = session.store().history(attempt(1));
  REQUIRE(history);
  REQUIRE(history->size() == 1);
  CHECK(history->front().revision == 1);
  CHECK(history->front().reason == "recomputed");
  CHECK(*history->front().cost == dollars("0.2"));
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
}

void tickets_are_answered_once(const StoreUnderTest& store) {
  Session session(store);
  std::vector<LedgerWrite> batch;
  batch.push_back({0, LedgerWrite::Kind::reserve, reserved(1), {}});
  batch.push_back({0, LedgerWrite::Kind::revise, settled(reserved(9), "1"), {}});
  batch.push_back({0, LedgerWrite::Kind::settle, settled(reserved(1), "1"), {}});
  const auto done = session.write_all(std::move(batch));
  REQUIRE(done.size() == 3);
  CHECK_FALSE(done[0].error);
  CHECK(done[1].error);  // And the rest of the batch lives.
  CHECK_FALSE(done[2].error);
  session.store().await(std::chrono::microseconds(0));
  CHECK(session.store().collect().empty());
}

/// A row in which nothing has its default.
LedgerRow full_row(const tally::Price& price) {
  LedgerRow row = settled(reserved(1, "0.512345678901234567"), "0.000000000000000003");
  row.attempt_number = 3;
  row.model_reported = "deepseek-chat-2026";
  row.service_tier_requested = "flex";
  row.streamed = true;
  row.labels = {{"player", "p-117"}, {"npc", "Schmied 鍛冶屋"}, {"", "no key"}, {"empty", ""}};
  row.started = at("2026-04-05T12:00:00.000001Z");
  row.completed = at("2026-04-05T12:00:03.999999Z");
  row.billed_at = at("2026-04-05T12:00:03.5Z");
  row.first_byte_after = std::chrono::microseconds(734'567);
  row.reason = "a reason";
  row.usage.prompt_tokens = 100;
  row.usage.prompt_cache_hit_tokens = 60;
  row.usage.prompt_cache_miss_tokens = 40;
  row.usage.cache_write_tokens = 0;
  row.usage.completion_tokens = 9'000'000'000;
  row.usage.reasoning_tokens = 7;
  row.usage.total_tokens = 9'000'000'100;
  row.usage.billed = {40, 60, 0, 9'000'000'000};
  row.usage.billed.parts = {10, 3, 20, 0, 9'000, 1};
  row.usage.units = {{"search_query_low", 3}, {"page", std::nullopt}, {"\"image\"", 0}};
  row.usage.source = tally::UsageSource::mixed;
  row.usage.anomalies = {tally::Anomaly::total_residual, tally::Anomaly::bad_count};
  row.usage.service_tier = "priority";
  row.usage.raw = "{\"total_tokens\": 9000000100, \"cost\":1.50e-2,\n \"a\":\"\\u0000\"}";
  row.usage.reported_cost = tally::ReportedCost{dollars("0.015"), "1.50e-2", true};
  row.cost.reported = row.usage.reported_cost;
  row.cost.reported_difference = dollars("0.014999999999999997");
  row.cost.is_estimate = true;
  row.cost.is_lower_bound = true;
  row.cost.lines = {
      {tally::Bucket::input_cache_hit, 60, decimal("0.00000007"), decimal("0.0000042")},
      {tally::Bucket::output, 5, decimal("0.3"), decimal("1.5")},
      {tally::Bucket::unit, 3, decimal("0.01"), decimal("0.03"), "search_query"}};
  row.cost.without_price = {{tally::Bucket::cache_write_1h, 12}, {tally::Bucket::unit, 0, "page"}};
  row.cost.unpriced_reason = tally::UnpricedReason::no_price_at_instant;
  row.cost.unpriced_message = "nothing is in force";
  row.cost.bounds = tally::CostBounds{dollars("0"), dollars("1000000000.5")};
  row.cost.flags = {tally::CostFlag::straddles_bands, tally::CostFlag::output_unbounded};
  row.cost.price = price;
  row.price = tally::reference_of(price);
  row.price->band = "peak";
  row.price->service_tier = "priority";
  row.price->context_tier = 32'000;
  row.http_status = 200;
  row.finish_reason = "stop";
  row.error = "connection";
  row.request_id = "req-1";
  row.response_id = "resp-1";
  return row;
}

tally::Price some_price() {
  tally::PriceQuery query;
  query.model = "deepseek-chat";
  query.at = at("2026-04-05T12:00:00Z");
  const auto price = tally::PriceCatalog::builtin().price_at(query);
  REQUIRE(price);
  return *price;
}

void rows_come_back(const StoreUnderTest& store) {
  Session session(store);
  const tally::Price price = some_price();
  const LedgerRow full = full_row(price);
  LedgerRow bare;  // And one that has nothing but its key.
  bare.attempt_id = attempt(2);
  bare.call_id = attempt(3);
  LedgerRow promise = reserved(4);  // A reserve tells bounds, in a currency of its own.
  promise.hold = yuan("3.5");
  promise.cost.bounds = tally::CostBounds{yuan("1"), yuan("3.5")};
  session.settle(full);
  session.reserve(bare);
  session.reserve(promise);
  check_equal(session.row(attempt(1)), full);
  check_equal(session.row(attempt(2)), bare);
  check_equal(session.row(attempt(4)), promise);
  const auto json = session.store().price_entry(price.entry->sha256);
  REQUIRE(json);
  CHECK(*json == price.entry->json);
  CHECK_FALSE(session.store().price_entry(std::string(64, '0')));
}

void text_is_cleaned(const StoreUnderTest& store) {
  Session session(store);
  LedgerRow bad = settled(reserved(1), "0.2");
  bad.labels = {{"npc", std::string("a\0b", 3)}, {"bad\xff", "\xc3("}, {"ok", "yes"}};
  bad.reason = std::string("\0why", 4);
  bad.model_reported = "m\x80";
  bad.response_id = std::string("r\0", 2);
  std::vector<LedgerWrite> batch;
  batch.push_back({0, LedgerWrite::Kind::settle, bad, {}});
  batch.push_back({0, LedgerWrite::Kind::settle, settled(reserved(2), "0.3"), {}});
  for (const auto& done : session.write_all(std::move(batch))) CHECK_FALSE(done.error);
  const LedgerRow row = session.row(attempt(1));
  const tally::Labels cleaned = {
      {"npc", "ab"}, {"bad\xef\xbf\xbd", "\xef\xbf\xbd("}, {"ok", "yes"}};
  CHECK(row.labels == cleaned);
  CHECK(row.reason == "why");
  CHECK(row.model_reported == "m\xef\xbf\xbd");
  CHECK(row.response_id == "r");
  CHECK(session.rows().size() == 2);
}

void long_text_is_kept(const StoreUnderTest& store) {
  Session session(store);
  LedgerRow row = settled(reserved(1), "0.2");
  row.labels["essay"] = std::string(1 << 20, 'x');
  CHECK_FALSE(session.settle(row).error);
  CHECK(session.row(attempt(1)).labels == row.labels);
}

void rows_keep_their_order(const StoreUnderTest& store) {
  Session session(store);
  for (const int number : {5, 3, 4}) session.reserve(reserved(number));
  session.settle(settled(reserved(3), "1"));
  session.settle(settled(reserved(5), "1"));
  const auto rows = session.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].attempt_id == attempt(5));
  CHECK(rows[1].attempt_id == attempt(3));
  CHECK(rows[2].attempt_id == attempt(4));
  int seen = 0;
  CHECK(session.store().each_row({}, [&](const LedgerRow&) { return ++seen < 2; }));
  CHECK(seen == 2);
}

void threads_lose_nothing(const StoreUnderTest& store) {
  Session session(store);
  const auto everything = hold(budget("all", "1000"), "0.03");
  session.set(everything);
  constexpr int threads = 8;
  constexpr int calls = 25;
  std::vector<std::thread> hosts;
  for (int host = 0; host < threads; ++host) {
    hosts.emplace_back([&, host] {
      for (int i = 0; i < calls; ++i) {
        const int number = host * calls + i + 1;
        const auto ticket = static_cast<std::uint64_t>(number);
        LedgerRow row = reserved(number, "0.03");
        std::vector<LedgerWrite> first;
        first.push_back({ticket, LedgerWrite::Kind::reserve, row, {everything}});
        session.store().submit(std::move(first));
        row.state = BillState::settled;
        row.billed_at = row.completed = row.started;
        row.cost.total = tally::cents(1);
        std::vector<LedgerWrite> second;
        second.push_back({ticket + threads * calls, LedgerWrite::Kind::settle, row, {everything}});
        session.store().submit(std::move(second));
      }
    });
  }
  const auto answers = session.answers(2 * threads * calls);
  for (std::thread& host : hosts) host.join();
  for (const auto& answer : answers) CHECK_FALSE(answer.second.error);
  CHECK(session.rows().size() == 200);
  CHECK(figures(session.status(everything)) == "2 0 0 0 0");
}

void reopening_keeps_everything(const StoreUnderTest& store) {
  if (!store.keeps_on_disk) return;
  const auto daily = [] {
    tally::Budget budget = contract::budget("day", "1");
    budget.window = tally::BudgetWindow::day;
    return hold(budget, "0.5");
  }();
  const LedgerRow full = full_row(some_price());
  {
    Session session(store);
    session.set(daily);
    session.settle(full);
    session.reserve(reserved(2, "0.5"), {daily});
    session.settle(settled(reserved(2, "0.5"), "0.25"), {daily});
  }
  Session session(store);
  check_equal(session.row(attempt(1)), full);
  CHECK(session.rows().size() == 2);
  const auto budgets = session.store().budgets();
  REQUIRE(budgets);
  REQUIRE(budgets->size() == 1);
  CHECK(budgets->front().id == "day");
  const auto before = session.status(daily);
  CHECK(before.in_flight == 0);
  session.reserve(reserved(2, "0.5"), {daily});  // Known from the time before.
  CHECK(figures(session.status(daily)) == figures(before));
}

void living_owners_keep_their_rows(const StoreUnderTest& store) {
  Session session(store);
  session.reserve(reserved(1, "0.5"));
  const auto recovered = session.store().recover();
  REQUIRE_MESSAGE(recovered, recovered.error().message);
  CHECK(*recovered == 0);
  CHECK(session.row(attempt(1)).state == BillState::reserved);
}

void random_courses(const StoreUnderTest& store) { check_random_course(store, 7, 150); }

}  // namespace

const std::vector<Promise>& promises_of_writes() {
  static const std::vector<Promise> promises = {
      {"a bill replaces its reserved row", bill_replaces_reserve},
      {"reserve and settle leave one bill, repeated in any order", repeats_leave_one_bill},
      {"and so within one batch", repeats_within_a_batch},
      {"a bill of an unknown attempt is kept as it comes", unknown_attempt_settles},
      {"a second bill changes nothing", second_bill_changes_nothing},
      {"a late bill replaces what recovery estimated", late_bill_replaces_recovery},
      {"a revision takes a row's place, and an outdated one does not", revision_takes_the_place},
      {"every ticket is answered once, also that of a write that fails", tickets_are_answered_once},
      {"rows come back as they were written, in every field", rows_come_back},
      {"NUL bytes and bad UTF-8 are cleaned, and the batch lives", text_is_cleaned},
      {"a label of a megabyte comes back whole", long_text_is_kept},
      {"rows come in the order of their reserves, until the reader stops", rows_keep_their_order},
      {"eight threads lose nothing", threads_lose_nothing},
      {"reopening finds everything", reopening_keeps_everything},
      {"recovery leaves the rows of living owners alone", living_owners_keep_their_rows},
      {"a random course ends where an independent model does", random_courses},
  };
  return promises;
}

void check_every_promise(const FreshStorage& fresh) {
  for (const auto* promises : {&promises_of_writes(), &promises_of_budgets(),
                               &promises_of_counting(), &promises_of_questions()}) {
    for (const Promise& promise : *promises) {
      SUBCASE(promise.sentence) { promise.check(fresh()); }
    }
  }
}

}  // namespace contract
