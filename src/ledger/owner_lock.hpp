// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A file that says that its process lives: locked as long as it is open, and the operating system
/// unlocks it when the process ends, however it ends. One thread at a time.
class OwnerLock {
 public:
  /// Makes and locks the file.
  static Result<OwnerLock> make(const std::string& path);

  OwnerLock(OwnerLock&& other) noexcept;
  OwnerLock& operator=(OwnerLock&& other) noexcept;
  /// Removes the file. In a forked child nothing happens: the lock is the parent's.
  ~OwnerLock();

 private:
  OwnerLock(std::string path, std::intptr_t file);

  std::string path_;
  std::intptr_t file_ = -1;
  unsigned forks_ = 0;
};

/// Whether the process that made the file is still there.
enum class OwnerLife {
  alive,
  gone,
  unknown,  ///< Locks do not work here.
};
OwnerLife look_at_owner(const std::string& path);

/// Removes what a process that is gone has left.
void remove_owner_file(const std::string& path);

}  // namespace TALLY_ABI
}  // namespace tally
