// SPDX-License-Identifier: MIT
#include "tally/ledger.hpp"

#include <thread>
#include <utility>

#include "base/quietly.hpp"
#include "ledger/ledger_state.hpp"
#include "ledger/memory_store.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// A lent thread looks this often whether it is still wanted.
constexpr std::chrono::milliseconds writer_turn{20};

}  // namespace

Ledger Ledger::in_memory() { return Ledger(std::make_shared<MemoryStore>()); }

Ledger::Ledger(std::shared_ptr<LedgerStore> store, LedgerOptions options)
    : state_(std::make_shared<State>(std::move(store), options)) {
  auto known = state_->store->budgets();
  if (!known) {
    state_->miss_budgets(known.error());
    return;
  }
  for (Budget& budget : *known) state_->keep_budget(std::move(budget));
}

Result<void> Ledger::set_budget(Budget budget) const {
  if (auto good = check_budget(budget); !good) return good;
  if (auto stored = state_->store->put_budget(budget); !stored) return stored;
  state_->keep_budget(std::move(budget));
  return {};
}

Result<void> Ledger::remove_budget(const std::string& id) const {
  if (auto stored = state_->store->remove_budget(id); !stored) return stored;
  state_->drop_budget(id);
  return {};
}

std::vector<Budget> Ledger::budgets() const {
  std::vector<Budget> all;
  for (const auto& budget : state_->budgets()) all.push_back(*budget);
  return all;
}

Result<BudgetStatus> Ledger::budget_status(const std::string& id, std::optional<Instant> at) const {
  const auto budget = state_->budget(id);
  if (!budget) {
    return Error{ErrorKind::invalid_argument, "no budget \"" + id + "\" is set in this ledger"};
  }
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  const Instant when = at.value_or(system_clock()->wall());
  return state_->store->budget_status(*budget, window_at(budget->window, budget->zone, when));
}

Result<std::vector<LedgerRow>> Ledger::rows(const LedgerFilter& filter) const {
  std::vector<LedgerRow> all;
  auto read = each_row(filter, [&](const LedgerRow& row) {
    all.push_back(row);
    return true;
  });
  if (!read) return std::move(read).error();
  return all;
}

Result<void> Ledger::each_row(const LedgerFilter& filter,
                              const std::function<bool(const LedgerRow&)>& keep) const {
  if (auto stored = state_->catch_up(); !stored) return stored;
  return state_->store->each_row(filter, keep);
}

Result<std::vector<LedgerTotal>> Ledger::totals(const LedgerFilter& filter,
                                                const LedgerGrouping& grouping) const {
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  return state_->store->totals(filter, grouping);
}

Result<std::vector<LedgerHistory>> Ledger::history(const std::string& attempt_id) const {
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  return state_->store->history(attempt_id);
}

Result<std::vector<BudgetDrift>> Ledger::verify_budgets(LedgerStore::Repair repair) const {
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  return state_->store->verify_budgets(repair);
}

Result<std::int64_t> Ledger::recover() const { return state_->store->recover(); }

Result<std::int64_t> Ledger::prune(Instant before) const {
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  return state_->store->prune(before);
}

Result<std::int64_t> Ledger::erase(const std::string& key, const std::string& value) const {
  if (auto stored = state_->catch_up(); !stored) return stored.error();
  return state_->store->erase(key, value);
}

Result<void> Ledger::record_balance(const BalanceCheck& check) const {
  return state_->store->put_balance(check);
}

void Ledger::run_writer() const {
  while (!state_->writer_stops.load(std::memory_order_acquire)) {
    const bool has_memory = quietly([this] {
      state_->store->await(writer_turn);
      state_->collect();  // Answers that lie in the store would end the next wait at once.
    });
    if (!has_memory) std::this_thread::sleep_for(writer_turn);  // It is tried again.
  }
}

void Ledger::stop_writer() const { state_->writer_stops.store(true, std::memory_order_release); }

Result<void> Ledger::flush(std::chrono::milliseconds timeout) const {
  return state_->flush(timeout);
}

}  // namespace TALLY_ABI
}  // namespace tally
