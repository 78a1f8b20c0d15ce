// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "pricing/catalog_data.hpp"
#include "pricing/field_json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a catalogue's text may refer to: its own parts first, then those of the catalogue below it.
struct KnownParts {
  const Layer* own = nullptr;
  const PriceCatalog::Data* below = nullptr;  ///< Null: the text stands alone.

  std::shared_ptr<const Calendar> calendar(std::string_view name) const;
  std::shared_ptr<const Schedule> schedule(std::string_view name) const;
};

/// A member of `calendars`; its key is its name.
Calendar read_calendar(FieldReader& reader, const Field& field);

/// A member of `schedules`; its key is its name.
Schedule read_schedule(FieldReader& reader, const Field& field, const KnownParts& known);

/// Where a fact was read and when it was checked, of any part that has a `source`.
PriceSource read_source(FieldReader& reader, const Field& object);

}  // namespace TALLY_ABI
}  // namespace tally
