// SPDX-License-Identifier: MIT
#pragma once

// Ledgers on disk beside SQLite alone: the same file, schema, statements' values, mode and batch.

#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

/// attempts NAME MODE GROUPS: attempts in groups of 32, each reserved and settled.
Figures ledger_attempts(const std::vector<std::string>& words);

/// polls NAME URL COUNT: what a poll costs its thread; NAME is `none`, `durable` or `batched`.
Figures ledger_polls(const std::vector<std::string>& words);

/// fill FILE ROWS: a ledger of 30 days and 100 players.
Figures fill_ledger(const std::vector<std::string>& words);

/// spend NAME FILE: what each player spent on one of these days.
Figures ledger_spend(const std::vector<std::string>& words);

}  // namespace bench
