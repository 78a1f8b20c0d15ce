// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tally/money.hpp"
#include "tally/time.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tally {
inline namespace TALLY_ABI {

class SqliteDatabase;

/// What SQLite answered instead of doing it. Plain data.
struct SqliteFailure {
  int code = 0;  ///< Extended.
  std::string text;

  bool is_busy() const;        ///< Another connection holds a lock.
  bool is_of_the_row() const;  ///< A constraint, a size: another row may well be taken.
};

/// A prepared statement on loan: the connection keeps it for the next time. Reading past the end or
/// after a failure gives nothing. One thread at a time.
class SqliteQuery {
 public:
  SqliteQuery(SqliteQuery&& other) noexcept;
  SqliteQuery& operator=(SqliteQuery&&) = delete;
  ~SqliteQuery();

  // In the order of the parameters. Text is cleaned: NUL bytes go, bad UTF-8 becomes U+FFFD.
  void bind(std::int64_t value);
  void bind(int value) { bind(static_cast<std::int64_t>(value)); }
  void bind(bool value) { bind(static_cast<std::int64_t>(value)); }
  void bind(std::string_view value);
  void bind(const std::string& value) { bind(std::string_view(value)); }
  void bind(const char* value) { bind(std::string_view(value)); }
  void bind(Instant value) { bind(static_cast<std::int64_t>(value.time_since_epoch().count())); }
  void bind(std::nullopt_t) { ++bound_; }
  template <class T>
  void bind(const std::optional<T>& value) {
    value ? bind(*value) : bind(std::nullopt);
  }
  /// Two parameters: whole nanos, and the rest in attos.
  void bind(Decimal value);
  void bind(const std::optional<Decimal>& value);

  /// To the next row; false at the end and after a failure.
  bool next();
  /// For statements that give no rows.
  void run() {
    while (next()) {
    }
  }

  // In the order of the columns.
  bool is_null() const;  ///< The one that is read next.
  std::int64_t integer();
  std::optional<std::int64_t> optional_integer();
  std::string text();
  Instant instant();
  std::optional<Instant> optional_instant();
  Decimal decimal();  ///< Two columns.
  std::optional<Decimal> optional_decimal();

 private:
  friend class SqliteDatabase;
  SqliteQuery(SqliteDatabase& database, sqlite3_stmt* statement, bool* is_lent);

  SqliteDatabase* database_;
  sqlite3_stmt* statement_;  ///< Null: it could not be prepared.
  bool* is_lent_;            ///< Null: it is not kept.
  int bound_ = 0;
  int read_ = 0;
};

/// A connection. A failure sticks: what is asked after it does nothing, so that a transaction is
/// written straight down and asked once, at its end, whether it went well. One thread at a time.
class SqliteDatabase {
 public:
  /// Null if it could not be opened; `failure` says why.
  static std::unique_ptr<SqliteDatabase> open(const std::string& path, SqliteFailure& failure);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// `sql` lives as long as the program: the statement is kept under its address.
  template <class... Values>
  SqliteQuery query(const char* sql, const Values&... values) {
    SqliteQuery prepared = prepare_kept(sql);
    (prepared.bind(values), ...);
    return prepared;
  }
  /// For SQL that is made at run time.
  SqliteQuery query_once(const std::string& sql);
  template <class... Values>
  void run(const char* sql, const Values&... values) {
    query(sql, values...).run();
  }
  /// Several statements.
  void run_script(const char* sql);

  /// Takes the write lock; waits for it until then. False: see `failure`.
  bool begin(SteadyInstant until);
  /// False, and everything undone, if anything failed since `begin`.
  bool commit();
  void rollback();

  /// Ends a transaction that `BEGIN` alone began, and has only read.
  void end_reading();

  /// From now on `pages_in_log` tells how much is not in the file itself yet.
  void count_log_pages();
  int pages_in_log() const { return pages_in_log_; }
  /// Moves it there, as far as other connections allow.
  void checkpoint();

  /// How long locks are waited for.
  void wait_for_locks_until(SteadyInstant until) { lock_deadline_ = until; }

  const std::optional<SqliteFailure>& failure() const { return failure_; }
  void forget_failure() { failure_.reset(); }
  void fail(int code, std::string text);
  void fail_sum();

  std::int64_t last_row_id() const;
  int changed_rows() const;
  std::string path() const;  ///< Absolute.
  sqlite3* handle() const { return handle_; }

 private:
  friend class SqliteQuery;
  struct Kept {
    sqlite3_stmt* statement = nullptr;
    bool is_lent = false;
  };

  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}
  static int on_busy(void* self, int times);
  SqliteQuery prepare_kept(const char* sql);
  enum class Life { kept, once };
  sqlite3_stmt* prepare(std::string_view sql, Life life);
  void note_failure(int code);

  sqlite3* handle_;
  SteadyInstant lock_deadline_{};
  int pages_in_log_ = 0;
  std::optional<SqliteFailure> failure_;
  std::unordered_map<const char*, Kept> kept_;
};

}  // namespace TALLY_ABI
}  // namespace tally
