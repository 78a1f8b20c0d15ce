// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What the client sees of a ledger: hand a write in, ask later whether it is stored. The store
/// answers in its own order and to whoever asks first, so the answers are kept here until their
/// asker comes. May be shared by threads.
struct Ledger::State {
  explicit State(std::shared_ptr<LedgerStore> store_) : store(std::move(store_)) {}

  std::uint64_t submit(LedgerWrite::Kind kind, LedgerRow row);

  /// Nothing: not done yet. Else the answer, once. Never waits.
  std::optional<LedgerDone> ask(std::uint64_t ticket);

  /// Nobody will ask for this ticket again; the write itself goes on.
  void forget(std::uint64_t ticket);

  const std::shared_ptr<LedgerStore> store;

 private:
  void collect_locked();

  std::mutex mutex_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, LedgerDone> answers_;
  std::unordered_set<std::uint64_t> forgotten_;
};

}  // namespace TALLY_ABI
}  // namespace tally
