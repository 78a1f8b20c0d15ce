// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "ledger/postgres_connection.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

// `@columns@` stands for the names of a row's columns.
extern const std::string_view postgres_rule_functions;
extern const std::string_view postgres_write_functions;
extern const std::string_view postgres_care_functions;  // postgres_care_functions.cpp

/// Makes the tables and functions where they are not there, and brings older ones up to date. Any
/// number of clients may begin at once. `unsupported`: a newer tally made them.
Result<void> ensure_postgres_schema(PostgresConnection& connection);

}  // namespace TALLY_ABI
}  // namespace tally
