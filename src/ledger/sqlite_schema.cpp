// SPDX-License-Identifier: MIT
#include "ledger/sqlite_schema.hpp"

#include <sqlite3.h>

#include <iterator>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// An amount is nano * 10^-9 + frac * 10^-18, both of one sign: SUM over either column is exact for
// 9.2 * 10^9 units. *_us are microseconds since 1970. NULL is unknown. What sums need stands before
// the texts, since SQLite reads a row from its front.
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

// What a usage bills beside its four counts of tokens: audio, pictures, searches. Few rows have
// any. The counts themselves hold all tokens, so that no sum has to look into it.
constexpr const char* version_2 = "ALTER TABLE ledger ADD COLUMN billed_extras TEXT;";

// Step n leads from version n to n + 1. A published step is never changed; the next one goes below.
constexpr const char* steps[] = {version_1, version_2};
constexpr int newest_version = static_cast<int>(std::size(steps));

// "TALY": what tells tally's files from other programs' databases.
constexpr int application_id = 0x54414c59;

int number_of(SqliteDatabase& database, const char* pragma) {
  SqliteQuery query = database.query(pragma);
  return query.next() ? static_cast<int>(query.integer()) : 0;
}

/// Whether a step was taken whatever the file's number says: a tally that only knew version 1 wrote
/// its own back when it had waited for another that was bringing the same file up to date.
bool is_taken(SqliteDatabase& database, int step) {
  return steps[step] == version_2 &&
         database.query("SELECT 1 FROM pragma_table_info('ledger') WHERE name='billed_extras'")
             .next();
}

bool has_tables(SqliteDatabase& database) {
  return database.query("SELECT 1 FROM sqlite_schema LIMIT 1").next();
}

Error foreign_file(const std::string& path) {
  return Error{
      ErrorKind::ledger,
      "the ledger \"" + path + "\" is a database of another program: name a file of its own"};
}

Error too_new(const std::string& path, int version) {
  return Error{ErrorKind::unsupported, "the ledger \"" + path + "\" has schema version " +
                                           std::to_string(version) + ", and this tally (" +
                                           TALLY_VERSION + ") reads up to " +
                                           std::to_string(newest_version) + ": update tally"};
}

/// A file system that cannot share memory between processes leaves SQLite in another mode, whose
/// commits sync inside a frame.
bool is_wal(SqliteDatabase& database) {
  SqliteQuery query = database.query("PRAGMA journal_mode=WAL");
  return query.next() && query.text() == "wal";
}

Error no_shared_memory(const std::string& path) {
  return Error{ErrorKind::ledger,
               "the ledger \"" + path +
                   "\" lies on a file system without shared memory (a network's?): SQLite's log "
                   "needs it, so name a file on a local disk"};
}

std::string cause_and_remedy(const SqliteFailure& failure) {
  if (failure.code == SQLITE_READONLY_DBMOVED) {
    return "it was moved or deleted while it was open: put it back, or open the ledger again";
  }
  switch (failure.code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full: make room, writes are then taken again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "it is read-only: tally needs to write the file, and beside it in its folder";
    case SQLITE_CANTOPEN:
      return "it cannot be opened or made: its folder has to exist, and to be writable";
    case SQLITE_CORRUPT:
      return "the file is damaged: restore a backup, or move it away and save what "
             "`sqlite3 <file> .recover` finds";
    case SQLITE_NOTADB:
      return "it is not an SQLite database: name another file";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return "another process held its write lock for longer than LedgerOptions::lock_timeout";
    case SQLITE_IOERR:
      return "reading or writing the disk failed: see the system's log";
    default:
      return {};
  }
}

}  // namespace

Error sqlite_error(const SqliteFailure& failure, const std::string& path) {
  const std::string cause = cause_and_remedy(failure);
  Error error{ErrorKind::ledger, "the ledger \"" + path + "\": " + cause +
                                     (cause.empty() ? "" : " (") + "SQLite: " + failure.text +
                                     (cause.empty() ? "" : ")")};
  error.retry_may_help = failure.is_busy();
  return error;
}

void set_up_sqlite_connection(SqliteDatabase& database, Durability durability) {
  // Checkpoints sync: they come where a thread may wait, never by themselves inside a frame.
  database.run_script("PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON;");
  database.run_script(durability == Durability::durable ? "PRAGMA synchronous=FULL"
                                                        : "PRAGMA synchronous=NORMAL");
}

Result<void> prepare_sqlite_schema(SqliteDatabase& database, Durability durability,
                                   SteadyInstant until) {
  const std::string path = database.path();
  database.wait_for_locks_until(until);
  set_up_sqlite_connection(database, durability);
  // Before anything is changed: whose file is it? In one transaction, since another process may be
  // making it.
  database.run("BEGIN");
  int version = number_of(database, "PRAGMA user_version");
  const bool is_ours = number_of(database, "PRAGMA application_id") == application_id;
  const bool is_foreign = !is_ours && (version != 0 || has_tables(database));
  database.run("COMMIT");
  if (database.failure()) return sqlite_error(*database.failure(), path);
  if (is_foreign) return foreign_file(path);
  if (version > newest_version) return too_new(path, version);
  const bool has_log = is_wal(database);
  if (database.failure()) return sqlite_error(*database.failure(), path);
  if (!has_log) return no_shared_memory(path);
  if (version == newest_version) return {};

  if (!database.begin(until)) return sqlite_error(*database.failure(), path);
  version = number_of(database, "PRAGMA user_version");  // Another process may have been first.
  if (version > newest_version) {
    database.rollback();
    return too_new(path, version);
  }
  for (int step = version; step < newest_version; ++step) {
    if (!is_taken(database, step)) database.run_script(steps[step]);
  }
  const std::string marks = "PRAGMA user_version=" + std::to_string(newest_version) +
                            ";PRAGMA application_id=" + std::to_string(application_id);
  database.run_script(marks.c_str());
  if (!database.commit()) return sqlite_error(*database.failure(), path);
  return {};
}

}  // namespace TALLY_ABI
}  // namespace tally
