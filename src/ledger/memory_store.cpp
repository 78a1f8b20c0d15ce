// SPDX-License-Identifier: MIT
#include "ledger/memory_store.hpp"

#include <utility>

namespace tally {
inline namespace TALLY_ABI {

void MemoryStore::submit(std::vector<LedgerWrite> batch) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (LedgerWrite& write : batch) {
    apply(write);
    done_.push_back({write.ticket, {}, {}, {}});
  }
}

void MemoryStore::apply(LedgerWrite& write) {
  const auto [place, is_new] = by_attempt_.try_emplace(write.row.attempt_id, rows_.size());
  if (is_new) {
    // A settle without a reserve is a call that was refused before it could reserve: a row all the
    // same.
    rows_.push_back(std::move(write.row));
    return;
  }
  LedgerRow& row = rows_[place->second];
  const bool is_newer = write.row.revision > row.revision;
  if (write.kind == LedgerWrite::Kind::settle && is_newer) row = std::move(write.row);
}

std::vector<LedgerDone> MemoryStore::collect() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(done_, {});
}

Result<void> MemoryStore::each_row(const LedgerFilter&,
                                   const std::function<bool(const LedgerRow&)>& keep) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const LedgerRow& row : rows_) {
    if (!keep(row)) break;
  }
  return {};
}

}  // namespace TALLY_ABI
}  // namespace tally
