// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pricing/catalog_data.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The entry in force for a query, and how its name led there.
struct FoundEntry {
  const std::shared_ptr<const Layer>* layer = nullptr;  ///< Which holds the entry.
  const EntryRecord* record = nullptr;
  bool substituted = false;  ///< Found by the reported model's name.
};

/// The order of the rules: layers from the top; in each the alias that is valid, then the model of
/// that name; all of it again for the reported model. What an alias names is searched in all
/// layers, so that an override of a card also holds for the names that lead to it from below.
std::optional<FoundEntry> find_entry(const PriceCatalog::Data& data, const PriceQuery& query);

/// Why `find_entry` found nothing.
Unpriced why_unpriced(const PriceCatalog::Data& data, const PriceQuery& query);

/// Every instant at which `find_entry` can give another answer, ascending.
std::vector<Instant> possible_changes(const PriceCatalog::Data& data, const PriceQuery& query);

}  // namespace TALLY_ABI
}  // namespace tally
