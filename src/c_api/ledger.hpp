// SPDX-License-Identifier: MIT
#pragma once

#include "c_api/arguments.hpp"
#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// NULL: all rows.
LedgerFilter filter_of(const tally_ledger_filter* filter, Arguments& given);

/// Empty: UTC.
TimeZone zone_of(const tally_text& zone, std::string_view name, Arguments& given);

}  // namespace TALLY_ABI
}  // namespace tally
