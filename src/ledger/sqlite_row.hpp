// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "ledger/sqlite_database.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Who keeps a row alive while it is reserved. Plain data.
struct SqliteLease {
  std::int64_t owner_id = 0;
  Instant until{};
};

/// Adds the row with its labels. Nothing: the attempt is known.
std::optional<std::int64_t> insert_row(SqliteDatabase& database, const LedgerRow& row,
                                       const SqliteLease& lease);

/// Replaces a reserved row in all but its ids and labels; the stored revision grows by one. False:
/// there is none.
bool replace_reserved_row(SqliteDatabase& database, const LedgerRow& row);

/// The same for a row in any state; what it was goes into the history.
void replace_row(SqliteDatabase& database, std::int64_t row_id, const LedgerRow& row,
                 std::string_view reason, Instant now);

/// Keeps the price's entry, which many rows share.
void keep_price_entry(SqliteDatabase& database, const PriceEntry& entry);

/// Reads rows: `SELECT ` + row_columns + ` FROM ledger r`. `labels_of` asks for the rest.
extern const char* const sqlite_row_columns;
LedgerRow read_row(SqliteQuery& query);
Labels labels_of(SqliteDatabase& database, std::int64_t row_id);

/// Its row id, if the attempt is known.
std::optional<std::int64_t> row_id_of(SqliteDatabase& database, const std::string& attempt_id);

/// One row, labels included.
struct SqliteStoredRow {
  std::int64_t row_id = 0;
  LedgerRow row;
};
std::optional<SqliteStoredRow> find_row(SqliteDatabase& database, const std::string& attempt_id);

}  // namespace TALLY_ABI
}  // namespace tally
