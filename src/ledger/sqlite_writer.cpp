// SPDX-License-Identifier: MIT
#include "ledger/sqlite_writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ledger/charge.hpp"
#include "ledger/owner_lock.hpp"
#include "ledger/sqlite_budgets.hpp"
#include "ledger/sqlite_owners.hpp"
#include "ledger/sqlite_row.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

const BudgetHold* hold_of(const std::vector<BudgetHold>& budgets, const std::string& id) {
  const auto found = std::find_if(budgets.begin(), budgets.end(),
                                  [&](const BudgetHold& hold) { return hold.budget->id == id; });
  return found == budgets.end() ? nullptr : &*found;
}

Error ledger_error(std::string message) { return Error{ErrorKind::ledger, std::move(message)}; }

Error overflow_of(const std::string& budget_id) {
  return ledger_error("the row is kept, but a counter of budget \"" + budget_id +
                      "\" would overflow and was left: see Ledger::verify_budgets");
}

}  // namespace

void SqliteWriter::begun(Instant now) {
  now_ = now;
  // One question for many rows: most ledgers have no budgets, and their settles need not look.
  has_entries_ = has_entries(database_);
}

void SqliteWriter::committed() {
  for (const std::string& file : gone_files_) remove_owner_file(file);
  gone_files_.clear();
}

void SqliteWriter::rolled_back() {
  known_prices_.clear();
  gone_files_.clear();
}

LedgerDone SqliteWriter::write(const LedgerWrite& write) {
  LedgerDone done;
  done.ticket = write.ticket;
  if (!write.budgets.empty()) has_entries_ = true;
  switch (write.kind) {
    case LedgerWrite::Kind::reserve:
      reserve(write, done);
      break;
    case LedgerWrite::Kind::settle:
      settle(write, done);
      break;
    case LedgerWrite::Kind::revise:
      revise(write, done);
      break;
  }
  return done;
}

void SqliteWriter::reserve(const LedgerWrite& write, LedgerDone& done) {
  std::vector<BudgetStatus> windows;
  if (!write.budgets.empty()) {
    if (row_id_of(database_, write.row.attempt_id)) return;
    windows = ask_budgets(write, done);
    if (done.refusal) return;
  }
  keep_price(write.row);
  const auto row_id = insert_row(database_, write.row, {owner_id_, now_ + sqlite_lease});
  if (!row_id) return;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const BudgetHold& hold = write.budgets[i];
    SqliteEntry entry{hold.budget->id, hold.window, hold.budget->limit.currency, {}};
    entry.counted.held = hold.amount.value_or(Decimal{});
    const auto after = with_entry(windows[i], entry.counted);
    if (!after) done.error = overflow_of(entry.budget_id);
    store_entry(database_, *row_id, write.row.started, entry);
    store_window(database_, after.value_or(windows[i]));
    if (after) note_change(done, *hold.budget, windows[i], *after, entry.counted);
  }
}

std::vector<BudgetStatus> SqliteWriter::ask_budgets(const LedgerWrite& write, LedgerDone& done) {
  std::vector<BudgetStatus> windows;
  for (const BudgetHold& hold : write.budgets) {
    BudgetStatus status = open_window(database_, *hold.budget, hold.window);
    const int lately = hold.budget->requests_per_minute > 0
                           ? begun_lately(database_, hold.budget->id, write.row.started)
                           : 0;
    auto refusal = refusal_of(hold, status, lately);
    const SteadyInstant steady = system_clock()->steady();
    if (refusal && status.in_flight > 0 && steady - looked_for_owners_ > std::chrono::seconds(1)) {
      // What is held may be held by the dead.
      looked_for_owners_ = steady;
      if (recover() > 0) return ask_budgets(write, done);
    }
    if (refusal) {
      done.refusal = std::move(refusal);
      return {};
    }
    windows.push_back(std::move(status));
  }
  return windows;
}

void SqliteWriter::settle(const LedgerWrite& write, LedgerDone& done) {
  keep_price(write.row);
  if (replace_reserved_row(database_, write.row)) {
    if (!has_entries_) return;
    if (const auto row_id = row_id_of(database_, write.row.attempt_id)) {
      settle_entries(*row_id, write.row, write.budgets, done);
    }
    return;
  }
  const auto stored = find_row(database_, write.row.attempt_id);
  if (!stored) return keep_as_it_comes(write, done);
  if (!was_recovered(stored->row)) return;
  LedgerRow row = write.row;
  row.revision = stored->row.revision + 1;
  replace_row(database_, stored->row_id, row, "late_settle", now_);
  settle_entries(stored->row_id, row, write.budgets, done);
}

