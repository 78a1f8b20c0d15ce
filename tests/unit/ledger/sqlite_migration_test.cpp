// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#if TALLY_WITH_SQLITE

#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "tally/ledger.hpp"

// What the library itself wrote before there was anything but text to be billed. A file of a user's
// looks like this for ever, so that this text never changes.
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE owner(
  owner_id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  seen_us INTEGER NOT NULL) STRICT;

CREATE TABLE price_snapshot(
  sha256 TEXT PRIMARY KEY,
  entry_id TEXT NOT NULL,
  catalog_version TEXT NOT NULL,
  json TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE ledger(
  row_id INTEGER PRIMARY KEY,
  state TEXT NOT NULL
    CHECK(state IN('reserved','settled','estimated','partial','unpriced','not_billed')),
  is_repeat INTEGER NOT NULL,
  currency TEXT, cost_nano INTEGER, cost_frac INTEGER,
  hold_currency TEXT, hold_nano INTEGER, hold_frac INTEGER,
  difference_nano INTEGER, difference_frac INTEGER,
  billed_hit INTEGER, billed_miss INTEGER, billed_write INTEGER, billed_output INTEGER,
  started_us INTEGER NOT NULL, billed_us INTEGER, completed_us INTEGER, first_byte_us INTEGER,
  provider TEXT NOT NULL, model_requested TEXT NOT NULL,
  attempt_id TEXT NOT NULL UNIQUE, call_id TEXT NOT NULL, attempt_number INTEGER NOT NULL,
  revision INTEGER NOT NULL, reason TEXT NOT NULL, host TEXT NOT NULL,
  model_reported TEXT NOT NULL, service_tier_requested TEXT NOT NULL, streamed INTEGER NOT NULL,
  prompt_tokens INTEGER, prompt_cache_hit_tokens INTEGER, prompt_cache_miss_tokens INTEGER,
  cache_write_tokens INTEGER, completion_tokens INTEGER, reasoning_tokens INTEGER,
  total_tokens INTEGER,
  usage_source TEXT NOT NULL, anomalies TEXT NOT NULL, service_tier TEXT NOT NULL,
  usage_reported_cost TEXT, usage_raw TEXT NOT NULL,
  is_estimate INTEGER NOT NULL, is_lower_bound INTEGER NOT NULL,
  low_currency TEXT, low_nano INTEGER, low_frac INTEGER,
  high_currency TEXT, high_nano INTEGER, high_frac INTEGER,
  cost_lines TEXT, cost_flags TEXT NOT NULL,
  unpriced_reason TEXT NOT NULL, unpriced_message TEXT NOT NULL, reported_cost TEXT,
  price_sha256 TEXT, price_entry_id TEXT, price_catalog_version TEXT, price_model TEXT,
  price_band TEXT, price_service_tier TEXT, price_context_tier INTEGER,
  http_status INTEGER NOT NULL, finish_reason TEXT NOT NULL, error TEXT NOT NULL,
  request_id TEXT NOT NULL, response_id TEXT NOT NULL,
  owner_id INTEGER, lease_us INTEGER,
  at_us INTEGER AS (coalesce(billed_us, started_us)) VIRTUAL,
  CHECK(attempt_number >= 1),
  CHECK(state <> 'settled' OR cost_nano IS NOT NULL),
  CHECK((cost_nano IS NULL) = (currency IS NULL))) STRICT;
CREATE INDEX ledger_time ON ledger(at_us);
CREATE INDEX ledger_call ON ledger(call_id);
CREATE INDEX ledger_open ON ledger(owner_id) WHERE state = 'reserved';
CREATE INDEX ledger_response ON ledger(provider, response_id) WHERE response_id <> '';

CREATE TABLE ledger_label(
  row_id INTEGER NOT NULL REFERENCES ledger(row_id) ON DELETE CASCADE,
  key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(row_id, key)) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_label_value ON ledger_label(key, value);

CREATE TABLE ledger_history(
  attempt_id TEXT NOT NULL, revision INTEGER NOT NULL,
  replaced_us INTEGER NOT NULL, reason TEXT NOT NULL,
  state TEXT NOT NULL, state_reason TEXT NOT NULL, billed_us INTEGER,
  currency TEXT, cost_nano INTEGER, cost_frac INTEGER,
  price_sha256 TEXT, price_entry_id TEXT,
  PRIMARY KEY(attempt_id, revision)) STRICT, WITHOUT ROWID;

CREATE TABLE budget(budget_id TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE budget_window(
  budget_id TEXT NOT NULL, begin_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
  spent_nano INTEGER NOT NULL DEFAULT 0, spent_frac INTEGER NOT NULL DEFAULT 0,
  held_nano INTEGER NOT NULL DEFAULT 0, held_frac INTEGER NOT NULL DEFAULT 0,
  estimated_nano INTEGER NOT NULL DEFAULT 0, estimated_frac INTEGER NOT NULL DEFAULT 0,
  unpriced_calls INTEGER NOT NULL DEFAULT 0,
  carried_nano INTEGER NOT NULL DEFAULT 0, carried_frac INTEGER NOT NULL DEFAULT 0,
  carried_estimated_nano INTEGER NOT NULL DEFAULT 0,
  carried_estimated_frac INTEGER NOT NULL DEFAULT 0,
  carried_unpriced_calls INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(budget_id, begin_us, end_us)) STRICT, WITHOUT ROWID;
CREATE TABLE budget_entry(
  row_id INTEGER NOT NULL REFERENCES ledger(row_id) ON DELETE CASCADE,
  budget_id TEXT NOT NULL, begin_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
  currency TEXT NOT NULL, started_us INTEGER NOT NULL,
  held_nano INTEGER NOT NULL, held_frac INTEGER NOT NULL,
  charged_nano INTEGER, charged_frac INTEGER,
  is_estimate INTEGER NOT NULL, is_unpriced INTEGER NOT NULL,
  PRIMARY KEY(row_id, budget_id)) STRICT, WITHOUT ROWID;
CREATE INDEX budget_entry_open ON budget_entry(budget_id) WHERE charged_nano IS NULL;
CREATE INDEX budget_entry_begun ON budget_entry(budget_id, started_us);

CREATE TABLE balance_check(
  check_id INTEGER PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL,
  at_us INTEGER NOT NULL, is_available INTEGER NOT NULL, raw TEXT NOT NULL) STRICT;
CREATE INDEX balance_check_time ON balance_check(provider, account, at_us);
CREATE TABLE balance_amount(
  check_id INTEGER NOT NULL REFERENCES balance_check(check_id) ON DELETE CASCADE,
  position INTEGER NOT NULL, currency TEXT NOT NULL,
  total TEXT NOT NULL, granted TEXT, topped_up TEXT,
  PRIMARY KEY(check_id, position)) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* rows_of_version_1 = R"sql(
INSERT INTO ledger(row_id,state,is_repeat,currency,cost_nano,cost_frac,billed_hit,billed_miss,
    billed_write,billed_output,started_us,billed_us,completed_us,provider,model_requested,attempt_id,
    call_id,attempt_number,revision,reason,host,model_reported,service_tier_requested,streamed,
    prompt_tokens,completion_tokens,total_tokens,usage_source,anomalies,service_tier,usage_raw,
    is_estimate,is_lower_bound,cost_lines,cost_flags,unpriced_reason,unpriced_message,http_status,
    finish_reason,error,request_id,response_id)
  VALUES(1,'settled',0,'USD',310000,5,100,200,0,50,1775390400000000,1775390402000000,
    1775390402000000,'p','m','0196-1','c-1',1,1,'','h','m','',1,300,50,350,'provider','','',
    '{"prompt_tokens":300}',0,0,
    '[{"bucket":"output","quantity":50,"per_token":"0.000002","amount":"0.0001"}]','','none','',
    200,'stop','','r-1','s-1'),
  (2,'partial',0,'USD',20000,0,0,20,0,0,1775390400000000,1775390402000000,1775390402000000,'p','m',
    '0196-2','c-2',1,1,'','h','m','',1,20,0,20,'provider','other_modality','','{}',0,1,NULL,
    'unexplained_total','none','',200,'stop','','r-2','s-2');
INSERT INTO ledger_label VALUES(1,'player','p-117');
INSERT INTO budget VALUES('all',
  '{"id":"all","limit":"1","currency":"USD","window":"total","zone":"UTC","scope":{},'
  ||'"soft_permille":0,"on_exceed":"refuse","on_unpriced":"refuse","assume_input":"0",'
  ||'"assume_output":"0","assume_max_tokens":8192,"most_in_flight":0,"requests_per_minute":0}');
PRAGMA user_version=1;
PRAGMA application_id=1413565529;
)sql";

class OldFile {
 public:
  OldFile() {
    std::string name = (std::filesystem::temp_directory_path() / "tally-XXXXXX").string();
    folder_ = ::mkdtemp(name.data()) == nullptr ? std::string() : name;
    run(version_1);
    run(rows_of_version_1);
  }
  ~OldFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  OldFile(const OldFile&) = delete;
  OldFile& operator=(const OldFile&) = delete;

  std::string path() const { return folder_ + "/ledger.db"; }
  std::string run(const char* sql) const {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path().c_str(), &handle) == SQLITE_OK);
    std::string value;
    char* error = nullptr;
    const auto take = [](void* into, int, char** texts, char**) {
      *static_cast<std::string*>(into) = texts[0] == nullptr ? "NULL" : texts[0];
      return 0;
    };
    sqlite3_exec(handle, sql, take, &value, &error);
    CHECK_MESSAGE(error == nullptr, error);
    sqlite3_close(handle);
    return value;
  }

 private:
  std::string folder_;
};

