// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/memory_budgets.hpp"
#include "ledger/memory_rows.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Rows in memory, for hosts without files and for tests. Everything is done when `submit` returns.
/// May be shared by threads.
class MemoryStore final : public LedgerStore {
 public:
  void submit(std::vector<LedgerWrite> batch) override;
  std::vector<LedgerDone> collect() override;
  /// Nothing has to be written; only a thread that was lent comes here, and must not spin.
  void await(std::chrono::microseconds wait) override;

  Result<void> each_row(const LedgerFilter& filter,
                        const std::function<bool(const LedgerRow&)>& keep) override;
  Result<std::vector<LedgerTotal>> totals(const LedgerFilter& filter,
                                          const LedgerGrouping& grouping) override;
  Result<std::vector<LedgerHistory>> history(const std::string& attempt_id) override;
  Result<std::string> price_entry(const std::string& sha256) override;

  Result<void> put_budget(const Budget& budget) override;
  Result<void> remove_budget(const std::string& id) override;
  Result<std::vector<Budget>> budgets() override;
  Result<BudgetStatus> budget_status(const Budget& budget, TimeSpan window) override;
  Result<std::vector<BudgetDrift>> verify_budgets(Repair repair) override;

  /// Owners live as long as the memory: 0.
  Result<std::int64_t> recover() override;
  Result<std::int64_t> prune(Instant before) override;
  Result<std::int64_t> erase(const std::string& key, const std::string& value) override;

  Result<void> put_balance(const BalanceCheck& check) override;
  Result<std::vector<BalanceCheck>> balances(const std::string& provider,
                                             const std::string& account, TimeSpan span) override;

 private:
  void apply(LedgerWrite write, LedgerDone& done);
  void reserve(LedgerWrite write, LedgerDone& done);
  void settle(LedgerWrite write, LedgerDone& done);
  void revise(LedgerWrite write, LedgerDone& done);
  void replace(MemoryRows::Number number, LedgerRow row, const char* reason);
  void keep_price(const LedgerRow& row);
  std::vector<LedgerRow> rows_after(MemoryRows::Number& last, const LedgerFilter& filter);

  std::mutex mutex_;
  std::condition_variable answered_;
  MemoryRows rows_;
  MemoryBudgets budgets_{rows_};
  std::unordered_map<std::string, std::vector<LedgerHistory>> history_;
  std::map<std::string, std::string> price_entries_;  ///< By hash.
  std::vector<BalanceCheck> balances_;                ///< By instant.
  std::vector<LedgerDone> done_;
};

}  // namespace TALLY_ABI
}  // namespace tally
