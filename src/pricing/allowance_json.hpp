// SPDX-License-Identifier: MIT
#pragma once

#include "pricing/field_json.hpp"
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One element of a catalogue's `allowances`.
TokenAllowance read_allowance(FieldReader& reader, const Field& field);

}  // namespace TALLY_ABI
}  // namespace tally
