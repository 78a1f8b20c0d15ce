// SPDX-License-Identifier: MIT
#pragma once

#include "pricing/catalog_data.hpp"
#include "pricing/field_json.hpp"
#include "pricing/schedule_json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// An element of a card's `entries`. Its provider, model and catalogue version are the caller's to
/// set.
EntryRecord read_entry(FieldReader& reader, const Field& field, const KnownParts& known);

}  // namespace TALLY_ABI
}  // namespace tally
