// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "pricing/catalog_data.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Reads a `tally.prices/1` text, which may refer to parts of the catalogue `below` (may be null).
/// Any broken rule is `invalid_catalog`: the whole text is refused, since half a price list bills
/// wrongly.
Result<std::shared_ptr<const Layer>> read_layer(std::string_view json, std::string_view name,
                                                const PriceCatalog::Data* below);

}  // namespace TALLY_ABI
}  // namespace tally
