// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

class Lane;

/// The flag behind a CancelToken, and the lanes that wait and have to look at it. May be shared by
/// threads.
struct CancelToken::State {
  std::atomic<bool> cancelled{false};

  void cancel();
  /// `lane` is woken by `cancel` until it is detached as often as it was attached.
  void attach(Lane& lane);
  void detach(Lane& lane);

 private:
  struct Attached {
    Lane* lane;
    std::size_t times;
  };
  Attached* find(const Lane& lane);

  std::mutex mutex_;
  std::vector<Attached> lanes_;  ///< Each once: thousands of calls may have one token.
};

}  // namespace TALLY_ABI
}  // namespace tally
