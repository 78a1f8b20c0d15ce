// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Makes the file, for its owner's eyes only, if it is not there.
Result<void> make_private_file(const std::string& path);

/// Adds a line to such a file. False: it could not be written.
bool append_private_line(const std::string& path, std::string_view line);

}  // namespace TALLY_ABI
}  // namespace tally
