// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// `std::fopen` for a path in UTF-8, as all of tally's are: Windows' own takes it for the bytes of
/// whatever code page the user has.
std::FILE* open_file(const std::string& path, const char* mode);

#if defined(_WIN32)
/// A path in UTF-8 as Windows' own functions take it.
std::wstring wide_path(const std::string& path);
#endif

}  // namespace TALLY_ABI
}  // namespace tally
