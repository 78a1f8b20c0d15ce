// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <memory>
#include <string_view>

#include "told_store.hpp"

namespace {

using tally::cents;
using tally::Instant;
using tally::Ledger;
using tally::Money;

Instant at(std::string_view time) {
  const auto instant = tally::parse_instant("2026-04-05T" + std::string(time) + ":00Z");
  REQUIRE_MESSAGE(instant.has_value(), time);
  return *instant;
}

struct Bill {
  std::string_view time;
  Money amount;
};

/// Totals over bills, by the instants and the provider of the filter.
auto sums_over(std::vector<Bill> bills, std::int64_t unpriced_each_time = 0) {
  return [=](const tally::LedgerFilter& filter) {
    CHECK(filter.provider == "deepseek");
    std::vector<tally::LedgerTotal> totals;
    for (const Bill& bill : bills) {
      if (at(bill.time) < *filter.from || at(bill.time) >= *filter.to) continue;
      tally::LedgerTotal total;
      total.currency = bill.amount.currency;
      total.settled = bill.amount.amount;
      totals.push_back(total);
    }
    tally::LedgerTotal unknown;
    unknown.unpriced_attempts = unpriced_each_time;
    totals.push_back(unknown);
    return totals;
  };
}

tally::BalanceCheck check_of(std::string_view time, std::vector<Money> amounts) {
  tally::BalanceCheck check{"deepseek", "", at(time), {}};
  for (const Money& amount : amounts) {
    tally::BalanceAmount row;
    row.total = amount;
    check.balance.amounts.push_back(row);
  }
  return check;
}

tally::TimeSpan day() { return {at("00:00"), at("23:59")}; }

TEST_CASE("reconcile: the drop of the balance is what the ledger says, within the tolerance") {
  auto store = std::make_shared<ToldStore>();
  store->checks = {check_of("10:00", {cents(0, tally::cny), cents(10000)}),
                   check_of("12:00", {cents(9850)})};
  // $0.30 was billed two minutes before the second check, and may not be in it yet.
  store->sums = sums_over(
      {{"10:30", cents(100)}, {"11:58", cents(30)}, {"10:31", cents(500, tally::cny)}}, 2);
  const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
  REQUIRE(report);
  REQUIRE(report->stretches.size() == 1);
  const tally::ReconciledStretch& stretch = report->stretches[0];
  CHECK(stretch.span == tally::TimeSpan{at("10:00"), at("12:00")});
  CHECK(stretch.drop == cents(150));
  CHECK(stretch.spent == cents(130));
  CHECK(stretch.difference == cents(20));
  CHECK(stretch.tolerance == cents(31));
  CHECK(!stretch.is_top_up);
  CHECK(stretch.agrees);
  CHECK(report->drop == cents(150));
  CHECK(report->spent == cents(130));
  CHECK(report->difference == cents(20));
  CHECK(report->unpriced_attempts == 2);
  CHECK(report->agrees);
}

TEST_CASE("reconcile: a rise is a top-up, and its stretch is not compared") {
  auto store = std::make_shared<ToldStore>();
  // Handed over in no order.
  store->checks = {check_of("14:00", {cents(14790)}), check_of("10:00", {cents(10000)}),
                   check_of("13:00", {cents(14840)}), check_of("12:00", {cents(9900)})};
  store->sums = sums_over({{"10:30", cents(100)}, {"12:30", cents(60)}, {"13:30", cents(50)}});
  const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
  REQUIRE(report);
  REQUIRE(report->stretches.size() == 3);
  CHECK(report->stretches[0].agrees);
  CHECK(report->stretches[1].is_top_up);
  CHECK(!report->stretches[1].agrees);
  CHECK(report->stretches[1].drop == cents(-4940));
  CHECK(report->stretches[1].spent == cents(60));
  CHECK(report->stretches[1].difference == cents(-5000));
  CHECK(report->stretches[2].agrees);
  CHECK(report->drop == cents(150));
  CHECK(report->spent == cents(150));
  CHECK(report->difference == cents(0));
  CHECK(report->agrees);
}

TEST_CASE("reconcile: a hundredth is rounding, and two are not, in either direction") {
  for (const std::int64_t off : {-2, -1, 1, 2}) {
    auto store = std::make_shared<ToldStore>();
    store->checks = {check_of("10:00", {cents(10000)}), check_of("12:00", {cents(9900 - off)})};
    store->sums = sums_over({{"11:00", cents(100)}});
    const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
    REQUIRE(report);
    CHECK(report->difference == cents(off));
    CHECK(report->stretches[0].tolerance == cents(1));
    CHECK(report->agrees == (off == -1 || off == 1));
  }
}

TEST_CASE("reconcile: what was billed near both ends of a short stretch is tolerated once") {
  auto store = std::make_shared<ToldStore>();
  store->checks = {check_of("10:00", {cents(10000)}), check_of("10:06", {cents(9930)})};
  store->sums = sums_over({{"09:56", cents(20)}, {"10:03", cents(50)}, {"10:11", cents(900)}});
  const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
  REQUIRE(report);
  CHECK(report->stretches[0].spent == cents(50));
  CHECK(report->stretches[0].difference == cents(20));
  CHECK(report->stretches[0].tolerance == cents(71));
}

TEST_CASE("reconcile: where every stretch has a top-up nothing agrees") {
  auto store = std::make_shared<ToldStore>();
  store->checks = {check_of("10:00", {cents(100)}), check_of("12:00", {cents(200)})};
  store->sums = sums_over({});
  const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
  REQUIRE(report);
  CHECK(!report->agrees);
  CHECK(report->drop == cents(0));
}

TEST_CASE("reconcile: one check of the currency compares with nothing") {
  auto store = std::make_shared<ToldStore>();
  store->checks = {check_of("10:00", {cents(100)}), check_of("12:00", {cents(200, tally::cny)})};
  store->sums = sums_over({});
  const auto report = Ledger(store).reconcile("deepseek", tally::usd, day());
  REQUIRE(!report.has_value());
  CHECK(report.error().kind == tally::ErrorKind::invalid_argument);
  CHECK(report.error().message.find("two balance checks of deepseek in USD") != std::string::npos);
}

}  // namespace
