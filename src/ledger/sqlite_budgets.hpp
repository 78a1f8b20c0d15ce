// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "ledger/budget_rules.hpp"
#include "ledger/sqlite_database.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

// The counters of budgets, inside a write transaction.

/// What one attempt counts for one budget. Plain data.
struct SqliteEntry {
  std::string budget_id;
  TimeSpan window;
  Currency currency;
  WindowEntry counted;
};

bool has_entries(SqliteDatabase& database);
std::vector<SqliteEntry> entries_of(SqliteDatabase& database, std::int64_t row_id);
/// Adds or replaces it; counters are another matter.
void store_entry(SqliteDatabase& database, std::int64_t row_id, Instant started,
                 const SqliteEntry& entry);

/// The counters as they are stored; nothing if that window was not seen yet.
std::optional<BudgetStatus> stored_window(SqliteDatabase& database, const std::string& budget_id,
                                          TimeSpan window);
/// The same; a window that is seen for the first time counts the rows that lie in it already.
BudgetStatus open_window(SqliteDatabase& database, const Budget& budget, TimeSpan window);
/// Windows of single calls keep no counters.
void store_window(SqliteDatabase& database, const BudgetStatus& status);

/// Attempts of all windows that are not settled yet.
int open_entries(SqliteDatabase& database, const std::string& budget_id);
/// Attempts that began within 60 seconds up to `started`.
int begun_lately(SqliteDatabase& database, const std::string& budget_id, Instant started);

}  // namespace TALLY_ABI
}  // namespace tally
