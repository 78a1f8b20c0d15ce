// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A write's budgets as the functions in the database take them.
std::string budgets_json(const std::vector<BudgetHold>& budgets);
/// One of them: its limit, window, scope and rules.
std::string budget_json(const Budget& budget, TimeSpan window, std::optional<Decimal> amount);

/// What tally_reserve, tally_settle or tally_revise said of that write; empty: NULL, nothing to
/// say.
LedgerDone read_answer(const LedgerWrite& write, std::string_view answer);

/// `{"spent": ..., "held": ...}` of that budget's window.
std::optional<BudgetStatus> read_status(const JsonValue& json, const Budget& budget,
                                        TimeSpan window);

}  // namespace TALLY_ABI
}  // namespace tally
