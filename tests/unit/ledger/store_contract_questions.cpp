// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "unit/ledger/store_contract.hpp"
#include "unit/ledger/store_session.hpp"

namespace contract {
namespace {

using tally::BillState;
using tally::LedgerFilter;
using tally::LedgerGrouping;
using tally::LedgerRow;
using tally::LedgerTotal;

LedgerRow counted(LedgerRow row, std::int64_t miss, std::int64_t hit, std::int64_t output) {
  row.usage.billed = {miss, hit, std::nullopt, output};
  row.usage.prompt_cache_miss_tokens = miss;
  row.usage.prompt_cache_hit_tokens = hit;
  row.usage.completion_tokens = output;
  return row;
}

LedgerRow labelled(LedgerRow row, const char* npc) {
  row.labels["npc"] = npc;
  return row;
}

/// Nine attempts of eight calls: every state, two providers, two models, two currencies, three
/// days.
void fill(Session& session) {
  LedgerRow first = labelled(counted(settled(reserved(1), "0.25"), 100, 50, 10), "smith");
  first.cost.reported = first.usage.reported_cost = tally::ReportedCost{dollars("0.3"), "0.3"};
  first.cost.reported_difference = dollars("0.05");
  LedgerRow second =
      labelled(counted(settled(reserved(2), "0.000000000000000001"), 7, 0, 3), "cook");
  second.usage.billed.cache_write = second.usage.cache_write_tokens = 11;
  second.cost.reported = second.usage.reported_cost = tally::ReportedCost{dollars("0"), "0"};
  second.cost.reported_difference = dollars("-0.000000000000000001");
  LedgerRow again = estimated(reserved(3), "0.5", "stream_cut");
  again.call_id = second.call_id;  // The second attempt of that call.
  again.attempt_number = 2;
  LedgerRow part = labelled(partial(reserved(4), "0.125"), "smith");
  part.model_requested = "deepseek-reasoner";
  LedgerRow unknown = unpriced(begun(reserved(5), "2026-04-06T12:00:00Z"));
  LedgerRow free_of_charge = not_billed(begun(reserved(6), "2026-04-06T12:00:00Z"));
  LedgerRow chinese = settled(begun(reserved(7), "2026-04-06T23:59:58Z"), "0");  // Billed at 24:00.
  chinese.provider = "siliconflow";
  chinese.cost.total = yuan("3.5");
  LedgerRow more = settled(begun(reserved(8), "2026-04-07T12:00:00Z"), "0");
  more.provider = "siliconflow";
  more.cost.total = yuan("0.25");
  for (const LedgerRow& row :
       {first, second, again, part, unknown, free_of_charge, chinese, more}) {
    REQUIRE_FALSE(session.settle(row).error);
  }
  REQUIRE_FALSE(session.reserve(begun(reserved(9, "1"), "2026-04-07T12:00:00Z")).error);
}

std::vector<LedgerTotal> totals(Session& session, const LedgerGrouping& by = {},
                                const LedgerFilter& filter = {}) {
  auto totals = session.store().totals(filter, by);
  REQUIRE_MESSAGE(totals, totals.error().message);
  return *std::move(totals);
}

std::string currency_of(const LedgerTotal& total) {
  return total.currency ? std::string(total.currency->view()) : "none";
}

/// `calls/attempts settled+estimated+partial CUR`.
std::string sum_of(const LedgerTotal& total) {
  return std::to_string(total.calls) + '/' + std::to_string(total.attempts) + ' ' +
         to_string(total.settled) + '+' + to_string(total.estimated) + '+' +
         to_string(total.partial) + ' ' + currency_of(total);
}

/// Each group's key and sum. Where stores may order differently (no currency, states), by text.
std::vector<std::string> groups(Session& session, const LedgerGrouping& by,
                                const LedgerFilter& filter = {}) {
  std::vector<std::string> lines;
  for (const LedgerTotal& total : totals(session, by, filter)) {
    const std::string state(total.state ? to_string(*total.state) : "");
    lines.push_back(total.provider + '|' + total.model + '|' + total.label + '|' + state + '|' +
                    total.day + ": " + sum_of(total));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

using Lines = std::vector<std::string>;

void totals_are_exact(const StoreUnderTest& store) {
  Session session(store);
  CHECK(totals(session).empty());
  fill(session);
  const Lines sums = {"||||: 2/2 0+0+0 none", "||||: 2/2 3.75+0+0 CNY",
                      "||||: 4/5 0.250000000000000001+0.5+0.125 USD"};
  CHECK(groups(session, {}) == sums);
  for (const LedgerTotal& total : totals(session)) {
    const std::string currency = currency_of(total);
    CHECK(total.unpriced_attempts == (currency == "none" ? 1 : 0));
    CHECK(total.reserved_attempts == (currency == "USD" ? 1 : 0));  // Known by its hold.
    if (currency != "USD") continue;
    CHECK(total.cache_miss_tokens == 107);
    CHECK(total.cache_hit_tokens == 50);
    CHECK(total.cache_write_tokens == 11);
    CHECK(total.output_tokens == 13);
    CHECK(to_string(total.reported_difference) == "0.049999999999999999");
    CHECK(to_string(total.total()) == "0.875000000000000001");
  }
}

void totals_are_grouped(const StoreUnderTest& store) {
  Session session(store);
  fill(session);
  LedgerGrouping by;
  by.by_provider = true;
  const Lines providers = {"deepseek||||: 2/2 0+0+0 none",
                           "deepseek||||: 4/5 0.250000000000000001+0.5+0.125 USD",
                           "siliconflow||||: 2/2 3.75+0+0 CNY"};
  CHECK(groups(session, by) == providers);
  by.by_model = true;
  const auto models = totals(session, by);  // In the groups' order.
  REQUIRE(models.size() == 4);
  CHECK(models[0].model == "deepseek-chat");
  CHECK(models[1].model == "deepseek-chat");
  CHECK(models[2].model == "deepseek-reasoner");
  CHECK(sum_of(models[2]) == "1/1 0+0+0.125 USD");
  CHECK(models[3].provider == "siliconflow");

  LedgerGrouping by_npc;
  by_npc.by_label = "npc";
  const Lines labels = {"||cook||: 1/1 0.000000000000000001+0+0 USD",
                        "||smith||: 2/2 0.25+0+0.125 USD", "||||: 2/2 0+0+0 none",
                        "||||: 2/2 0+0.5+0 USD", "||||: 2/2 3.75+0+0 CNY"};
  Lines sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  CHECK(groups(session, by_npc) == sorted);

  LedgerGrouping by_state;
  by_state.by_state = true;
  const Lines states = {"|||estimated|: 1/1 0+0.5+0 USD",
                        "|||not_billed|: 1/1 0+0+0 none",
                        "|||partial|: 1/1 0+0+0.125 USD",
                        "|||reserved|: 1/1 0+0+0 USD",
                        "|||settled|: 2/2 0.250000000000000001+0+0 USD",
                        "|||settled|: 2/2 3.75+0+0 CNY",
                        "|||unpriced|: 1/1 0+0+0 none"};
  CHECK(groups(session, by_state) == states);
}

void days_are_local(const StoreUnderTest& store) {
  Session session(store);
  fill(session);
  LedgerGrouping by;
  by.by_day = true;
  const Lines utc = {"||||2026-04-05: 3/4 0.250000000000000001+0.5+0.125 USD",
                     "||||2026-04-06: 2/2 0+0+0 none", "||||2026-04-07: 1/1 0+0+0 USD",
                     "||||2026-04-07: 2/2 3.75+0+0 CNY"};
  CHECK(groups(session, by) == utc);
  by.zone = *tally::TimeZone::fixed(std::chrono::hours(12));  // Noon is the next day's midnight.
  const Lines east = {"||||2026-04-06: 3/4 0.250000000000000001+0.5+0.125 USD",
                      "||||2026-04-07: 1/1 3.5+0+0 CNY", "||||2026-04-07: 2/2 0+0+0 none",
                      "||||2026-04-08: 1/1 0+0+0 USD", "||||2026-04-08: 1/1 0.25+0+0 CNY"};
  CHECK(groups(session, by) == east);
}

void clocks_change(const StoreUnderTest& store) {
  const auto berlin = tally::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3");
  REQUIRE(berlin);
  Session session(store);
  // 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25.
  int number = 0;
  for (const char* billed : {"2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z",
                             "2026-03-29T22:00:00Z", "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z",
                             "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"}) {
    LedgerRow row = settled(reserved(++number), "1");
    row.billed_at = at(billed);
    session.settle(row);
  }
  LedgerGrouping by;
  by.by_day = true;
  by.zone = *berlin;
  const Lines days = {"||||2026-03-28: 1/1 1+0+0 USD", "||||2026-03-29: 2/2 2+0+0 USD",
                      "||||2026-03-30: 1/1 1+0+0 USD", "||||2026-10-24: 1/1 1+0+0 USD",
                      "||||2026-10-25: 2/2 2+0+0 USD", "||||2026-10-26: 1/1 1+0+0 USD"};
  CHECK(groups(session, by) == days);
}

void filters_choose(const StoreUnderTest& store) {
  Session session(store);
  fill(session);
  const auto chosen = [&](const LedgerFilter& filter) {
    std::string numbers;
    for (const LedgerRow& row : session.rows(filter)) numbers += row.attempt_id.back();
    std::int64_t attempts = 0;
    for (const LedgerTotal& total : totals(session, {}, filter)) attempts += total.attempts;
    CHECK(attempts == static_cast<std::int64_t>(numbers.size()));
    return numbers;
  };
  CHECK(chosen({}) == "123456789");
  LedgerFilter filter;
  filter.from = at("2026-04-06T12:00:02Z");  // Inclusive.
  CHECK(chosen(filter) == "56789");
  filter.to = at("2026-04-07T00:00:00Z");  // Exclusive.
  CHECK(chosen(filter) == "56");
  filter = {};
  filter.from = at("2026-04-07T12:00:00Z");  // Of a row in flight, its start.
  CHECK(chosen(filter) == "89");
  filter = {};
  filter.provider = "siliconflow";
  CHECK(chosen(filter) == "78");
  filter = {};
  filter.model = "deepseek-reasoner";
  CHECK(chosen(filter) == "4");
  filter = {};
  filter.labels = {{"npc", "smith"}};
  CHECK(chosen(filter) == "14");
  filter.state = BillState::partial;
  CHECK(chosen(filter) == "4");
  filter.labels["player"] = "p-1";
  CHECK(chosen(filter).empty());
  filter = {};
  filter.state = BillState::reserved;
  CHECK(chosen(filter) == "9");
  filter = {};
  filter.call_id = reserved(2).call_id;
  CHECK(chosen(filter) == "23");
}

void labels_are_erased(const StoreUnderTest& store) {
  Session session(store);
  tally::Budget smith = budget("smith", "10");
  smith.scope = {{"npc", "smith"}};
  session.set(hold(smith));
  LedgerRow one = labelled(reserved(1, "0.5"), "smith");
  one.labels["player"] = "p-1";
  session.reserve(one, {hold(smith, "0.5")});
  session.settle(estimated(one, "0.5", "owner_gone"), {hold(smith)});
  session.settle(settled(one, "0.25"), {hold(smith)});  // The one before is in the history.
  session.settle(labelled(settled(reserved(2), "1"), "cook"));
  const auto erased = session.store().erase("npc", "smith");
  REQUIRE_MESSAGE(erased, erased.error().message);
  CHECK(*erased == 1);
  CHECK(session.row(attempt(1)).labels.empty());  // All of them: together they name somebody.
  CHECK(session.row(attempt(2)).labels.size() == 1);
  CHECK(*session.row(attempt(1)).cost.total == dollars("0.25"));
  CHECK(session.store().history(attempt(1))->size() == 1);
  CHECK(figures(session.status(hold(smith))) == "0.25 0 0 0 0");
  CHECK(session.store().verify_budgets(tally::LedgerStore::Repair::no)->empty());
  CHECK(*session.store().erase("npc", "smith") == 0);
}

void balances_are_kept(const StoreUnderTest& store) {
  Session session(store);
  const auto put = [&](const char* account, const char* instant, const char* total) {
    tally::BalanceCheck check;
    check.provider = "deepseek";
    check.account = account;
    check.at = at(instant);
    check.balance.is_available = true;
    check.balance.amounts = {{yuan(total), decimal("0.5"), std::nullopt}, {dollars("0"), {}, {}}};
    check.balance.raw = "{\"is_available\": true}";
    const auto kept = session.store().put_balance(check);
    REQUIRE_MESSAGE(kept, kept.error().message);
  };
  put("", "2026-04-05T12:00:00Z", "100");
  put("", "2026-04-05T11:00:00Z", "110.000000000000000001");
  put("studio", "2026-04-05T11:30:00Z", "7");
  put("", "2026-04-05T13:00:00Z", "90");
  const auto of = [&](const char* account, const char* from, const char* to) {
    auto checks = session.store().balances("deepseek", account, {at(from), at(to)});
    REQUIRE_MESSAGE(checks, checks.error().message);
    return *std::move(checks);
  };
  const auto checks = of("", "2026-04-05T11:00:00Z", "2026-04-05T13:00:00Z");
  REQUIRE(checks.size() == 2);  // By time, and the end is not in it.
  CHECK((checks[0].at == at("2026-04-05T11:00:00Z")));
  CHECK(checks[0].provider == "deepseek");
  CHECK(checks[0].account.empty());
  CHECK(checks[0].balance.is_available);
  CHECK(checks[0].balance.raw == "{\"is_available\": true}");
  REQUIRE(checks[0].balance.amounts.size() == 2);
  CHECK(checks[0].balance.amounts[0].total == yuan("110.000000000000000001"));
  CHECK(*checks[0].balance.amounts[0].granted == decimal("0.5"));
  CHECK_FALSE(checks[0].balance.amounts[0].topped_up);
  CHECK(checks[0].balance.amounts[1].total == dollars("0"));
  CHECK(checks[1].balance.amounts[0].total == yuan("100"));
  CHECK(of("studio", "2026-04-05T00:00:00Z", "2026-04-06T00:00:00Z").size() == 1);
  CHECK(of("nobody", "2026-04-05T00:00:00Z", "2026-04-06T00:00:00Z").empty());
}

}  // namespace

const std::vector<Promise>& promises_of_questions() {
  static const std::vector<Promise> promises = {
      {"totals are exact, one for each currency", totals_are_exact},
      {"totals are told apart by provider, model, label and state", totals_are_grouped},
      {"days are those of the zone", days_are_local},
      {"days are 23 and 25 hours long where clocks change", clocks_change},
      {"filters choose rows, and totals over them", filters_choose},
      {"erasing a label takes all labels and no amounts", labels_are_erased},
      {"balances come back by account and span", balances_are_kept},
  };
  return promises;
}

}  // namespace contract
