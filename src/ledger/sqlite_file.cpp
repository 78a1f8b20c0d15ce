// SPDX-License-Identifier: MIT
#include "ledger/sqlite_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "base/file.hpp"
#include "base/process.hpp"

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// Device and inode, as SQLite tells files apart.
using FileId = std::pair<std::uint64_t, std::uint64_t>;

FileId id_of(const std::string& path) {
#if !defined(_WIN32)
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return {status.st_dev, status.st_ino};
#else
  static_cast<void>(path);  // Nothing forks there.
#endif
  return {};
}

struct OpenFiles {
  std::mutex mutex;
  std::multimap<FileId, unsigned> forks_by_id;
};

OpenFiles& open_files() {
  static auto* files =
      new OpenFiles;  // Ledgers may be static, and end later than any other static.
  return *files;
}

}  // namespace

OpenFileMark::OpenFileMark(const std::string& path) : file_(id_of(path)), forks_(forks_so_far()) {
  std::lock_guard<std::mutex> lock(open_files().mutex);
  open_files().forks_by_id.emplace(file_, forks_);
}

OpenFileMark::~OpenFileMark() {
  if (forks_ != forks_so_far()) return;  // SQLite keeps what it knows of the parent's for ever.
  std::lock_guard<std::mutex> lock(open_files().mutex);
  auto& all = open_files().forks_by_id;
  const auto [first, last] = all.equal_range(file_);
  for (auto place = first; place != last; ++place) {
    if (place->second != forks_) continue;
    all.erase(place);
    return;
  }
}

bool OpenFileMark::is_parents(const std::string& path) {
  const FileId file = id_of(path);
  std::lock_guard<std::mutex> lock(open_files().mutex);
  const auto [first, last] = open_files().forks_by_id.equal_range(file);
  for (auto place = first; place != last; ++place) {
    if (place->second != forks_so_far()) return true;
  }
  return false;
}

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
  std::FILE* file = open_file(path, "ab");
  if (file == nullptr) return false;
  const std::string whole = std::string(line) + '\n';
  const bool is_written = std::fwrite(whole.data(), 1, whole.size(), file) == whole.size();
  return std::fclose(file) == 0 && is_written;
}

}  // namespace TALLY_ABI
}  // namespace tally
