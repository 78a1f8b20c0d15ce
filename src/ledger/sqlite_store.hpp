// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/owner_lock.hpp"
#include "ledger/sqlite_database.hpp"
#include "ledger/sqlite_file.hpp"
#include "ledger/sqlite_writer.hpp"
#include "tally/ledger.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Rows in an SQLite file, which any number of processes of one machine may share.
///
/// Writes are queued, and written by whichever thread waits: one at a time takes the writing
/// connection, and with it all that is queued (up to a batch) into one transaction, while the
/// others wait for their answers. Questions have connections of their own, one for each asker. May
/// be shared by threads.
class SqliteStore final : public LedgerStore {
 public:
  static Result<std::shared_ptr<SqliteStore>> open(const std::string& path, LedgerOptions options);
  /// Writes what is queued, as long as `lock_timeout` allows.
  ~SqliteStore() override;

  void submit(std::vector<LedgerWrite> batch) override;
  std::vector<LedgerDone> collect() override;
  void await(std::chrono::microseconds wait) override;
  std::string waiting_for() const override;
  std::size_t retrying() const override;

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
  Result<std::int64_t> recover() override;
  Result<std::int64_t> prune(Instant before) override;
  Result<std::int64_t> erase(const std::string& key, const std::string& value) override;
  Result<void> put_balance(const BalanceCheck& check) override;
  Result<std::vector<BalanceCheck>> balances(const std::string& provider,
                                             const std::string& account, TimeSpan span) override;

 private:
  struct Pending {
    LedgerWrite write;
    bool is_answered = false;  ///< It failed, its asker knows, and it is tried again.
  };
  /// A list, since what is taken out of the queue has to find its way back without memory.
  using Batch = std::list<Pending>;
  class Reading;
  /// The writing connection is this thread's while it lives, and the queue's mutex is let go.
  class Writing {
   public:
    Writing(SqliteStore& store, std::unique_lock<std::mutex>& lock) : store_(store), lock_(lock) {
      store_.is_writing_ = true;
      lock_.unlock();
    }
    ~Writing() {
      lock_.lock();
      store_.is_writing_ = false;
      store_.changed_.notify_all();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    SqliteStore& store_;
    std::unique_lock<std::mutex>& lock_;
  };

  SqliteStore(std::unique_ptr<SqliteDatabase> database, OwnerLock lock, std::int64_t owner_id,
              LedgerOptions options);

  bool is_forked() const;
  Error sorry(const SqliteFailure& failure) const;
  static Error forked();

  // With the queue's mutex held.
  bool may_write() const;
  Batch take_batch(std::size_t most) noexcept;
  void give_back(Batch& batch) noexcept;
  void answer(LedgerDone done);

  // With the writing connection (`is_writing_`), without the mutex.
  enum class Patience { waits, frame };
  void write_batch(Batch batch, SteadyInstant until, Patience patience);
  void make_room_for_answers(std::size_t count);
  std::vector<LedgerDone> write_rows(const Batch& batch, Patience patience);
  void finish_rows(Batch& batch, std::vector<LedgerDone> done);
  void fail_batch(Batch& batch, const SqliteFailure& failure);
  bool log_is_long() const;
  void checkpoint();

  /// Runs `change` as one transaction on the writing connection.
  Result<void> change(const std::function<void(SqliteDatabase&)>& change);

  const LedgerOptions options_;
  const unsigned forks_;
  const std::string path_;
  const OpenFileMark mark_;
  std::unique_ptr<SqliteDatabase> database_;
  std::optional<OwnerLock> lock_;
  const std::int64_t owner_id_;
  SqliteWriter writer_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Batch queue_;
  std::vector<LedgerDone> done_;
  std::uint64_t answered_ = 0;  ///< All that were ever done.
  bool is_writing_ = false;
  int awaiting_ = 0;
  std::string trouble_;              ///< Of the last batch; empty: none.
  SteadyInstant try_again_after_{};  ///< For rows that failed and were answered,
  std::size_t retrying_ = 0;         ///< and their number.

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteDatabase>> readers_;
};

}  // namespace TALLY_ABI
}  // namespace tally
