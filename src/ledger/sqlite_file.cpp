// SPDX-License-Identifier: MIT
#include "ledger/sqlite_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#if !defined(_WIN32)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tally {
inline namespace TALLY_ABI {

Result<void> make_private_file(const std::string& path) {
#if !defined(_WIN32)
  // Only a file that nobody has open is closed again here: to close a descriptor of a file drops
  // the locks that SQLite holds on it for this process.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    return Error{ErrorKind::ledger, "cannot make the ledger \"" + path +
                                        "\": " + std::strerror(errno) +
                                        ": its folder has to exist, and to be writable"};
  }
#else
  static_cast<void>(path);  // A new file has its folder's rights there.
#endif
  return {};
}

bool append_private_line(const std::string& path, std::string_view line) {
  if (!make_private_file(path)) return false;
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out << line << '\n' << std::flush;
  return out.good();
}

}  // namespace TALLY_ABI
}  // namespace tally
