// SPDX-License-Identifier: MIT
#include "ledger/sqlite_owners.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::string owner_file(const std::string& database_path, const std::string& name) {
  return database_path + "-owner-" + name;
}

std::int64_t add_owner(SqliteDatabase& database, const std::string& name, Instant now) {
  database.run("INSERT INTO owner(name,seen_us) VALUES(?,?)", name, now);
  return database.last_row_id();
}

std::vector<SqliteOwner> other_owners(SqliteDatabase& database, std::int64_t than) {
  std::vector<SqliteOwner> owners;
  SqliteQuery query = database.query("SELECT owner_id,name FROM owner WHERE owner_id<>?", than);
  while (query.next()) {
    const std::int64_t id = query.integer();
    owners.push_back({id, query.text()});
  }
  return owners;
}

void touch_owner(SqliteDatabase& database, std::int64_t owner_id, Instant now) {
  database.run("UPDATE owner SET seen_us=? WHERE owner_id=?", now, owner_id);
}

void forget_idle_owner(SqliteDatabase& database, std::int64_t owner_id) {
  database.run(
      "DELETE FROM owner WHERE owner_id=?1 AND NOT EXISTS("
      "SELECT 1 FROM ledger WHERE owner_id=?1 AND state='reserved')",
      owner_id);
}

std::vector<std::int64_t> forgotten_owners(SqliteDatabase& database, std::int64_t than) {
  std::vector<std::int64_t> owners;
  SqliteQuery query = database.query(
      "SELECT DISTINCT owner_id FROM ledger WHERE state='reserved' AND owner_id<>?"
      " AND owner_id NOT IN (SELECT owner_id FROM owner)",
      than);
  while (query.next()) owners.push_back(query.integer());
  return owners;
}

void forget_owner(SqliteDatabase& database, std::int64_t owner_id) {
  database.run("DELETE FROM owner WHERE owner_id=?", owner_id);
}

std::vector<std::string> reserved_by(SqliteDatabase& database, std::int64_t owner_id,
                                     std::optional<Instant> expired_by) {
  std::vector<std::string> attempts;
  SqliteQuery query = database.query(
      "SELECT attempt_id FROM ledger WHERE owner_id=? AND state='reserved'"
      " AND lease_us<=coalesce(?,lease_us)",
      owner_id, expired_by);
  while (query.next()) attempts.push_back(query.text());
  return attempts;
}

}  // namespace TALLY_ABI
}  // namespace tally
