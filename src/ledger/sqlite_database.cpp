// SPDX-License-Identifier: MIT
#include "ledger/sqlite_database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t attos_per_nano = 1'000'000'000;
constexpr std::int64_t nanos_per_unit = 1'000'000'000;
constexpr std::int64_t attos_per_unit = attos_per_nano * nanos_per_unit;
constexpr std::int64_t most_units = INT64_MAX / nanos_per_unit - 1;

bool is_clean(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_valid_utf8(text);
}

std::string cleaned(std::string_view text) {
  std::string clean = replace_invalid_utf8(text);
  clean.erase(std::remove(clean.begin(), clean.end(), '\0'), clean.end());
  return clean;
}

SteadyInstant steady_now() {
  return std::chrono::time_point_cast<SteadyInstant::duration>(std::chrono::steady_clock::now());
}

}  // namespace

bool SqliteFailure::is_busy() const {
  const int primary = code & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

bool SqliteFailure::is_of_the_row() const {
  const int primary = code & 0xff;
  return primary == SQLITE_CONSTRAINT || primary == SQLITE_TOOBIG || primary == SQLITE_MISMATCH;
}

SqliteQuery::SqliteQuery(SqliteDatabase& database, sqlite3_stmt* statement, bool* is_lent)
    : database_(&database), statement_(statement), is_lent_(is_lent) {}

SqliteQuery::SqliteQuery(SqliteQuery&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      is_lent_(other.is_lent_),
      bound_(other.bound_),
      read_(other.read_) {}

SqliteQuery::~SqliteQuery() {
  if (statement_ == nullptr) return;
  if (is_lent_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  *is_lent_ = false;
}

void SqliteQuery::bind(std::int64_t value) {
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++bound_, value);
}

void SqliteQuery::bind(std::string_view value) {
  if (statement_ == nullptr) return;
  if (!is_clean(value)) return bind(std::string_view(cleaned(value)));
  const char* bytes = value.empty() ? "" : value.data();  // A null pointer would bind NULL.
  const int code =
      sqlite3_bind_text64(statement_, ++bound_, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) database_->fail(code, sqlite3_errstr(code));
}

void SqliteQuery::bind(Decimal value) {
  if (value.units > most_units || value.units < -most_units) {
    bound_ += 2;
    database_->fail(SQLITE_TOOBIG, "an amount of " + to_string(value) + " is too large");
    return;
  }
  bind(value.units * nanos_per_unit + value.attos / attos_per_nano);
  bind(value.attos % attos_per_nano);
}

void SqliteQuery::bind(const std::optional<Decimal>& value) {
  if (value) return bind(*value);
  bound_ += 2;
}

bool SqliteQuery::next() {
  if (statement_ == nullptr || database_->failure_) return false;
  read_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->note_failure(code);
  return false;
}

bool SqliteQuery::is_null() const {
  return statement_ == nullptr || sqlite3_column_type(statement_, read_) == SQLITE_NULL;
}

std::int64_t SqliteQuery::integer() {
  return statement_ == nullptr ? 0 : sqlite3_column_int64(statement_, read_++);
}

std::optional<std::int64_t> SqliteQuery::optional_integer() {
  if (!is_null()) return integer();
  ++read_;
  return std::nullopt;
}

std::string SqliteQuery::text() {
  if (statement_ == nullptr) return {};
  const int column = read_++;
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

Instant SqliteQuery::instant() { return Instant(std::chrono::microseconds(integer())); }

std::optional<Instant> SqliteQuery::optional_instant() {
  const auto micros = optional_integer();
  return micros ? std::optional<Instant>(Instant(std::chrono::microseconds(*micros)))
                : std::nullopt;
}

Decimal SqliteQuery::decimal() {
  // Sums of the two columns may have carried, and of differences even another sign.
  const std::int64_t nano = integer();
  const std::int64_t frac = integer();
  const Decimal whole{nano / nanos_per_unit, nano % nanos_per_unit * attos_per_nano};
  const Decimal rest{frac / attos_per_unit, frac % attos_per_unit};
  return checked_add(whole, rest).value_or(whole);
}

std::optional<Decimal> SqliteQuery::optional_decimal() {
  if (!is_null()) return decimal();
  read_ += 2;
  return std::nullopt;
}

std::unique_ptr<SqliteDatabase> SqliteDatabase::open(const std::string& path,
                                                     SqliteFailure& failure) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(nullptr));
  sqlite3*& handle = database->handle_;
  // Its own mutexes are not needed: a connection has one thread at a time.
  const int code = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  if (code != SQLITE_OK) {
    failure = {code, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code)};
    return nullptr;
  }
  if (sqlite3_db_readonly(handle, "main") == 1) {
    failure = {SQLITE_READONLY, "no right to write"};
    return nullptr;
  }
  sqlite3_busy_handler(handle, on_busy, database.get());
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  for (auto& kept : kept_) sqlite3_finalize(kept.second.statement);
  sqlite3_close(handle_);
}

