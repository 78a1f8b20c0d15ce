// SPDX-License-Identifier: MIT
#include "ledger/owner_lock.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "base/file.hpp"
#include "base/process.hpp"

#if defined(_WIN32)
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tally {
inline namespace TALLY_ABI {
namespace {

// POSIX locks belong to a process, which loses them when it closes any descriptor of the file: the
// files that this process owns are known by name, and never opened again to look at them.
struct OwnFiles {
  std::mutex mutex;
  std::map<std::string, unsigned> forks_by_path;

  bool has(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex);
    const auto found = forks_by_path.find(path);
    return found != forks_by_path.end() && found->second == forks_so_far();
  }
  void add(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex);
    forks_by_path[path] = forks_so_far();
  }
  void drop(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex);
    forks_by_path.erase(path);
  }
};

OwnFiles& own_files() {
  static auto* files = new OwnFiles;  // Ledgers may be static, and end later than any other static.
  return *files;
}

Error cannot_lock(const std::string& path, const std::string& why) {
  return Error{ErrorKind::ledger, "cannot make and lock \"" + path + "\": " + why +
                                      ": the ledger's folder has to be writable, on a local disk"};
}

#if defined(_WIN32)

constexpr std::intptr_t no_file = -1;

std::intptr_t open_file(const std::string& path, DWORD how) {
  const HANDLE file = CreateFileW(wide_path(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                                  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                  how, FILE_ATTRIBUTE_NORMAL, nullptr);
  return file == INVALID_HANDLE_VALUE ? no_file : reinterpret_cast<std::intptr_t>(file);
}
std::intptr_t create_file(const std::string& path) { return open_file(path, CREATE_NEW); }
std::intptr_t open_existing(const std::string& path) { return open_file(path, OPEN_EXISTING); }
bool is_missing() { return GetLastError() == ERROR_FILE_NOT_FOUND; }
void close_file(std::intptr_t file) { CloseHandle(reinterpret_cast<HANDLE>(file)); }
void delete_file(const std::string& path) { DeleteFileW(wide_path(path).c_str()); }
std::string last_error() { return "Windows error " + std::to_string(GetLastError()); }

OwnerLife try_lock(std::intptr_t file) {
  OVERLAPPED whole{};
  if (LockFileEx(reinterpret_cast<HANDLE>(file),
                 LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &whole)) {
    return OwnerLife::gone;
  }
  return GetLastError() == ERROR_LOCK_VIOLATION ? OwnerLife::alive : OwnerLife::unknown;
}

#else

constexpr std::intptr_t no_file = -1;

std::intptr_t create_file(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}
std::intptr_t open_existing(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CLOEXEC);
}
bool is_missing() { return errno == ENOENT; }
void close_file(std::intptr_t file) { ::close(static_cast<int>(file)); }
void delete_file(const std::string& path) { ::unlink(path.c_str()); }
std::string last_error() { return std::strerror(errno); }

OwnerLife try_lock(std::intptr_t file) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(static_cast<int>(file), F_SETLK, &whole) == 0) return OwnerLife::gone;
  return errno == EAGAIN || errno == EACCES ? OwnerLife::alive : OwnerLife::unknown;
}

#endif

}  // namespace

OwnerLock::OwnerLock(std::string path, std::intptr_t file)
    : path_(std::move(path)), file_(file), forks_(forks_so_far()) {}

OwnerLock::OwnerLock(OwnerLock&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, no_file)),
      forks_(other.forks_) {}

OwnerLock& OwnerLock::operator=(OwnerLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(forks_, other.forks_);
  return *this;
}

OwnerLock::~OwnerLock() {
  if (file_ == no_file || forks_ != forks_so_far()) return;
  // While it is still locked: afterwards it would be anybody's.
  delete_file(path_);
  close_file(file_);
  own_files().drop(path_);
}

Result<OwnerLock> OwnerLock::make(const std::string& path) {
  OwnerLock lock(path, no_file);
  own_files().add(path);  // First: where there is no memory for that, no file is left behind.
  const std::intptr_t file = create_file(path);
  // Where locks do not work the lease alone tells life from death.
  if (file != no_file && try_lock(file) != OwnerLife::alive) {
    lock.file_ = file;
    return Result<OwnerLock>(std::move(lock));
  }
  const Error error = cannot_lock(path, last_error());
  if (file != no_file) close_file(file);
  own_files().drop(path);
  return error;
}

OwnerLife look_at_owner(const std::string& path) {
  if (own_files().has(path)) return OwnerLife::alive;
  const std::intptr_t file = open_existing(path);
  if (file == no_file) return is_missing() ? OwnerLife::gone : OwnerLife::unknown;
  const OwnerLife life = try_lock(file);
  close_file(file);  // And with it the lock, if it was taken.
  return life;
}

void remove_owner_file(const std::string& path) { delete_file(path); }

}  // namespace TALLY_ABI
}  // namespace tally
