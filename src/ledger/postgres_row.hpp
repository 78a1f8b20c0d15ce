// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "ledger/postgres_connection.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// `attempt_id, call_id, ...`: the columns of a row, in the order of all functions here.
const std::string& row_columns();
/// With their types, for CREATE.
const std::string& typed_row_columns();
/// `$1,$2,...`: as many as there are columns.
const std::string& row_placeholders();

/// Cleaned; one parameter for each column.
void add_row(PostgresParameters& parameters, const LedgerRow& row);

/// The row of a result whose columns begin at `first`. `ledger` names what is not what was written.
Result<LedgerRow> read_row(const PGresult* result, int row, int first);

std::int64_t microseconds_of(Instant at);
Instant instant_of(std::int64_t microseconds);

}  // namespace TALLY_ABI
}  // namespace tally
