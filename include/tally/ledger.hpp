// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// When a row is safe. A reserve is always safe before its call's bytes leave.
enum class Durability {
  /// Reserves and settles are synced to the disk: neither a kill nor a power loss loses one.
  durable,
  /// Reserves are handed to the operating system, settles are queued first. A kill loses no row: a
  /// settle that was still queued leaves its row reserved, and the next opening estimates it. A
  /// power loss may lose the rows of the last moments.
  batched,
};

/// What a call does whose ledger cannot take its reserve (a full disk, a broken file).
enum class OnLedgerFailure {
  refuse,  ///< It is not sent.
  go_on,   ///< It is sent; `Receipt::ledger_error` says so. Budgets do not hold meanwhile.
};

struct LedgerOptions {
  Durability durability = Durability::durable;
  OnLedgerFailure on_failure = OnLedgerFailure::refuse;
  /// How long questions, and threads that may wait, wait for another process's write lock.
  std::chrono::milliseconds lock_timeout{10'000};
};

enum class ExportFormat { csv, json_lines };

struct RecomputeReport {
  std::int64_t rows = 0;     ///< Looked at.
  std::int64_t changed = 0;  ///< Whose amount is another one now; the old one is in the history.
  /// Attempts that keep the bill they had: without counts, without a price in that catalogue, or
  /// changed meanwhile.
  std::vector<std::string> failed;
};

/// From one balance check to the next. Plain data.
struct ReconciledStretch {
  TimeSpan span;
  Money drop;        ///< Of the balance.
  Money spent;       ///< As the ledger says.
  Money difference;  ///< drop - spent.
  Money tolerance;   ///< A hundredth, since balances have two decimals, and what was billed within
                     ///< 5 minutes of the ends, since they lag.
  bool is_top_up = false;  ///< The balance rose: money was paid in, and nothing can be compared.
  bool agrees = false;     ///< |difference| <= tolerance.
};

struct Reconciliation {
  std::vector<ReconciledStretch> stretches;
  Money drop;  ///< Sums over the stretches without top-ups; so below.
  Money spent;
  Money difference;
  std::int64_t unpriced_attempts = 0;  ///< Rows in the period whose cost is not known.
  bool agrees = false;  ///< There is a stretch without a top-up, and all of those agree.
};

/// Where attempts are recorded, and budgets kept. A handle: cheap to copy; may be shared by
/// threads.
///
///     auto ledger = tally::Ledger::open("game.db");
///     if (!ledger) return fail(ledger.error());
///     auto client = tally::Client::open({.api_key = key, .ledger = *ledger});
///
/// A file on disk needs a thread that may wait for it. Calls that wait (`chat`, `stream`,
/// `Client::wait`) bring their own. A program that only polls lends one:
///
///     std::thread writer([ledger = *ledger] { ledger.run_writer(); });
///     ...
///     ledger->stop_writer();
///     writer.join();
///
/// or opens the ledger as `batched`, where `poll` itself hands rows to the operating system.
/// Without either, started calls end after `Clocks::ledger` with an error that says so.
///
/// Questions block, and see everything that was handed in before them. They, and `flush`, also
/// empty SQLite's log into its file: a program that only polls, and asks nothing for hours, calls
/// `flush` where it may wait (a loading screen), or the log (`<path>-wal`) grows until the end.
class TALLY_API Ledger {
 public:
  /// The SQLite file at `path`, made if it is not there. Rows that a dead process left reserved are
  /// estimated. `ledger` says what is wrong with the file; `unsupported`: it was made by a newer
  /// tally, or this one was built without SQLite. Any number of processes of one machine may share
  /// a file; a network file system will not do. `forked`: the parent had it open at the fork. A
  /// process that forks workers opens it afterwards, in each of them.
  static Result<Ledger> open(const std::string& path, LedgerOptions options = {});
  /// Keeps rows in memory; they end with the last handle.
  static Ledger in_memory();
  /// Over a store of one's own, or `open_postgres_store`'s. One ledger for each store: a second
  /// one would take the first one's answers. Copies of it are the same ledger. If the store's
  /// budgets cannot be read now, no reserve is taken, and each says so.
  explicit Ledger(std::shared_ptr<LedgerStore> store, LedgerOptions options = {});

  /// Adds a budget, or replaces the one of that id. It holds from the next call on, and counts what
  /// its current window has seen already. Kept in the store: processes that open it later have it
  /// too.
  Result<void> set_budget(Budget budget) const;
  Result<void> remove_budget(const std::string& id) const;
  std::vector<Budget> budgets() const;
  /// The window around `at` (absent: now). `invalid_argument` for an unknown id.
  Result<BudgetStatus> budget_status(const std::string& id,
                                     std::optional<Instant> at = std::nullopt) const;

  Result<std::vector<LedgerRow>> rows(const LedgerFilter& filter = {}) const;
  /// One by one, for more rows than should be held at once; `keep` ends it with false.
  Result<void> each_row(const LedgerFilter& filter,
                        const std::function<bool(const LedgerRow&)>& keep) const;
  /// Sums, one for each currency and each group, in the groups' order.
  Result<std::vector<LedgerTotal>> totals(const LedgerFilter& filter = {},
                                          const LedgerGrouping& grouping = {}) const;
  Result<std::vector<LedgerHistory>> history(const std::string& attempt_id) const;

  /// Rows with every column; amounts are decimal strings. CSV (RFC 4180) begins with a line of
  /// names, and has an apostrophe before text that a spreadsheet would run as a formula. A JSON
  /// line leaves out what is not known.
  Result<void> export_rows(std::ostream& out, ExportFormat format,
                           const LedgerFilter& filter = {}) const;
  /// Counters in Prometheus' text format, and what is left in each budget. For rates, not for
  /// books: its numbers are floating point, and rows that are pruned leave them.
  Result<std::string> prometheus(const LedgerFilter& filter = {}) const;

  /// Recomputes every budget window from its rows, and reports those that differ.
  Result<std::vector<BudgetDrift>> verify_budgets(
      LedgerStore::Repair repair = LedgerStore::Repair::no) const;
  /// Bills the rows anew with `catalog`; what they were goes into the history.
  Result<RecomputeReport> recompute(const PriceCatalog& catalog,
                                    const LedgerFilter& filter = {}) const;
  Result<std::int64_t> recover() const;
  Result<std::int64_t> prune(Instant before) const;
  Result<std::int64_t> erase(const std::string& key, const std::string& value) const;

  Result<void> record_balance(const BalanceCheck& check) const;
  /// Compares what the ledger has with what the balance lost, between the checks recorded in
  /// `span`. `invalid_argument` for less than two.
  Result<Reconciliation> reconcile(const std::string& provider, Currency currency, TimeSpan span,
                                   const std::string& account = {}) const;

  /// Writes on this thread until `stop_writer`.
  void run_writer() const;
  /// Ends every `run_writer`, also those that begin later. From any thread.
  void stop_writer() const;
  /// Waits until everything handed in before is stored, bills included that a full disk refused at
  /// first. The `timeout` error says what it waits for.
  Result<void> flush(std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace TALLY_ABI
}  // namespace tally
