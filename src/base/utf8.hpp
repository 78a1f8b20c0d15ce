// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

bool is_valid_utf8(std::string_view bytes);

/// `bytes` with each maximal ill-formed part replaced by U+FFFD (the WHATWG decoder's rule).
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace TALLY_ABI
}  // namespace tally
