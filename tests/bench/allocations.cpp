// SPDX-License-Identifier: MIT
#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> count{0};

}  // namespace

namespace bench {

std::int64_t allocations() { return count.load(std::memory_order_relaxed); }

}  // namespace bench

// The array and nothrow forms of the standard library call these.
void* operator new(std::size_t size) {
  // Not an atomic addition, which would cost what it is to measure; the benchmark has one thread.
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  std::abort();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
