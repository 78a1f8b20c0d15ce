// SPDX-License-Identifier: MIT
#pragma once

// A disk between SQLite and the real one: it forgets what was not synced when its power goes, can
// be full, and can be slow. SQLite's default VFS from `install` on.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>

namespace ledger_tests {

/// Paths and bytes: what a disk holds after its power was cut.
using DiskImage = std::map<std::string, std::string>;

/// What becomes of bytes that no sync has confirmed.
enum class Unsynced {
  lost,
  kept,
  some,  ///< Each sector as it happens, in any order.
};

/// There is one. Its settings may be changed from any thread; `on_write` is called on the thread
/// that writes.
class Disk {
 public:
  static Disk& install();

  /// Before each write, truncation and sync of a file in `folder`. Empty: nothing is remembered.
  void watch(const std::string& folder, std::function<void()> on_write);
  void forget();
  DiskImage image(Unsynced unsynced, std::mt19937& random) const;

  /// Writes answer SQLITE_FULL.
  void set_full(bool full);
  void set_sync_delay(std::chrono::milliseconds delay);
  std::uint64_t syncs() const;
};

/// Writes the files of an image into `folder`, which replaces the one they came from.
void write_image(const DiskImage& image, const std::string& folder);

}  // namespace ledger_tests
