// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "ledger/memory_store.hpp"
#include "tally/ledger.hpp"
#include "unit/ledger/store_session.hpp"

#if TALLY_WITH_SQLITE && !defined(_WIN32)
#include <stdlib.h>

#include <filesystem>

#include "ledger/sqlite_store.hpp"
#endif

using tally::BillState;
using tally::LedgerRow;
using tally::LedgerWrite;
using tally::PriceCatalog;

namespace {

/// One entry, in dollars per million tokens, of model m of provider p.
PriceCatalog catalog(const std::string& fields, const std::string& hosts = "") {
  auto read = PriceCatalog::parse(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
         {"provider": "p", "model": "m", )" +
          hosts + R"("entries": [{"id": "e", "currency": "USD", "kind": "list", "unit": 1000000,
          "source": {"name": "s"}, )" +
          fields + "}]}]}",
      "test");
  REQUIRE_MESSAGE(read, read.error().message);
  return *read;
}

PriceCatalog cheap() {
  return catalog(R"("rates": {"default": {
      "input_cache_hit": "0.1", "input_cache_miss": "1", "output": "2"}})");
}
PriceCatalog dear() {
  return catalog(R"("rates": {"default": {
      "input_cache_hit": "0.2", "input_cache_miss": "3", "output": "5"}})");
}

/// 100 tokens from the cache, 200 others, 50 out: 0.00031 where it is cheap (10 + 200 + 100
/// millionths), 0.00087 where it is dear (20 + 600 + 250).
LedgerRow counted(int number) {
  LedgerRow row = contract::settled(contract::reserved(number), "0.00031");
  row.provider = "p";
  row.host = "models.example";
  row.model_requested = "m";
  row.usage.prompt_tokens = 300;
  row.usage.billed.cache_hit = 100;
  row.usage.billed.cache_miss = 200;
  row.usage.billed.output = 50;
  return row;
}

/// A ledger, and a way to put rows into it.
struct Books {
  Books() : Books(std::make_shared<tally::MemoryStore>()) {}
  explicit Books(std::shared_ptr<tally::LedgerStore> store)
      : session({[store] { return store; }, false}), ledger(store) {}

  void put(LedgerRow row) { REQUIRE_FALSE(session.settle(std::move(row)).error); }
  LedgerRow row(int number) { return session.row(contract::attempt(number)); }
  tally::RecomputeReport recompute(const PriceCatalog& prices,
                                   const tally::LedgerFilter& filter = {}) {
    auto report = ledger.recompute(prices, filter);
    REQUIRE_MESSAGE(report, report.error().message);
    return *std::move(report);
  }

  contract::Session session;
  tally::Ledger ledger;
};

std::string total_of(const LedgerRow& row) {
  return row.cost.total ? to_string(*row.cost.total) : "none";
}

}  // namespace

TEST_CASE("recompute: a row costs what the catalogue says, and its history what it was") {
  Books books;
  LedgerRow before = counted(1);
  before.price.emplace().entry_id = "another";
  books.put(before);
  const auto report = books.recompute(dear());
  CHECK(report.rows == 1);
  CHECK(report.changed == 1);
  CHECK(report.failed.empty());
  const LedgerRow row = books.row(1);
  CHECK(row.state == BillState::settled);
  CHECK(row.revision == 2);
  CHECK(total_of(row) == "$0.00087");
  REQUIRE(row.cost.lines.size() == 3);
  CHECK(to_string(row.cost.lines[1].amount) == "0.0006");
  REQUIRE(row.price);
  CHECK(row.price->entry_id == "e");
  CHECK(books.session.store().price_entry(row.price->sha256));
  const auto history = books.ledger.history(contract::attempt(1));
  REQUIRE(history->size() == 1);
  CHECK(history->front().reason == "recomputed");
  CHECK(to_string(*history->front().cost) == "$0.00031");
}

TEST_CASE("recompute: the same catalogue changes nothing") {
  Books books;
  books.put(counted(1));
  const auto report = books.recompute(cheap());
  CHECK(report.rows == 1);
  CHECK(report.changed == 0);
  CHECK(books.row(1).revision == 1);
  CHECK(books.recompute(dear()).changed == 1);
  CHECK(books.recompute(dear()).changed == 0);
  CHECK(books.ledger.history(contract::attempt(1))->size() == 1);
}

TEST_CASE("recompute: an unpriced row is settled once its model has a price") {
  Books books;
  LedgerRow row = counted(1);
  row.cost = {};
  row.cost.unpriced_reason = tally::UnpricedReason::unknown_model;
  row.state = BillState::unpriced;
  books.put(row);
  CHECK(books.recompute(cheap()).changed == 1);
  CHECK(books.row(1).state == BillState::settled);
  CHECK(books.row(1).cost.unpriced_reason == tally::UnpricedReason::none);
  CHECK(total_of(books.row(1)) == "$0.00031");
  CHECK_FALSE(books.ledger.history(contract::attempt(1))->front().cost);
}

