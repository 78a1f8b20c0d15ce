// SPDX-License-Identifier: MIT
#include "base/process.hpp"

#include <atomic>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::atomic<unsigned> forks{0};

bool watch_forks() {
#if defined(__unix__) || defined(__APPLE__)
  pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
#endif
  return true;
}

}  // namespace

unsigned forks_so_far() {
  [[maybe_unused]] static const bool is_watching = watch_forks();
  return forks.load(std::memory_order_relaxed);
}

}  // namespace TALLY_ABI
}  // namespace tally
