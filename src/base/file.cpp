// SPDX-License-Identifier: MIT
#include "base/file.hpp"

#if defined(_WIN32)
#include <windows.h>

#include <cstddef>
#endif

namespace tally {
inline namespace TALLY_ABI {

#if defined(_WIN32)

std::wstring wide_path(const std::string& path) {
  const int size = static_cast<int>(path.size());
  const int units = MultiByteToWideChar(CP_UTF8, 0, path.data(), size, nullptr, 0);
  std::wstring wide(static_cast<std::size_t>(units), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.data(), size, wide.data(), units);
  return wide;
}

std::FILE* open_file(const std::string& path, const char* mode) {
  return _wfopen(wide_path(path).c_str(), wide_path(mode).c_str());
}

#else

std::FILE* open_file(const std::string& path, const char* mode) {
  return std::fopen(path.c_str(), mode);
}

#endif

}  // namespace TALLY_ABI
}  // namespace tally