int SqliteDatabase::on_busy(void* self, int times) {
  const SteadyInstant now = steady_now();
  const SteadyInstant until = static_cast<SqliteDatabase*>(self)->lock_deadline_;
  if (now >= until) return 0;
  // SQLite's locks wake nobody. Most are held for less than a sync takes.
  const auto pause = std::chrono::microseconds(std::min(1000, 100 * (times + 1)));
  std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, until - now));
  return 1;
}

sqlite3_stmt* SqliteDatabase::prepare(std::string_view sql, Life life) {
  if (failure_) return nullptr;
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         life == Life::kept ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (code != SQLITE_OK) note_failure(code);
  return statement;
}

SqliteQuery SqliteDatabase::prepare_kept(const char* sql) {
  if (failure_) return SqliteQuery(*this, nullptr, nullptr);
  Kept& kept = kept_[sql];
  if (kept.is_lent) return query_once(sql);
  if (kept.statement == nullptr) kept.statement = prepare(sql, Life::kept);
  kept.is_lent = kept.statement != nullptr;
  return SqliteQuery(*this, kept.statement, &kept.is_lent);
}

SqliteQuery SqliteDatabase::query_once(const std::string& sql) {
  return SqliteQuery(*this, prepare(sql, Life::once), nullptr);
}

void SqliteDatabase::run_script(const char* sql) {
  if (failure_) return;
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note_failure(code);
}

bool SqliteDatabase::begin(SteadyInstant until) {
  forget_failure();
  wait_for_locks_until(until);
  run("BEGIN IMMEDIATE");
  // With a write-ahead log SQLite itself never asks, and rows would go where nobody finds them.
  int has_moved = 0;
  if (!failure_) sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  if (has_moved != 0) {
    rollback();
    fail(SQLITE_READONLY_DBMOVED, "the file has another name now, or none");
  }
  return !failure_;
}

bool SqliteDatabase::commit() {
  if (!failure_) run("COMMIT");
  if (failure_) rollback();
  return !failure_;
}

void SqliteDatabase::rollback() {
  // Some failures (a full disk) have rolled back by themselves.
  if (sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void SqliteDatabase::end_reading() { sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr); }

void SqliteDatabase::count_log_pages() {
  const auto note = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteDatabase*>(self)->pages_in_log_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, note, this);
}

void SqliteDatabase::checkpoint() {
  int left = 0;
  int moved = 0;
  sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
  pages_in_log_ = 0;  // The next commit tells how many there are.
}

void SqliteDatabase::fail(int code, std::string text) {
  if (!failure_) failure_ = SqliteFailure{code, std::move(text)};
}

void SqliteDatabase::fail_sum() { fail(SQLITE_ERROR, "a sum of amounts overflows"); }

void SqliteDatabase::note_failure(int code) { fail(code, sqlite3_errmsg(handle_)); }

std::int64_t SqliteDatabase::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

int SqliteDatabase::changed_rows() const { return sqlite3_changes(handle_); }

std::string SqliteDatabase::path() const {
  const char* name = sqlite3_db_filename(handle_, "main");
  return name == nullptr ? std::string() : std::string(name);
}

}  // namespace TALLY_ABI
}  // namespace tally
