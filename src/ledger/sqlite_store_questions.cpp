// SPDX-License-Identifier: MIT
// What a SqliteStore is asked, each time on a connection of the asker's own.

#include <utility>

#include "base/patience.hpp"
#include "base/process.hpp"
#include "base/quietly.hpp"
#include "base/undo.hpp"
#include "ledger/row_text.hpp"
#include "ledger/sqlite_budgets.hpp"
#include "ledger/sqlite_questions.hpp"
#include "ledger/sqlite_schema.hpp"
#include "ledger/sqlite_store.hpp"
#include "ledger/sqlite_upkeep.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A reading connection on loan; made where none is idle.
class SqliteStore::Reading {
 public:
  explicit Reading(SqliteStore& store) : store_(store) {
    if (store.is_forked()) {
      error_ = forked();
      return;
    }
    {
      std::lock_guard<std::mutex> lock(store.readers_mutex_);
      if (!store.readers_.empty()) {
        database_ = std::move(store.readers_.back());
        store.readers_.pop_back();
      }
    }
    SqliteFailure failure;
    if (!database_) {
      database_ = SqliteDatabase::open(store.path_, failure);
      if (!database_) {
        error_ = store.sorry(failure);
        return;
      }
      set_up_sqlite_connection(*database_, store.options_.durability);
    }
    database_->forget_failure();
    database_->wait_for_locks_until(later(system_clock()->steady(), store.options_.lock_timeout));
  }

  ~Reading() {
    if (!database_) return;
    database_->rollback();  // What memory that ran out has left open.
    std::lock_guard<std::mutex> lock(store_.readers_mutex_);
    quietly([this] { store_.readers_.push_back(std::move(database_)); });  // Else it is closed.
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// What `ask` gives, unless something fails.
  template <class Ask>
  auto answer(const Ask& ask) -> Result<decltype(ask(std::declval<SqliteDatabase&>()))> {
    if (error_) return *error_;
    auto value = ask(*database_);
    if (database_->failure()) return store_.sorry(*database_->failure());
    return value;
  }

 private:
  SqliteStore& store_;
  std::unique_ptr<SqliteDatabase> database_;
  std::optional<Error> error_;
};

Result<void> SqliteStore::change(const std::function<void(SqliteDatabase&)>& change) {
  if (is_forked()) return forked();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return !is_writing_; });
  const Writing alone(*this, lock);
  Undo unwritten([this] {
    database_->rollback();
    writer_.rolled_back();
  });
  if (database_->begin(later(system_clock()->steady(), options_.lock_timeout))) {
    writer_.begun(system_clock()->wall());
    change(*database_);
  }
  const bool is_done = database_->commit();
  is_done ? writer_.committed() : writer_.rolled_back();
  const std::optional<SqliteFailure> failure = database_->failure();
  unwritten.dismiss();
  checkpoint();  // A program that only polls has no other thread that may wait for a sync.
  if (!is_done) return sorry(*failure);
  return {};
}

Result<void> SqliteStore::each_row(const LedgerFilter& filter,
                                   const std::function<bool(const LedgerRow&)>& keep) {
  Reading reading(*this);
  auto read = reading.answer([&](SqliteDatabase& database) {
    tally::each_row(database, filter, keep);
    return true;
  });
  if (!read) return std::move(read).error();
  return {};
}

Result<std::vector<LedgerTotal>> SqliteStore::totals(const LedgerFilter& filter,
                                                     const LedgerGrouping& grouping) {
  Reading reading(*this);
  return reading.answer(
      [&](SqliteDatabase& database) { return totals_of(database, filter, grouping); });
}

Result<std::vector<LedgerHistory>> SqliteStore::history(const std::string& attempt_id) {
  Reading reading(*this);
  return reading.answer([&](SqliteDatabase& database) { return history_of(database, attempt_id); });
}

Result<std::string> SqliteStore::price_entry(const std::string& sha256) {
  Reading reading(*this);
  auto found =
      reading.answer([&](SqliteDatabase& database) { return price_entry_of(database, sha256); });
  if (!found) return std::move(found).error();
  if (!*found) {
    return Error{ErrorKind::invalid_argument, "the ledger has no price entry " + sha256};
  }
  return **std::move(found);
}

Result<void> SqliteStore::put_budget(const Budget& budget) {
  return change([&](SqliteDatabase& database) { keep_budget(database, budget); });
}

Result<void> SqliteStore::remove_budget(const std::string& id) {
  return change([&](SqliteDatabase& database) { drop_budget(database, id); });
}

Result<std::vector<Budget>> SqliteStore::budgets() {
  Reading reading(*this);
  auto texts =
      reading.answer([](SqliteDatabase& database) { return budget_definitions(database); });
  if (!texts) return std::move(texts).error();
  std::vector<Budget> all;
  for (const std::string& text : *texts) {
    auto budget = budget_from_json(text);
    if (!budget) return std::move(budget).error();
    all.push_back(*std::move(budget));
  }
  return all;
}

Result<BudgetStatus> SqliteStore::budget_status(const Budget& budget, TimeSpan window) {
  BudgetStatus status;
  // As a change: a window that nobody has seen yet is made from the rows.
  auto done =
      change([&](SqliteDatabase& database) { status = open_window(database, budget, window); });
  if (!done) return std::move(done).error();
  return status;
}

Result<std::vector<BudgetDrift>> SqliteStore::verify_budgets(Repair repair) {
  std::vector<BudgetDrift> drifts;
  auto done = change([&](SqliteDatabase& database) { drifts = verify_windows(database, repair); });
  if (!done) return std::move(done).error();
  return drifts;
}

Result<std::int64_t> SqliteStore::recover() {
  std::int64_t rows = 0;
  auto done = change([&](SqliteDatabase&) { rows = writer_.recover(); });
  if (!done) return std::move(done).error();
  return rows;
}

Result<std::int64_t> SqliteStore::prune(Instant before) {
  std::int64_t all = 0;
  for (std::int64_t some = 1; some > 0; all += some) {
    auto done = change([&](SqliteDatabase& database) { some = prune_some(database, before); });
    if (!done) return std::move(done).error();
  }
  return all;
}

Result<std::int64_t> SqliteStore::erase(const std::string& key, const std::string& value) {
  std::int64_t rows = 0;
  auto done = change([&](SqliteDatabase& database) { rows = erase_labels(database, key, value); });
  if (!done) return std::move(done).error();
  return rows;
}

Result<void> SqliteStore::put_balance(const BalanceCheck& check) {
  return change([&](SqliteDatabase& database) { tally::put_balance(database, check); });
}

Result<std::vector<BalanceCheck>> SqliteStore::balances(const std::string& provider,
                                                        const std::string& account, TimeSpan span) {
  Reading reading(*this);
  return reading.answer(
      [&](SqliteDatabase& database) { return balances_of(database, provider, account, span); });
}

}  // namespace TALLY_ABI
}  // namespace tally
