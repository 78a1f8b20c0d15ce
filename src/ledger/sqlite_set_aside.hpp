// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Appends a write that the database will not take to `<path>.dead`, as a line of JSON, so that
/// nothing is lost and the rest goes on. The answer says so.
LedgerDone set_aside(const std::string& path, const LedgerWrite& write, const std::string& why);

}  // namespace TALLY_ABI
}  // namespace tally
