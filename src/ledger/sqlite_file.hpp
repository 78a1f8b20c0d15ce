// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Makes the file, for its owner's eyes only, if it is not there.
Result<void> make_private_file(const std::string& path);

/// Says, as long as it lives, that this process has a file open.
///
/// SQLite knows per process which locks it holds on a file, whoever opened it. A forked child has a
/// copy of that knowledge and none of the locks: what it then writes into the same file is lost
/// when the parent closes it. Any thread.
class OpenFileMark {
 public:
  explicit OpenFileMark(const std::string& path);
  ~OpenFileMark();
  OpenFileMark(const OpenFileMark&) = delete;
  OpenFileMark& operator=(const OpenFileMark&) = delete;

  /// Whether the file was open in the parent when this process was forked.
  static bool is_parents(const std::string& path);

 private:
  const std::pair<std::uint64_t, std::uint64_t> file_;
  const unsigned forks_;
};

/// Adds a line to such a file. False: it could not be written.
bool append_private_line(const std::string& path, std::string_view line);

}  // namespace TALLY_ABI
}  // namespace tally
