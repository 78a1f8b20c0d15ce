// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ledger/sqlite_database.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Where the locks of owners cannot be asked, their rows are taken for left behind after this.
constexpr std::chrono::hours sqlite_lease{24};

/// One open ledger. Plain data.
struct SqliteOwner {
  std::int64_t id = 0;
  std::string name;
};

/// The file whose lock says that the owner lives.
std::string owner_file(const std::string& database_path, const std::string& name);

std::int64_t add_owner(SqliteDatabase& database, const std::string& name, Instant now);
std::vector<SqliteOwner> other_owners(SqliteDatabase& database, std::int64_t than);
/// It is still there.
void touch_owner(SqliteDatabase& database, std::int64_t owner_id, Instant now);
/// Unless a row is still reserved by it.
void forget_idle_owner(SqliteDatabase& database, std::int64_t owner_id);
/// Owners of reserved rows that nobody knows any more: taken for dead once, they came back, and
/// nothing tells now whether they live.
std::vector<std::int64_t> forgotten_owners(SqliteDatabase& database, std::int64_t than);
void forget_owner(SqliteDatabase& database, std::int64_t owner_id);

/// Attempts that it has reserved; with `expired_by`, those whose lease had run out then.
std::vector<std::string> reserved_by(SqliteDatabase& database, std::int64_t owner_id,
                                     std::optional<Instant> expired_by);

}  // namespace TALLY_ABI
}  // namespace tally