TEST_CASE("recompute: the budget's window follows, and verify finds no drift") {
  Books books;
  const auto day = contract::hold(contract::daily("day", "1"), "0.5");
  books.session.set(day);
  books.session.reserve(contract::reserved(1, "0.5"), {day});
  books.session.settle(counted(1), {day});
  CHECK(contract::figures(books.session.status(day)) == "0.00031 0 0 0 0");
  CHECK(books.recompute(dear()).changed == 1);
  CHECK(contract::figures(books.session.status(day)) == "0.00087 0 0 0 0");
  CHECK(books.ledger.verify_budgets()->empty());
}

TEST_CASE("recompute: a bill is kept where there is no better one, and its attempt is named") {
  Books books;
  LedgerRow no_counts = counted(1);
  no_counts.usage = {};
  books.put(no_counts);
  LedgerRow other_model = counted(2);
  other_model.model_requested = "n";
  books.put(other_model);
  books.put(contract::not_billed(counted(3)));
  books.session.reserve(contract::reserved(4, "1"));
  const auto report = books.recompute(dear());
  CHECK(report.rows == 3);  // The reserved one is not finished.
  CHECK(report.changed == 0);
  CHECK(report.failed == std::vector<std::string>{contract::attempt(1), contract::attempt(2)});
  CHECK(total_of(books.row(1)) == "$0.00031");
  CHECK(books.row(3).state == BillState::not_billed);
  CHECK(books.row(4).state == BillState::reserved);
}

TEST_CASE("recompute: an estimate stays one, and its bounds take the new amount in") {
  Books books;
  LedgerRow row = counted(1);
  row.state = BillState::estimated;
  row.usage.source = tally::UsageSource::estimator;
  row.cost.is_estimate = true;
  row.cost.bounds = tally::CostBounds{contract::dollars("0.0001"), contract::dollars("0.0005")};
  row.cost.flags = {tally::CostFlag::output_unbounded};
  books.put(row);
  CHECK(books.recompute(cheap()).changed == 0);
  CHECK(books.recompute(dear()).changed == 1);
  row = books.row(1);
  CHECK(row.state == BillState::estimated);
  CHECK(total_of(row) == "$0.00087");
  REQUIRE(row.cost.bounds);
  CHECK(to_string(row.cost.bounds->low) == "$0.0001");
  CHECK(to_string(row.cost.bounds->high) == "$0.00087");
  CHECK(row.cost.flags == std::vector<tally::CostFlag>{tally::CostFlag::output_unbounded});
}

TEST_CASE("recompute: what has no price any more makes the bill partial") {
  Books books;
  books.put(counted(1));
  const auto report = books.recompute(
      catalog(R"("rates": {"default": {"input_cache_hit": "0.1", "input_cache_miss": "1"}})"));
  CHECK(report.changed == 1);
  CHECK(books.row(1).state == BillState::partial);
  CHECK(total_of(books.row(1)) == "$0.00021");
}

TEST_CASE("recompute: the tariff is that of the billing instant, and a change inside is told") {
  // Billed at 12:00:02, two seconds after its start; the price falls in between.
  Books books;
  books.put(counted(1));
  const PriceCatalog falling = *PriceCatalog::parse(R"({
      "schema": "tally.prices/1", "catalog_version": "t", "models": [
      {"provider": "p", "model": "m", "entries": [
      {"id": "a", "currency": "USD", "kind": "list", "unit": 1000000, "source": {"name": "s"},
       "to": "2026-04-05T12:00:01Z", "rates": {"default": {
       "input_cache_hit": "0.2", "input_cache_miss": "3", "output": "5"}}},
      {"id": "b", "currency": "USD", "kind": "list", "unit": 1000000, "source": {"name": "s"},
       "from": "2026-04-05T12:00:01Z", "rates": {"default": {
       "input_cache_hit": "0.2", "input_cache_miss": "2", "output": "4"}}}]}]})");
  CHECK(books.recompute(falling).changed == 1);
  const LedgerRow row = books.row(1);
  CHECK(total_of(row) == "$0.00062");  // 20 + 400 + 200
  CHECK(row.price->entry_id == "b");
  CHECK(row.cost.flags == std::vector<tally::CostFlag>{tally::CostFlag::straddles_bands});
  REQUIRE(row.cost.bounds);
  CHECK(to_string(row.cost.bounds->low) == "$0.00062");
  CHECK(to_string(row.cost.bounds->high) == "$0.00087");
}

TEST_CASE("recompute: nothing is converted: a row in yuan is not billed in dollars") {
  Books books;
  LedgerRow row = counted(1);
  row.cost.total = contract::yuan("0.00031");
  books.put(row);
  CHECK(books.recompute(dear()).failed.size() == 1);
  CHECK(total_of(books.row(1)) == "¥0.00031");
}

