// SPDX-License-Identifier: MIT
#include "ledger/memory_store.hpp"

#include <algorithm>
#include <utility>

#include "base/undo.hpp"
#include "ledger/charge.hpp"
#include "ledger/memory_totals.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// So many rows are copied before the lock is let go and they are handed over: a reader may ask the
// ledger something, and takes as long as it likes.
constexpr std::size_t rows_at_once = 256;

}  // namespace

void MemoryStore::submit(std::vector<LedgerWrite> batch) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.mend();
  Undo torn([this, answered = done_.size()] {
    done_.erase(done_.begin() + static_cast<std::ptrdiff_t>(answered), done_.end());
    budgets_.tear();
  });
  for (LedgerWrite& write : batch) {
    LedgerDone& done = done_.emplace_back();
    done.ticket = write.ticket;
    apply(std::move(write), done);
  }
  torn.dismiss();
  answered_.notify_all();
}

void MemoryStore::await(std::chrono::microseconds wait) {
  constexpr std::chrono::microseconds longest = std::chrono::hours(1);
  std::unique_lock<std::mutex> lock(mutex_);
  answered_.wait_for(lock, std::min(wait, longest), [this] { return !done_.empty(); });
}

std::vector<LedgerDone> MemoryStore::collect() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(done_, {});
}

void MemoryStore::apply(LedgerWrite write, LedgerDone& done) {
  write.row = clean_row(std::move(write.row));
  switch (write.kind) {
    case LedgerWrite::Kind::reserve:
      reserve(std::move(write), done);
      break;
    case LedgerWrite::Kind::settle:
      settle(std::move(write), done);
      break;
    case LedgerWrite::Kind::revise:
      revise(std::move(write), done);
      break;
  }
}

void MemoryStore::reserve(LedgerWrite write, LedgerDone& done) {
  if (rows_.find(write.row.attempt_id)) return;
  auto admission = budgets_.ask(write.budgets, write.row.started);
  done.refusal = std::move(admission.refusal);
  done.error = std::move(admission.error);
  if (done.refusal || done.error) return;
  write.row.revision = 0;
  keep_price(write.row);
  const MemoryRows::Number number = rows_.insert(std::move(write.row));
  Undo insertion([&] { rows_.erase(number); });
  budgets_.hold(write.budgets, number, done);
  insertion.dismiss();
}

void MemoryStore::settle(LedgerWrite write, LedgerDone& done) {
  auto number = rows_.find(write.row.attempt_id);
  const bool is_new = !number;
  keep_price(write.row);
  if (is_new) {
    write.row.revision = 1;
    number = rows_.insert(std::move(write.row));
  } else {
    const LedgerRow& before = rows_[*number];
    write.row.revision = before.revision + 1;
    if (was_recovered(before)) {
      replace(*number, std::move(write.row), "late_settle");
    } else if (before.state == BillState::reserved) {
      rows_.replace(*number, std::move(write.row));
    } else {
      return;
    }
  }
  // A row that was there keeps its bill: mended budgets count it.
  Undo insertion([&] {
    if (is_new) rows_.erase(*number);
  });
  budgets_.count(write.budgets, *number, is_new, done);
  insertion.dismiss();
}

void MemoryStore::revise(LedgerWrite write, LedgerDone& done) {
  const auto number = rows_.find(write.row.attempt_id);
  if (!number || rows_[*number].revision != write.row.revision - 1) {
    done.error = Error{ErrorKind::ledger, "the row of attempt " + write.row.attempt_id +
                                              " has changed meanwhile, or is not there"};
    return;
  }
  keep_price(write.row);
  replace(*number, std::move(write.row), "recomputed");
  LedgerDone counted;  // A new catalogue is nothing that a host is to be warned of.
  budgets_.count({}, *number, false, counted);
  done.error = std::move(counted.error);
}

void MemoryStore::replace(MemoryRows::Number number, LedgerRow row, const char* reason) {
  const LedgerRow& before = rows_[number];
  LedgerHistory old;
  old.attempt_id = before.attempt_id;
  old.revision = before.revision;
  old.replaced = system_clock()->wall();
  old.reason = reason;
  old.state = before.state;
  old.cost = before.cost.total;
  history_[old.attempt_id].push_back(std::move(old));
  rows_.replace(number, std::move(row));
}

