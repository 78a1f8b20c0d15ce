// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/balance.hpp"
#include "tally/budget.hpp"
#include "tally/pricing.hpp"
#include "tally/result.hpp"
#include "tally/time.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Which price a row was billed with: enough to find it again, and the hash that proves it.
struct PriceReference {
  std::string entry_id;
  std::string sha256;  ///< Of the entry's canonical JSON, which the ledger keeps beside the rows.
  std::string catalog_version;
  std::string model;  ///< The card's model, after aliases.
  std::string band;
  std::string service_tier;
  std::optional<std::int64_t> context_tier;
};

/// One attempt as the ledger keeps it. Plain data.
struct LedgerRow {
  std::string attempt_id;  ///< The key: a UUIDv7 made before anything is sent.
  std::string call_id;
  int attempt_number = 1;
  int revision = 0;  ///< 0: reserved; grows with each change.
  BillState state = BillState::reserved;
  std::string reason;  ///< Why it is not `settled`: `stream_cut`, `http_429`, `owner_gone`, ...
  std::string provider;
  std::string host;  ///< Of the base URL.
  std::string model_requested;
  std::string model_reported;
  std::string service_tier_requested;
  bool streamed = false;
  Labels labels;
  Instant started{};
  std::optional<Instant> completed;
  std::optional<Instant> billed_at;  ///< The instant that decided the tariff.
  std::optional<std::chrono::microseconds> first_byte_after;  ///< Since `started`.
  Usage usage;
  /// Of a reserved row: no total, and the bounds between which it will lie. `cost.price` is not
  /// read back from a store on disk; `price` is.
  Cost cost;
  std::optional<PriceReference> price;
  std::optional<Money> hold;  ///< The worst case, as it was known before sending.
  int http_status = 0;
  std::string finish_reason;
  std::string error;  ///< `to_string(ErrorKind)`; empty: none.
  std::string request_id;
  std::string response_id;
};

/// One budget's part in a write.
struct BudgetHold {
  std::shared_ptr<const Budget> budget;  ///< Never null.
  /// reserve: the window of the row's start, in which `amount` is held. settle: that of its billing
  /// instant, in which the bill counts.
  TimeSpan window;
  /// reserve: the worst case, in the limit's currency. Absent: not known, and `on_unpriced` allows
  /// it.
  std::optional<Decimal> amount;
};

/// One thing a store is asked to do. All are idempotent.
struct LedgerWrite {
  enum class Kind {
    /// Holds in every budget named, or in none, and keeps the row as reserved. A known attempt
    /// changes nothing.
    reserve,
    /// Keeps the bill, releases the holds, counts the charge (`charge_of`). Replaces a reserved
    /// row, or one that was estimated because its owner seemed gone (that one goes into the
    /// history); any other changes nothing. An unknown attempt is kept as it comes.
    settle,
    /// Replaces a settled row of revision `row.revision - 1`, which goes into the history; the
    /// charge in its budgets follows. `error` if the row has changed meanwhile.
    revise,
  };
  std::uint64_t ticket = 0;  ///< Chosen by the caller; comes back in `LedgerDone`.
  Kind kind = Kind::reserve;
  LedgerRow row;
  std::vector<BudgetHold> budgets{};
};

struct LedgerDone {
  std::uint64_t ticket = 0;
  std::optional<Error> error{};            ///< Absent: it is stored, unless a budget refused it.
  std::optional<BudgetRefusal> refusal{};  ///< A reserve that a budget did not let through.
  std::vector<BudgetNotice> notices{};
  /// Where the write's budgets stand after it, in its order; a store may leave it out.
  std::vector<BudgetStatus> budgets{};
};

/// Which rows a question is about; an empty field asks for all. Plain data.
struct LedgerFilter {
  /// By billing instant (start, where there is none yet).
  std::optional<Instant> from{};  ///< Inclusive.
  std::optional<Instant> to{};    ///< Exclusive.
  std::string provider{};
  std::string model{};  ///< As requested.
  Labels labels{};      ///< All of them.
  std::optional<BillState> state{};
  std::string call_id{};
};

/// What totals are told apart by, besides the currency. Plain data.
struct LedgerGrouping {
  bool by_provider = false;
  bool by_model = false;  ///< As requested.
  bool by_state = false;
  bool by_day = false;     ///< Of `zone`, by billing instant.
  std::string by_label{};  ///< A label's key; rows without it have an empty value.
  TimeZone zone{};
};

