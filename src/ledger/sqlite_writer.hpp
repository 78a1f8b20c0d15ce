// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "ledger/sqlite_database.hpp"
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Does writes inside a transaction that its caller has begun and ends. What fails is left in
/// `SqliteDatabase::failure`. One thread at a time.
class SqliteWriter {
 public:
  SqliteWriter(SqliteDatabase& database, std::int64_t owner_id)
      : database_(database), owner_id_(owner_id) {}

  /// After each `SqliteDatabase::begin`.
  void begun(Instant now);
  LedgerDone write(const LedgerWrite& write);
  /// After the transaction has ended in this or that way.
  void committed();
  void rolled_back();

  /// Settles what owners that are gone have left reserved; how many rows.
  std::int64_t recover();

 private:
  void reserve(const LedgerWrite& write, LedgerDone& done);
  void settle(const LedgerWrite& write, LedgerDone& done);
  void revise(const LedgerWrite& write, LedgerDone& done);

  /// The windows' counters, if none refuses.
  std::vector<BudgetStatus> ask_budgets(const LedgerWrite& write, LedgerDone& done);
  std::int64_t recover_owner(std::int64_t owner_id, const std::string& reason);
  void keep_as_it_comes(const LedgerWrite& write, LedgerDone& done);
  void settle_entries(std::int64_t row_id, const LedgerRow& row,
                      const std::vector<BudgetHold>& budgets, LedgerDone& done);
  void keep_price(const LedgerRow& row);

  SqliteDatabase& database_;
  const std::int64_t owner_id_;
  Instant now_{};
  SteadyInstant looked_for_owners_{};
  bool has_entries_ = false;
  std::unordered_set<std::string> known_prices_;
  std::vector<std::string> gone_files_;  ///< Of owners that this transaction forgets.
};

}  // namespace TALLY_ABI
}  // namespace tally
