// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "tally/import.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// `difference` for one name and currency.
std::vector<PriceChange> changes_of(const PriceCatalog& before, const PriceCatalog& after,
                                    std::string_view provider, std::string_view model,
                                    Currency currency, Instant at);

}  // namespace TALLY_ABI
}  // namespace tally
