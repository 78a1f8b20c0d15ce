// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "ledger/postgres_connection.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Everything that may wait, over a connection of its own that is made at the first question. Each
/// is one statement, so that one whose connection broke is simply asked again. May be shared by
/// threads.
class PostgresQuestions {
 public:
  /// `owner`: whose rows are never recovered.
  PostgresQuestions(const std::string& conninfo, std::int64_t owner)
      : owner_(owner), connection_(conninfo) {}

  Result<void> ensure_schema();

  // postgres_questions.cpp
  Result<void> each_row(const LedgerFilter& filter,
                        const std::function<bool(const LedgerRow&)>& keep);
  Result<std::vector<LedgerHistory>> history(const std::string& attempt_id);
  Result<std::string> price_entry(const std::string& sha256);
  Result<void> put_balance(const BalanceCheck& check);
  Result<std::vector<BalanceCheck>> balances(const std::string& provider,
                                             const std::string& account, TimeSpan span);

  // postgres_totals.cpp
  Result<std::vector<LedgerTotal>> totals(const LedgerFilter& filter,
                                          const LedgerGrouping& grouping);

  // postgres_care.cpp
  Result<void> put_budget(const Budget& budget);
  Result<void> remove_budget(const std::string& id);
  Result<std::vector<Budget>> budgets();
  Result<BudgetStatus> budget_status(const Budget& budget, TimeSpan window);
  Result<std::vector<BudgetDrift>> verify_budgets(LedgerStore::Repair repair);
  Result<std::int64_t> recover();
  Result<std::int64_t> prune(Instant before);
  Result<std::int64_t> erase(const std::string& key, const std::string& value);

  /// Lets go of a forked parent's connection.
  void abandon() { connection_.abandon(); }

 private:
  Result<PostgresResult> ask(const std::string& statement, const PostgresParameters& parameters);
  /// Asks for one whole number.
  Result<std::int64_t> count(const std::string& statement, const PostgresParameters& parameters);
  Result<std::int64_t> recover_rows_of(std::int64_t owner);

  const std::int64_t owner_;
  std::mutex mutex_;
  PostgresConnection connection_;
};

/// `WHERE ...`, and its parameters.
struct PostgresCondition {
  std::string text = "true";
  PostgresParameters parameters;

  /// Adds `AND <before>$n<after>`.
  void add(const char* before, std::string value, const char* after = "");
};
PostgresCondition condition_of(const LedgerFilter& filter);

}  // namespace TALLY_ABI
}  // namespace tally
