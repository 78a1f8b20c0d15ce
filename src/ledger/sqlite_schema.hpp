// SPDX-License-Identifier: MIT
#pragma once

#include "ledger/sqlite_database.hpp"
#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Settings of a connection, and the tables: made where there are none, brought to this version
/// where they are older.
Result<void> prepare_sqlite_schema(SqliteDatabase& database, Durability durability,
                                   SteadyInstant until);

/// Settings alone, for a further connection to a file that is prepared.
void set_up_sqlite_connection(SqliteDatabase& database, Durability durability);

/// A failure in the words of one who has to do something about it.
Error sqlite_error(const SqliteFailure& failure, const std::string& path);

}  // namespace TALLY_ABI
}  // namespace tally