tally::Ledger opened(const std::string& path) {
  auto ledger = tally::Ledger::open(path);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  return *ledger;
}

/// Text at 1 dollar, audio at 10, a search at a cent.
tally::PriceCatalog with_audio() {
  const auto catalog = tally::PriceCatalog::parse(R"({"schema": "tally.prices/1",
      "catalog_version": "t", "models": [{"provider": "p", "model": "m", "entries": [
      {"id": "e", "currency": "USD", "kind": "list", "source": {"name": "s"},
       "rates": {"default": {"input_cache_hit": "0.1", "input_cache_miss": "1", "output": "2",
                             "input_audio": "10"}},
       "units": {"search_query": {"price": "10", "per": 1000}}}]}]})");
  REQUIRE_MESSAGE(catalog, catalog.error().message);
  return *catalog;
}

}  // namespace

TEST_CASE("sqlite migration: a file of version 1 keeps its rows, labels and budgets") {
  const OldFile file;
  {
    const tally::Ledger ledger = opened(file.path());
    const auto rows = ledger.rows();
    REQUIRE_MESSAGE(rows, rows.error().message);
    REQUIRE(rows->size() == 2);
    const tally::LedgerRow& first = rows->front();
    CHECK(first.attempt_id == "0196-1");
    CHECK(first.state == tally::BillState::settled);
    CHECK(to_string(*first.cost.total) == "$0.000310000000000005");
    REQUIRE(first.cost.lines.size() == 1);
    CHECK(first.cost.lines[0].unit.empty());
    CHECK(first.usage.billed.cache_miss == 200);
    CHECK(first.usage.billed.parts.audio_miss == 0);
    CHECK(first.usage.units.empty());
    CHECK(first.usage.raw == "{\"prompt_tokens\":300}");
    CHECK(first.labels == tally::Labels{{"player", "p-117"}});
    CHECK(rows->back().usage.anomalies == std::vector{tally::Anomaly::other_modality});
    REQUIRE(ledger.budgets().size() == 1);
    CHECK(to_string(ledger.budget_status("all")->spent) == "0.000330000000000005");
    // 0.00031 and 0.00002.
    CHECK(to_string(ledger.totals()->front().total()) == "0.000330000000000005");
  }
  CHECK(file.run("PRAGMA user_version") == "2");
  CHECK(file.run("SELECT count(*) FROM ledger WHERE billed_extras IS NOT NULL") == "0");
  CHECK(opened(file.path()).rows()->size() == 2);  // And the second opening finds nothing to do.
}

