// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// The text of prices.json. The build generates it in pieces, since MSVC takes no string literal
/// above 16,000 bytes.
std::string builtin_catalog_text();

}  // namespace TALLY_ABI
}  // namespace tally
