// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

// What every store decides in the same way, over the counters of one window as it read them. A
// store brings the transaction.

/// What one attempt counts in one window: its hold while it is open, its bill after. Plain data.
struct WindowEntry {
  Decimal held;                    ///< 0 where the worst case is not known.
  std::optional<Decimal> charged;  ///< Set once settled.
  bool is_estimate = false;
  bool is_unpriced = false;  ///< No amount is known, or a part of it is not.
};

/// The entry of a settled row, which had `held` before.
WindowEntry settled_entry(const LedgerRow& row, Currency currency, Decimal held);

/// Adds an entry to the counters, or takes it out. Nothing on overflow, and `status` is unchanged.
std::optional<BudgetStatus> with_entry(BudgetStatus status, const WindowEntry& entry);
std::optional<BudgetStatus> without_entry(BudgetStatus status, const WindowEntry& entry);

/// Whether `hold` may not be added to the window; `begun_lately`: attempts of this budget that
/// began within 60 seconds before this one. `OnExceed::warn` refuses no amount.
std::optional<BudgetRefusal> refusal_of(const BudgetHold& hold, const BudgetStatus& now,
                                        int begun_lately);

/// What the host is told after counters have changed. `entry` is the one that was added.
std::vector<BudgetNotice> notices_of(const Budget& budget, const BudgetStatus& before,
                                     const BudgetStatus& after, const WindowEntry& entry);

/// The same, and where the window stands, into the answer to a write.
void note_change(LedgerDone& done, const Budget& budget, const BudgetStatus& before,
                 const BudgetStatus& after, const WindowEntry& entry);

}  // namespace TALLY_ABI
}  // namespace tally