TEST_CASE("recompute: a card for the row's host is taken, and one for others by its name") {
  Books books;
  books.put(counted(1));
  const std::string rates = R"("rates": {"default": {
      "input_cache_hit": "0.2", "input_cache_miss": "3", "output": "5"}})";
  const PriceCatalog here = catalog(rates, R"("hosts": ["models.example"], )");
  const PriceCatalog elsewhere =
      catalog(R"("rates": {"default": {"input_cache_miss": "9", "output": "9"}})",
              R"("hosts": ["other.example"], )");
  CHECK(books.recompute(elsewhere.over(here)).changed == 1);
  CHECK(total_of(books.row(1)) == "$0.00087");
  // The provider may have been named, with a proxy before it: then the host says nothing.
  LedgerRow proxied = counted(2);
  proxied.host = "proxy.example";
  books.put(proxied);
  tally::LedgerFilter second;
  second.call_id = proxied.call_id;
  CHECK(books.recompute(here, second).changed == 1);
  CHECK(total_of(books.row(2)) == "$0.00087");
}

TEST_CASE("recompute: the tier that was served decides, else the one it was billed as") {
  const PriceCatalog tiers = catalog(R"("rates": {"default": {
      "input_cache_hit": "0.1", "input_cache_miss": "1", "output": "2"}},
      "service_tiers": {"flex": {"rates": {"default": {
      "input_cache_hit": "0.2", "input_cache_miss": "3", "output": "5"}}}})");
  Books books;
  LedgerRow served = counted(1);
  served.usage.service_tier = "flex";
  books.put(served);
  LedgerRow billed = counted(2);
  billed.price.emplace();
  billed.service_tier_requested = "flex";  // And the standard one was what it got.
  books.put(billed);
  LedgerRow asked = counted(3);
  asked.service_tier_requested = "flex";
  books.put(asked);
  CHECK(books.recompute(tiers).changed == 2);
  CHECK(total_of(books.row(1)) == "$0.00087");
  CHECK(total_of(books.row(2)) == "$0.00031");
  CHECK(total_of(books.row(3)) == "$0.00087");
}

TEST_CASE("recompute: only rows that the filter asks for, in any number") {
  Books books;
  for (int number = 1; number <= 1201; ++number) books.put(counted(number));
  tally::LedgerFilter one;
  one.call_id = counted(7).call_id;
  CHECK(books.recompute(dear(), one).rows == 1);
  CHECK(total_of(books.row(7)) == "$0.00087");
  CHECK(total_of(books.row(8)) == "$0.00031");
  const auto report = books.recompute(dear());
  CHECK(report.rows == 1201);
  CHECK(report.changed == 1200);
  // 1201 x 0.00087
  CHECK(to_string(books.ledger.totals()->front().settled) == "1.04487");
}

TEST_CASE("recompute: a row that changes meanwhile keeps what it has become, and is named") {
  /// Revises a row by itself, right after it was read.
  class Meddler final : public tally::LedgerStore {
   public:
    void submit(std::vector<LedgerWrite> batch) override { memory_.submit(std::move(batch)); }
    std::vector<tally::LedgerDone> collect() override { return memory_.collect(); }
    void await(std::chrono::microseconds wait) override { memory_.await(wait); }
    tally::Result<void> each_row(const tally::LedgerFilter& filter,
                                 const std::function<bool(const LedgerRow&)>& keep) override {
      return memory_.each_row(filter, [&](const LedgerRow& row) {
        if (std::exchange(meddles, false)) revise(row);
        return keep(row);
      });
    }
    bool meddles = false;

   private:
    void revise(LedgerRow row) {
      ++row.revision;
      row.cost.total = contract::dollars("7");
      std::vector<LedgerWrite> batch;
      batch.push_back({1'000'000, LedgerWrite::Kind::revise, std::move(row)});
      memory_.submit(std::move(batch));
      REQUIRE(memory_.collect().size() == 1);
    }

    tally::MemoryStore memory_;
  };
  auto store = std::make_shared<Meddler>();
  Books books(store);
  books.put(counted(1));
  books.put(counted(2));
  store->meddles = true;
  const auto report = books.recompute(dear());
  CHECK(report.changed == 1);
  CHECK(report.failed == std::vector<std::string>{contract::attempt(1)});
  CHECK(total_of(books.row(1)) == "$7");
  CHECK(total_of(books.row(2)) == "$0.00087");
}

#if TALLY_WITH_SQLITE && !defined(_WIN32)
TEST_CASE("recompute: rows of a file are written while they are read") {
  std::string folder = (std::filesystem::temp_directory_path() / "tally-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  {
    tally::LedgerOptions options;
    options.durability = tally::Durability::batched;
    auto store = tally::SqliteStore::open(folder + "/ledger.db", options);
    REQUIRE_MESSAGE(store, store.error().message);
    Books books(*store);
    const auto all = contract::hold(contract::budget("all", "1000"));
    books.session.set(all);
    for (int number = 1; number <= 1201; ++number) books.put(counted(number));
    CHECK(contract::figures(books.session.status(all)) == "0.37231 0 0 0 0");  // 1201 x 0.00031
    const auto report = books.recompute(dear());
    CHECK(report.rows == 1201);
    CHECK(report.changed == 1201);
    CHECK(report.failed.empty());
    CHECK(books.recompute(dear()).changed == 0);
    CHECK(to_string(books.ledger.totals()->front().settled) == "1.04487");
    CHECK(contract::figures(books.session.status(all)) == "1.04487 0 0 0 0");
    CHECK(books.ledger.verify_budgets()->empty());
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}
#endif
