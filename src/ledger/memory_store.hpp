// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Rows in memory, for hosts without files and for tests. May be shared by threads.
class MemoryStore final : public LedgerStore {
 public:
  void submit(std::vector<LedgerWrite> batch) override;
  std::vector<LedgerDone> collect() override;
  void await(std::chrono::microseconds) override {}  // Everything is done when `submit` returns.
  Result<void> each_row(const LedgerFilter& filter,
                        const std::function<bool(const LedgerRow&)>& keep) override;

 private:
  void apply(LedgerWrite& write);

  std::mutex mutex_;
  std::vector<LedgerRow> rows_;
  std::unordered_map<std::string, std::size_t> by_attempt_;
  std::vector<LedgerDone> done_;
};

}  // namespace TALLY_ABI
}  // namespace tally
