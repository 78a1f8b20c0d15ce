// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

PriceReference reference_of(const Price& price);

/// Whether a call with these labels counts for that budget.
bool is_in_scope(const Budget& budget, const Labels& labels, const std::string& provider,
                 const std::string& model);

/// Recovery said so, and not the attempt's own process: its late settle may replace the row.
bool was_recovered(const LedgerRow& row);

/// What a dead owner's reserved row becomes: `estimated` between the bounds it was reserved with;
/// the amount is the upper one, since nobody knows how far the answer got. `reason` is `owner_gone`
/// or `lease_expired`.
LedgerRow estimated_after_death(LedgerRow row, std::string reason, Instant now);

}  // namespace TALLY_ABI
}  // namespace tally
