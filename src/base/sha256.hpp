// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// SHA-256 (FIPS 180-4) of `bytes`, as 64 lower-case hexadecimal digits. Addresses price snapshots
/// by their content; nothing secret is ever hashed with it.
std::string sha256_hex(std::string_view bytes);

}  // namespace TALLY_ABI
}  // namespace tally
