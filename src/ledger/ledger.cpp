// SPDX-License-Identifier: MIT
#include "tally/ledger.hpp"

#include <utility>

#include "ledger/ledger_state.hpp"
#include "ledger/memory_store.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::uint64_t Ledger::State::submit(LedgerWrite::Kind kind, LedgerRow row) {
  std::uint64_t ticket = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ticket = ++last_ticket_;
  }
  std::vector<LedgerWrite> batch;
  batch.push_back({ticket, kind, std::move(row)});
  store->submit(std::move(batch));
  return ticket;
}

std::optional<LedgerDone> Ledger::State::ask(std::uint64_t ticket) {
  std::lock_guard<std::mutex> lock(mutex_);
  collect_locked();
  auto found = answers_.find(ticket);
  if (found == answers_.end()) return std::nullopt;
  LedgerDone done = std::move(found->second);
  answers_.erase(found);
  return done;
}

void Ledger::State::forget(std::uint64_t ticket) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (answers_.erase(ticket) == 0) forgotten_.insert(ticket);
}

void Ledger::State::collect_locked() {
  for (LedgerDone& done : store->collect()) {
    if (forgotten_.erase(done.ticket) != 0) continue;
    const std::uint64_t ticket = done.ticket;
    answers_.emplace(ticket, std::move(done));
  }
}

Ledger Ledger::in_memory() { return Ledger(std::make_shared<MemoryStore>()); }

Ledger::Ledger(std::shared_ptr<LedgerStore> store)
    : state_(std::make_shared<State>(std::move(store))) {}

Result<std::vector<LedgerRow>> Ledger::rows() const { return state_->store->rows(); }

}  // namespace TALLY_ABI
}  // namespace tally
