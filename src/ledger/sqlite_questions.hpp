// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/sqlite_database.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

// Reading. What fails is left in `SqliteDatabase::failure`.

/// ` AND ...` over table alias `r`, and its parameters.
std::string sqlite_conditions(const LedgerFilter& filter, const std::string& r);
void bind_conditions(SqliteQuery& query, const LedgerFilter& filter);

void each_row(SqliteDatabase& database, const LedgerFilter& filter,
              const std::function<bool(const LedgerRow&)>& keep);
std::vector<LedgerTotal> totals_of(SqliteDatabase& database, const LedgerFilter& filter,
                                   const LedgerGrouping& grouping);
std::vector<LedgerHistory> history_of(SqliteDatabase& database, const std::string& attempt_id);
std::optional<std::string> price_entry_of(SqliteDatabase& database, const std::string& sha256);
std::vector<std::string> budget_definitions(SqliteDatabase& database);

void put_balance(SqliteDatabase& database, const BalanceCheck& check);
std::vector<BalanceCheck> balances_of(SqliteDatabase& database, const std::string& provider,
                                      const std::string& account, TimeSpan span);

}  // namespace TALLY_ABI
}  // namespace tally
