// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What the client sees of a ledger: hand a write in, ask later whether it is stored. The store
/// answers in its own order and to whoever asks first, so the answers are kept here until their
/// asker comes. May be shared by threads.
struct Ledger::State {
  State(std::shared_ptr<LedgerStore> store_, LedgerOptions options_)
      : store(std::move(store_)), options(options_) {}

  /// Hands a write in; its ticket is chosen here. Where memory runs out that leaves as an
  /// exception, and nothing was handed in.
  std::uint64_t submit(LedgerWrite write);

  /// Takes over what the store has answered; never waits. The number of answers so far: while it
  /// stays the same, nobody needs to `ask` again.
  std::uint64_t collect();

  /// The answer, once, if it was collected. Never waits.
  std::optional<LedgerDone> ask(std::uint64_t ticket);

  /// Nobody will ask for this ticket again; the write itself goes on.
  void forget(std::uint64_t ticket) noexcept;

  /// Waits until everything that was handed in before is answered, for up to `lock_timeout`: what
  /// a question may then see.
  Result<void> catch_up() { return catch_up(options.lock_timeout); }
  /// Also until what a disk refused is stored, as far as it is tried again.
  Result<void> flush(std::chrono::milliseconds timeout);

  /// Those whose scope a call is in, by id.
  std::vector<std::shared_ptr<const Budget>> budgets_for(const Labels& labels,
                                                         const std::string& provider,
                                                         const std::string& model) const;
  std::vector<std::shared_ptr<const Budget>> budgets() const;
  std::shared_ptr<const Budget> budget(const std::string& id) const;
  void keep_budget(Budget budget);
  void drop_budget(const std::string& id);

  /// Before anything is submitted: from now on nothing is reserved, since what the budgets would
  /// say is not known.
  void miss_budgets(const Error& why);

  const std::shared_ptr<LedgerStore> store;
  const LedgerOptions options;
  std::atomic<bool> writer_stops{false};

 private:
  /// A write that was handed in, and its answer once there is one. Made beforehand, since an answer
  /// that finds no memory would be lost.
  struct Asked {
    std::optional<LedgerDone> done;
    bool is_forgotten = false;
  };

  Result<void> catch_up(std::chrono::milliseconds timeout);
  Error timeout_error(std::chrono::milliseconds timeout) const;
  void collect_locked();

  std::mutex mutex_;
  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, Asked> unanswered_;  ///< By the store.
  std::map<std::uint64_t, Asked> answers_;     ///< That nobody has asked for yet.
  std::uint64_t answered_ = 0;                 ///< How many ever were.

  mutable std::mutex budgets_mutex_;
  std::vector<std::shared_ptr<const Budget>> budgets_;  ///< Sorted by id.
  std::optional<Error> missing_budgets_;
};

}  // namespace TALLY_ABI
}  // namespace tally