void SqliteWriter::keep_as_it_comes(const LedgerWrite& write, LedgerDone& done) {
  // First the windows: one that is new would count this row too.
  std::vector<BudgetStatus> windows;
  for (const BudgetHold& hold : write.budgets) {
    windows.push_back(open_window(database_, *hold.budget, hold.window));
  }
  const auto row_id = insert_row(database_, write.row, {});
  if (!row_id) return;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const BudgetHold& hold = write.budgets[i];
    const Currency currency = hold.budget->limit.currency;
    const SqliteEntry entry{hold.budget->id, hold.window, currency,
                            settled_entry(write.row, currency, hold.amount.value_or(Decimal{}))};
    const auto after = with_entry(windows[i], entry.counted);
    if (!after) done.error = overflow_of(entry.budget_id);
    store_entry(database_, *row_id, write.row.started, entry);
    store_window(database_, after.value_or(windows[i]));
    if (after) note_change(done, *hold.budget, windows[i], *after, entry.counted);
  }
}

void SqliteWriter::revise(const LedgerWrite& write, LedgerDone& done) {
  const auto stored = find_row(database_, write.row.attempt_id);
  if (!stored || stored->row.revision != write.row.revision - 1) {
    if (database_.failure()) return;
    done.error =
        ledger_error("attempt " + write.row.attempt_id +
                     (stored ? " has changed meanwhile: read it again" : " is not in the ledger"));
    return;
  }
  keep_price(write.row);
  replace_row(database_, stored->row_id, write.row, "recomputed", now_);
  settle_entries(stored->row_id, write.row, write.budgets, done);
}

void SqliteWriter::settle_entries(std::int64_t row_id, const LedgerRow& row,
                                  const std::vector<BudgetHold>& budgets, LedgerDone& done) {
  for (const SqliteEntry& old : entries_of(database_, row_id)) {
    const BudgetHold* hold = hold_of(budgets, old.budget_id);
    SqliteEntry entry = old;
    if (hold != nullptr) entry.window = hold->window;
    entry.counted = settled_entry(row, old.currency, old.counted.held);

    BudgetStatus empty;
    empty.id = old.budget_id;
    empty.window = entry.window;
    const BudgetStatus before =
        hold != nullptr ? open_window(database_, *hold->budget, entry.window)
                        : stored_window(database_, old.budget_id, entry.window).value_or(empty);
    auto after = std::optional<BudgetStatus>(before);
    if (entry.window == old.window) {
      after = without_entry(before, old.counted);
    } else if (const auto left = stored_window(database_, old.budget_id, old.window)) {
      store_window(database_, without_entry(*left, old.counted).value_or(*left));
    }
    if (after) after = with_entry(*after, entry.counted);
    if (!after) done.error = overflow_of(entry.budget_id);
    store_entry(database_, row_id, row.started, entry);
    if (!after) continue;
    store_window(database_, *after);
    after->in_flight = open_entries(database_, entry.budget_id);
    if (hold == nullptr) continue;
    note_change(done, *hold->budget, before, *after, entry.counted);
  }
}

void SqliteWriter::keep_price(const LedgerRow& row) {
  if (!row.cost.price || !row.cost.price->entry) return;
  const PriceEntry& entry = *row.cost.price->entry;
  if (known_prices_.insert(entry.sha256).second) keep_price_entry(database_, entry);
}

std::int64_t SqliteWriter::recover() {
  std::int64_t rows = 0;
  for (const SqliteOwner& owner : other_owners(database_, owner_id_)) {
    std::string file = owner_file(database_.path(), owner.name);
    const OwnerLife life = look_at_owner(file);
    if (life == OwnerLife::gone) {
      rows += recover_owner(owner.id, "owner_gone");
      forget_owner(database_, owner.id);
      gone_files_.push_back(std::move(file));
    } else if (life == OwnerLife::unknown) {
      rows += recover_owner(owner.id, "lease_expired");
    }
  }
  for (const std::int64_t owner : forgotten_owners(database_, owner_id_)) {
    rows += recover_owner(owner, "owner_gone");
  }
  return rows;
}

std::int64_t SqliteWriter::recover_owner(std::int64_t owner_id, const std::string& reason) {
  const std::optional<Instant> expired_by =
      reason == "owner_gone" ? std::nullopt : std::optional<Instant>(now_);
  const std::vector<std::string> attempts = reserved_by(database_, owner_id, expired_by);
  for (const std::string& attempt : attempts) {
    const auto stored = find_row(database_, attempt);
    if (!stored) continue;
    const LedgerRow row = estimated_after_death(stored->row, reason, now_);
    LedgerDone nobody_asks;
    if (replace_reserved_row(database_, row)) {
      settle_entries(stored->row_id, row, {}, nobody_asks);
    }
  }
  return static_cast<std::int64_t>(attempts.size());
}

}  // namespace TALLY_ABI
}  // namespace tally