/// A sum over rows of one currency, exact. Plain data.
struct LedgerTotal {
  std::string provider;  ///< Empty where not grouped by it; so below.
  std::string model;
  std::optional<BillState> state;
  std::string day;  ///< `2026-04-05`.
  std::string label;
  std::optional<Currency> currency;  ///< Absent: rows of which no amount is known.
  std::int64_t calls = 0;
  std::int64_t attempts = 0;
  std::int64_t cache_hit_tokens = 0;
  std::int64_t cache_miss_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t output_tokens = 0;
  Decimal settled;    ///< Amounts of settled rows,
  Decimal estimated;  ///< of estimated rows,
  Decimal partial;    ///< and the known part of partial rows.
  std::int64_t unpriced_attempts = 0;
  std::int64_t reserved_attempts = 0;  ///< Still in flight.
  Decimal reported_difference;  ///< The providers' own figures minus ours, where both are known.

  /// settled + estimated + partial.
  TALLY_API Decimal total() const;
};

/// An earlier state of a row.
struct LedgerHistory {
  std::string attempt_id;
  int revision = 0;  ///< That it had.
  Instant replaced{};
  std::string reason;
  BillState state = BillState::reserved;
  std::optional<Money> cost;
};

/// A budget window whose counters are not what its rows add up to. Plain data.
struct BudgetDrift {
  BudgetStatus stored;
  Decimal spent;  ///< As the rows say; so below.
  Decimal held;
};

/// A balance as it was read.
struct BalanceCheck {
  std::string provider;
  std::string account;  ///< The user's own name for it; may be empty.
  Instant at{};
  Balance balance;
};

/// The seam below the ledger: asynchronous where calls are concerned, so that no frame ever waits
/// for a disk. Implementations may be shared by threads, and call nobody back. What is not pure
/// virtual may be left out: it answers `unsupported`.
class TALLY_API LedgerStore {
 public:
  virtual ~LedgerStore() = default;

  /// Takes the writes and returns without waiting; nothing taken is ever dropped.
  virtual void submit(std::vector<LedgerWrite> batch) = 0;

  /// Moves out what is done since the last call, and does what can be done without waiting for a
  /// disk's sync, a lock or a network. Every ticket comes exactly once.
  virtual std::vector<LedgerDone> collect() = 0;

  /// Lends this thread for up to `wait`, or until `collect` has something: stores that need a
  /// thread to write, write on it.
  virtual void await(std::chrono::microseconds wait) = 0;

  /// Why writes are not done yet, in words (`another process holds the write lock`); empty if none
  /// waits.
  virtual std::string waiting_for() const { return {}; }

  /// How many writes were answered with an error, and are tried again nevertheless: bills, which
  /// are never given up.
  virtual std::size_t retrying() const { return 0; }

  /// A descriptor that is readable when `collect` has something to do; -1 if the store has none.
  virtual int descriptor() const { return -1; }

  /// Hands over rows in the order of their reserves until `keep` says false. Blocks; so do all
  /// below.
  virtual Result<void> each_row(const LedgerFilter& filter,
                                const std::function<bool(const LedgerRow&)>& keep) = 0;
  virtual Result<std::vector<LedgerTotal>> totals(const LedgerFilter& filter,
                                                  const LedgerGrouping& grouping);
  virtual Result<std::vector<LedgerHistory>> history(const std::string& attempt_id);
  /// The canonical JSON of the price entry with that hash.
  virtual Result<std::string> price_entry(const std::string& sha256);

  /// Keeps the definition, for other processes and later runs.
  virtual Result<void> put_budget(const Budget& budget);
  virtual Result<void> remove_budget(const std::string& id);
  virtual Result<std::vector<Budget>> budgets();
  /// That window of a budget. One that nobody has looked at yet is counted from its rows.
  virtual Result<BudgetStatus> budget_status(const Budget& budget, TimeSpan window);
  /// Windows whose counters are not what their rows add up to; `repair` sets them right.
  enum class Repair { no, yes };
  virtual Result<std::vector<BudgetDrift>> verify_budgets(Repair repair);

  /// Settles reserved rows whose owners are gone as `estimated`; how many.
  virtual Result<std::int64_t> recover();
  /// Removes finished rows billed before that instant; how many. What they counted for budgets
  /// stays counted.
  virtual Result<std::int64_t> prune(Instant before);
  /// Takes all labels from the rows that carry this one, their history included; how many. Amounts
  /// stay.
  virtual Result<std::int64_t> erase(const std::string& key, const std::string& value);

  virtual Result<void> put_balance(const BalanceCheck& check);
  virtual Result<std::vector<BalanceCheck>> balances(const std::string& provider,
                                                     const std::string& account, TimeSpan span);
};

/// What a row counts for budgets, in `currency`. The bill; of a partial or unpriced one at least
/// what was held, since an unknown part is not 0; absent where neither is known.
TALLY_API std::optional<Decimal> charge_of(const LedgerRow& row, Currency currency);

}  // namespace TALLY_ABI
}  // namespace tally
