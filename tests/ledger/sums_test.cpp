// SPDX-License-Identifier: MIT

// Very many very small amounts: every digit is there at the end.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "faults/programs.hpp"
#include "ledger/ledger_state.hpp"
#include "ledger/samples.hpp"

namespace {

constexpr tally::Decimal tiny{0, 3'625'000'000};  // 0.000000003625

/// The first row of an answer, as text.
std::vector<std::string> ask(sqlite3* db, const std::string& question) {
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, question.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  std::vector<std::string> row;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      row.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)));
    }
  }
  REQUIRE(sqlite3_finalize(statement) == SQLITE_OK);
  return row;
}

}  // namespace

TEST_CASE("sums: a million bills of 0.000000003625 are 0.003625, in rows and in their budget") {
  faults::TempFolder folder;
  tally::LedgerOptions options;
  options.durability = tally::Durability::batched;
  const auto ledger = tally::Ledger::open(folder / "ledger.db", options);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  REQUIRE(ledger->set_budget(ledger_tests::total_budget("all", tally::cents(100))));
  const tally::Money bill{tiny, tally::usd};
  tally::LedgerRow row = ledger_tests::settled_row(ledger_tests::reserved_row(bill), bill);
  row.labels.clear();
  row.usage.raw.clear();
  constexpr int bills = 1'000'000;
  for (int i = 0; i < bills;) {
    std::vector<std::uint64_t> tickets;
    for (int end = i + 500; i < end; ++i) {
      row.attempt_id = row.call_id = std::to_string(i);
      tickets.push_back(ledger_tests::submit(*ledger, tally::LedgerWrite::Kind::settle, row));
    }
    for (const std::uint64_t ticket : tickets)
      REQUIRE(!ledger_tests::answer_to(*ledger, ticket).error);
  }
  const auto totals = ledger->totals();
  REQUIRE(totals);
  REQUIRE(totals->size() == 1);
  CHECK((*totals)[0].attempts == bills);
  CHECK(to_string((*totals)[0].settled) == "0.003625");
  CHECK(to_string(ledger->budget_status("all")->spent) == "0.003625");
  CHECK(ledger_tests::drift_of(*ledger) == "");
}

TEST_CASE("sums: ten million in a table with two columns, which a double would not add") {
  faults::TempFolder folder;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open((folder / "plain.db").c_str(), &db) == SQLITE_OK);
  ask(db, "PRAGMA journal_mode=OFF");
  ask(db, "PRAGMA synchronous=OFF");
  ask(db, "CREATE TABLE amounts(nano INTEGER NOT NULL, frac INTEGER NOT NULL) STRICT");
  // 0.000000003625 is 3 nano and 625,000,000 of 10^-18.
  ask(db,
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<10000000) "
      "INSERT INTO amounts SELECT 3, 625000000 FROM n");
  const auto sums = ask(db, "SELECT sum(nano), sum(frac) FROM amounts");
  REQUIRE(sums.size() == 2);
  CHECK(sums[0] == "30000000");
  CHECK(sums[1] == "6250000000000000");
  // 30,000,000 nano and 6,250,000 more of the fractions: $0.03625.
  const std::int64_t nano = std::stoll(sums[0]) + std::stoll(sums[1]) / 1'000'000'000;
  CHECK(nano == 36'250'000);
  CHECK(std::stoll(sums[1]) % 1'000'000'000 == 0);
  sqlite3_close(db);
}