TEST_CASE("sqlite migration: a file whose number an older tally wrote back opens, and keeps all") {
  const OldFile file;
  opened(file.path());
  file.run("UPDATE ledger SET billed_extras='{\"audio_miss\":7}' WHERE row_id=1");
  file.run("PRAGMA user_version=1");
  const auto rows = opened(file.path()).rows();
  REQUIRE_MESSAGE(rows, rows.error().message);
  REQUIRE(rows->size() == 2);
  CHECK(rows->front().usage.billed.parts.audio_miss == 7);
  CHECK(file.run("PRAGMA user_version") == "2");
}

TEST_CASE("sqlite migration: a newer tally that was faster keeps its version") {
  const OldFile file;
  file.run("PRAGMA journal_mode=WAL");
  sqlite3* newer = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &newer) == SQLITE_OK);
  sqlite3_exec(newer, "BEGIN IMMEDIATE; PRAGMA user_version=3", nullptr, nullptr, nullptr);
  // It sees version 1, and waits for the lock; where it is slow, it sees version 3 at once.
  auto opening = std::async(std::launch::async, [&] { return tally::Ledger::open(file.path()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  sqlite3_exec(newer, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(newer);
  const auto ledger = opening.get();
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().kind == tally::ErrorKind::unsupported);
  CHECK(ledger.error().message.find("has schema version 3") != std::string::npos);
  CHECK(file.run("PRAGMA user_version") == "3");
}

TEST_CASE("sqlite migration: what was brought up to date bills audio and searches anew") {
  const OldFile file;
  opened(file.path());
  file.run(
      "UPDATE ledger SET billed_hit=0, billed_miss=1000, billed_output=10,"
      " billed_extras='{\"audio_miss\":600,\"units\":{\"search_query\":3}}' WHERE row_id=1");
  const tally::Ledger ledger = opened(file.path());
  const auto report = ledger.recompute(with_audio());
  REQUIRE_MESSAGE(report, report.error().message);
  CHECK(report->rows == 2);
  const auto rows = ledger.rows();
  REQUIRE(rows->size() == 2);
  // 400 x 1 + 600 x 10 + 10 x 2 millionths, and 3 x 0.01.
  CHECK(rows->front().state == tally::BillState::settled);
  CHECK(to_string(*rows->front().cost.total) == "$0.03642");
  // What version 1 had only marked stays a lower bound: it did not keep how much audio there was.
  CHECK(rows->back().state == tally::BillState::partial);
}

#endif
