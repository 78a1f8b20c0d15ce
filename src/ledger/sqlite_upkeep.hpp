// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/sqlite_database.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

// Care for a ledger, inside a write transaction.

/// Adds or replaces a definition. What another scope, window or currency had counted is forgotten,
/// and counted anew from the rows.
void keep_budget(SqliteDatabase& database, const Budget& budget);
void drop_budget(SqliteDatabase& database, const std::string& id);

std::vector<BudgetDrift> verify_windows(SqliteDatabase& database, LedgerStore::Repair repair);

/// Removes some of the finished rows billed before that instant; 0: none is left.
std::int64_t prune_some(SqliteDatabase& database, Instant before);

/// How many rows have lost their labels.
std::int64_t erase_labels(SqliteDatabase& database, const std::string& key,
                          const std::string& value);

}  // namespace TALLY_ABI
}  // namespace tally