void MemoryStore::keep_price(const LedgerRow& row) {
  if (!row.cost.price || !row.cost.price->entry) return;
  price_entries_.try_emplace(row.cost.price->entry->sha256, row.cost.price->entry->json);
}

Result<void> MemoryStore::each_row(const LedgerFilter& filter,
                                   const std::function<bool(const LedgerRow&)>& keep) {
  MemoryRows::Number last = 0;
  while (true) {
    const std::vector<LedgerRow> rows = rows_after(last, filter);
    for (const LedgerRow& row : rows) {
      if (!keep(row)) return {};
    }
    if (rows.size() < rows_at_once) return {};
  }
}

std::vector<LedgerRow> MemoryStore::rows_after(MemoryRows::Number& last,
                                               const LedgerFilter& filter) {
  std::vector<LedgerRow> rows;
  std::lock_guard<std::mutex> lock(mutex_);
  const auto& all = rows_.all();
  for (auto place = all.upper_bound(last); place != all.end(); ++place) {
    if (!matches(filter, place->second)) continue;
    rows.push_back(place->second);
    last = place->first;
    if (rows.size() == rows_at_once) break;
  }
  return rows;
}

Result<std::vector<LedgerTotal>> MemoryStore::totals(const LedgerFilter& filter,
                                                     const LedgerGrouping& grouping) {
  MemoryTotals totals(grouping);
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& row : rows_.all()) {
    if (matches(filter, row.second)) totals.add(row.second);
  }
  return totals.take();
}

Result<std::vector<LedgerHistory>> MemoryStore::history(const std::string& attempt_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = history_.find(attempt_id);
  return found != history_.end() ? found->second : std::vector<LedgerHistory>();
}

Result<std::string> MemoryStore::price_entry(const std::string& sha256) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = price_entries_.find(sha256);
  if (found != price_entries_.end()) return found->second;
  return Error{ErrorKind::invalid_argument, "the ledger has no price entry of hash " + sha256};
}

Result<void> MemoryStore::put_budget(const Budget& budget) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.put(budget);
  return {};
}

Result<void> MemoryStore::remove_budget(const std::string& id) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.remove(id);
  return {};
}

Result<std::vector<Budget>> MemoryStore::budgets() {
  std::lock_guard<std::mutex> lock(mutex_);
  return budgets_.all();
}

Result<BudgetStatus> MemoryStore::budget_status(const Budget& budget, TimeSpan window) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.mend();
  return budgets_.status(budget, window);
}

Result<std::vector<BudgetDrift>> MemoryStore::verify_budgets(Repair repair) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.mend();
  return budgets_.verify(repair);
}

Result<std::int64_t> MemoryStore::recover() { return std::int64_t{0}; }

Result<std::int64_t> MemoryStore::prune(Instant before) {
  std::lock_guard<std::mutex> lock(mutex_);
  budgets_.mend();
  std::int64_t pruned = 0;
  for (const MemoryRows::Number number : rows_.within({Instant::min(), before})) {
    if (rows_[number].state == BillState::reserved || budgets_.is_open(number)) continue;
    budgets_.carry(number);
    history_.erase(rows_[number].attempt_id);
    rows_.erase(number);
    ++pruned;
  }
  return pruned;
}

Result<std::int64_t> MemoryStore::erase(const std::string& key, const std::string& value) {
  LedgerFilter carries;
  carries.labels = {{key, value}};
  std::lock_guard<std::mutex> lock(mutex_);
  std::int64_t erased = 0;
  for (const auto& row : rows_.all()) {
    if (!matches(carries, row.second)) continue;
    rows_.clear_labels(row.first);
    ++erased;
  }
  return erased;
}

Result<void> MemoryStore::put_balance(const BalanceCheck& check) {
  const auto is_before = [](Instant at, const BalanceCheck& other) { return at < other.at; };
  std::lock_guard<std::mutex> lock(mutex_);
  balances_.insert(std::upper_bound(balances_.begin(), balances_.end(), check.at, is_before),
                   check);
  return {};
}

Result<std::vector<BalanceCheck>> MemoryStore::balances(const std::string& provider,
                                                        const std::string& account, TimeSpan span) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<BalanceCheck> checks;
  for (const BalanceCheck& check : balances_) {
    const bool is_in = check.at >= span.begin && check.at < span.end;
    if (is_in && check.provider == provider && check.account == account) checks.push_back(check);
  }
  return checks;
}

}  // namespace TALLY_ABI
}  // namespace tally
