// SPDX-License-Identifier: MIT
#include "bare_ledger.hpp"

#include <sqlite3.h>

#include <string_view>

#include "timing.hpp"

namespace bench {
namespace {

std::string text_of(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text == nullptr ? "" : text;
}

bool is_same(sqlite3_value* a, sqlite3_value* b) {
  const auto text = [](sqlite3_value* value) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return std::string(bytes == nullptr ? "NULL" : bytes);
  };
  return sqlite3_value_type(a) == sqlite3_value_type(b) && text(a) == text(b);
}

void bind(sqlite3_stmt* statement, int place, const std::string& text) {
  sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

}  // namespace

BareSqlite::BareSqlite(const std::string& path) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("sqlite3_open");
}

BareSqlite::~BareSqlite() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

void BareSqlite::run(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(sqlite3_errmsg(handle_));
  }
}

sqlite3_stmt* BareSqlite::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    fail(sqlite3_errmsg(handle_));
  }
  statements_.push_back(statement);
  return statement;
}

bool BareSqlite::step(sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail(sqlite3_errmsg(handle_));
  sqlite3_reset(statement);
  return false;
}

std::int64_t BareSqlite::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

std::vector<std::string> BareSqlite::ledger_columns() {
  std::vector<std::string> columns;
  sqlite3_stmt* query = prepare("SELECT name FROM pragma_table_info('ledger')");
  while (step(query)) {
    if (text_of(query, 0) != "row_id") columns.push_back(text_of(query, 0));
  }
  return columns;
}

BareLedger::BareLedger(const std::string& path, const std::string& reserved_id,
                       const std::string& settled_id, bool durable)
    : db_(path) {
  db_.run(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  db_.run("PRAGMA foreign_keys=ON");
  columns_ = db_.ledger_columns();
  reserved_ = values_of(reserved_id);
  settled_ = values_of(settled_id);
  std::string names;
  std::string places;
  std::string changes;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names += (i > 0 ? "," : "") + columns_[i];
    places += (i > 0 ? ",?" : "?");
    const bool is_key = columns_[i] == "attempt_id" || columns_[i] == "call_id";
    if (is_key || is_same(reserved_[i], settled_[i])) continue;
    changes += (changing_.empty() ? "" : ",") + columns_[i] + "=?";
    changing_.push_back(i);
  }
  begin_ = db_.prepare("BEGIN IMMEDIATE");
  commit_ = db_.prepare("COMMIT");
  insert_ = db_.prepare("INSERT INTO ledger(" + names + ") VALUES(" + places + ")");
  label_ = db_.prepare("INSERT INTO ledger_label(row_id,key,value) VALUES(?,?,?)");
  update_ = db_.prepare("UPDATE ledger SET " + changes + " WHERE attempt_id=?");
}

BareLedger::~BareLedger() {
  for (sqlite3_value* value : reserved_) sqlite3_value_free(value);
  for (sqlite3_value* value : settled_) sqlite3_value_free(value);
}

std::vector<sqlite3_value*> BareLedger::values_of(const std::string& id) {
  std::string names;
  for (const std::string& column : columns_) names += (names.empty() ? "" : ",") + column;
  sqlite3_stmt* query = db_.prepare("SELECT " + names + " FROM ledger WHERE attempt_id=?");
  bind(query, 1, id);
  if (!db_.step(query)) fail("there is no row " + id);
  std::vector<sqlite3_value*> values;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    values.push_back(sqlite3_value_dup(sqlite3_column_value(query, static_cast<int>(i))));
  }
  sqlite3_reset(query);
  return values;
}

void BareLedger::reserve(const std::vector<std::string>& ids) {
  db_.step(begin_);
  for (const std::string& id : ids) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const int place = static_cast<int>(i) + 1;
      const bool is_key = columns_[i] == "attempt_id" || columns_[i] == "call_id";
      is_key ? bind(insert_, place, id) : (void)sqlite3_bind_value(insert_, place, reserved_[i]);
    }
    db_.step(insert_);
    const std::int64_t row = db_.last_row_id();
    for (const auto& [key, value] : {std::pair<const char*, const char*>{"npc", "smith"},
                                     std::pair<const char*, const char*>{"player", "p-117"}}) {
      sqlite3_bind_int64(label_, 1, row);
      sqlite3_bind_text(label_, 2, key, -1, SQLITE_STATIC);
      sqlite3_bind_text(label_, 3, value, -1, SQLITE_STATIC);
      db_.step(label_);
    }
  }
  db_.step(commit_);
}

void BareLedger::settle(const std::vector<std::string>& ids) {
  db_.step(begin_);
  for (const std::string& id : ids) {
    int place = 0;
    for (const std::size_t i : changing_) sqlite3_bind_value(update_, ++place, settled_[i]);
    bind(update_, ++place, id);
    db_.step(update_);
  }
  db_.step(commit_);
}

}  // namespace bench
