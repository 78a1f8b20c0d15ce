// SPDX-License-Identifier: MIT
#pragma once

// SQLite as one would use it by hand for the tables of a ledger.

#include <cstdint>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

namespace bench {

/// A connection; a failure ends the program.
class BareSqlite {
 public:
  explicit BareSqlite(const std::string& path);
  ~BareSqlite();
  BareSqlite(const BareSqlite&) = delete;
  BareSqlite& operator=(const BareSqlite&) = delete;

  void run(const std::string& sql);
  sqlite3_stmt* prepare(const std::string& sql);  ///< Lives as long as this.
  /// False: no further row; the statement is ready for the next time.
  bool step(sqlite3_stmt* statement);
  std::int64_t last_row_id() const;
  /// The columns of the ledger that are written, but its number.
  std::vector<std::string> ledger_columns();

 private:
  sqlite3* handle_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

/// Writes attempts with the values of one that tally wrote.
class BareLedger {
 public:
  /// `path`: a ledger that holds `reserved_id` as reserved and `settled_id` as settled.
  BareLedger(const std::string& path, const std::string& reserved_id, const std::string& settled_id,
             bool durable);
  ~BareLedger();

  void reserve(const std::vector<std::string>& ids);
  void settle(const std::vector<std::string>& ids);

 private:
  std::vector<sqlite3_value*> values_of(const std::string& id);

  BareSqlite db_;
  std::vector<std::string> columns_;
  std::vector<sqlite3_value*> reserved_;
  std::vector<sqlite3_value*> settled_;
  std::vector<std::size_t> changing_;  ///< The columns that a settle writes.
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* label_ = nullptr;
  sqlite3_stmt* update_ = nullptr;
};

}  // namespace bench
