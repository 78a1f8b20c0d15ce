// SPDX-License-Identifier: MIT
#include "ledger/memory_budgets.hpp"

#include <algorithm>
#include <iterator>

#include "base/undo.hpp"
#include "ledger/charge.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::chrono::seconds minute{60};

/// Counters made under one definition say nothing under the other.
bool counts_alike(const Budget& a, const Budget& b) {
  return a.scope == b.scope && a.window == b.window && a.limit.currency == b.limit.currency &&
         to_string(a.zone) == to_string(b.zone);
}

WindowEntry entry_of(const LedgerRow& row, Currency currency, Decimal held) {
  if (row.state != BillState::reserved) return settled_entry(row, currency, held);
  WindowEntry entry;
  entry.held = held;
  return entry;
}

/// What a row that nobody held in this budget would have been held with.
Decimal own_hold(const LedgerRow& row, Currency currency) {
  return row.hold && row.hold->currency == currency ? row.hold->amount : Decimal{};
}

bool is_same(const BudgetStatus& a, const BudgetStatus& b) {
  return a.spent == b.spent && a.held == b.held && a.estimated == b.estimated &&
         a.unpriced_calls == b.unpriced_calls;
}

Error does_not_fit(const std::string& id) {
  return Error{ErrorKind::limit_exceeded, "budget \"" + id + "\": its sum is too large to be held"};
}

const BudgetHold* find(const std::vector<BudgetHold>& budgets, const std::string& id) {
  const auto found = std::find_if(budgets.begin(), budgets.end(),
                                  [&id](const BudgetHold& hold) { return hold.budget->id == id; });
  return found == budgets.end() ? nullptr : &*found;
}

}  // namespace

void MemoryBudgets::put(const Budget& budget) {
  const auto known = definitions_.find(budget.id);
  if (known != definitions_.end() && !counts_alike(known->second, budget)) forget(budget.id);
  definitions_[budget.id] = budget;
}

void MemoryBudgets::remove(const std::string& id) {
  definitions_.erase(id);
  forget(id);
}

std::vector<Budget> MemoryBudgets::all() const {
  std::vector<Budget> budgets;
  for (const auto& known : definitions_) budgets.push_back(known.second);
  return budgets;
}

template <class IsOver>
void MemoryBudgets::erase_entries(IsOver is_over) {
  for (auto place = entries_.begin(); place != entries_.end();) {
    place = is_over(place->first, place->second) ? entries_.erase(place) : std::next(place);
  }
}

void MemoryBudgets::forget(const std::string& id) {
  accounts_.erase(id);
  for (auto place = windows_.begin(); place != windows_.end();) {
    place = std::get<0>(place->first) == id ? windows_.erase(place) : std::next(place);
  }
  erase_entries([&id](const EntryKey& key, const Entry&) { return key.second == id; });
}

MemoryBudgets::Window* MemoryBudgets::window(const std::shared_ptr<const Budget>& budget,
                                             TimeSpan span) {
  if (budget->window == BudgetWindow::call) return nullptr;
  const auto [place, is_new] = windows_.try_emplace(key_of(budget->id, span));
  Window& window = place->second;
  if (!is_new) return &window;
  Undo half_counted([&, made = place] {
    windows_.erase(made);
    erase_entries([&](const EntryKey& key, const Entry& entry) {
      return key.second == budget->id && entry.window == span;
    });
    tear();
  });
  for (const MemoryRows::Number number : rows_.within(span)) {
    const LedgerRow& row = rows_[number];
    if (row.state == BillState::not_billed) continue;  // It may never have begun.
    if (!is_in_scope(*budget, row.labels, row.provider, row.model_requested)) continue;
    if (entries_.count({number, budget->id}) != 0) continue;  // It counts in another window.
    const Currency currency = budget->limit.currency;
    const WindowEntry counted = entry_of(row, currency, own_hold(row, currency));
    enter(budget, span, number, counted);
    add(&window, counted);
  }
  half_counted.dismiss();
  return &window;
}

void MemoryBudgets::mend() {
  if (!is_torn_) return;
  erase_entries([this](const EntryKey& key, const Entry&) { return !rows_.has(key.first); });
  std::map<WindowKey, Window> windows;
  for (const auto& [key, window] : windows_) windows[key] = {window.carried, window.carried};
  std::map<std::string, Account> accounts;
  for (auto& [key, entry] : entries_) {
    const Budget& budget = *entry.budget;
    const LedgerRow& row = rows_[key.first];
    entry.counted = entry_of(row, budget.limit.currency, entry.counted.held);
    const bool has_window = budget.window != BudgetWindow::call;
    const bool fits =
        add(has_window ? &windows[key_of(budget.id, entry.window)] : nullptr, entry.counted);
    if (!fits) entry.counted.charged = Decimal{};
    Account& account = accounts[budget.id];
    account.starts.insert(row.started);
    if (!entry.counted.charged) ++account.open;
  }
  windows_.swap(windows);
  accounts_.swap(accounts);
  is_torn_ = false;
}

void MemoryBudgets::enter(const std::shared_ptr<const Budget>& budget, TimeSpan span,
                          MemoryRows::Number number, const WindowEntry& counted) {
  Account& account = accounts_[budget->id];
  account.starts.insert(rows_[number].started);
  if (!counted.charged) ++account.open;
  entries_.emplace(EntryKey{number, budget->id}, Entry{budget, span, counted});
}

bool MemoryBudgets::add(Window* window, const WindowEntry& counted) {
  if (window == nullptr) return true;
  auto sum = with_entry(window->counters, counted);
  if (sum) window->counters = *std::move(sum);
  return sum.has_value();
}

BudgetStatus MemoryBudgets::status_of(const Budget& budget, TimeSpan span,
                                      const Window* window) const {
  BudgetStatus status = window != nullptr ? window->counters : BudgetStatus{};
  status.id = budget.id;
  status.limit = budget.limit;
  status.window = span;
  const auto account = accounts_.find(budget.id);
  status.in_flight = account != accounts_.end() ? account->second.open : 0;
  return status;
}

BudgetStatus MemoryBudgets::status(const Budget& budget, TimeSpan span) {
  return status_of(budget, span, window(std::make_shared<const Budget>(budget), span));
}

int MemoryBudgets::begun_lately(const std::string& id, Instant started) const {
  const auto account = accounts_.find(id);
  if (account == accounts_.end()) return 0;
  const auto& starts = account->second.starts;
  const auto from = starts.upper_bound(started - minute);
  return static_cast<int>(std::distance(from, starts.upper_bound(started)));
}

MemoryBudgets::Admission MemoryBudgets::ask(const std::vector<BudgetHold>& budgets,
                                            Instant started) {
  for (const BudgetHold& hold : budgets) {
    const Budget& budget = *hold.budget;
    const BudgetStatus now = status_of(budget, hold.window, window(hold.budget, hold.window));
    const int lately = budget.requests_per_minute > 0 ? begun_lately(budget.id, started) : 0;
    if (auto refusal = refusal_of(hold, now, lately)) return {std::move(refusal), {}};
    WindowEntry entry;
    entry.held = hold.amount.value_or(Decimal{});
    if (!with_entry(now, entry)) return {{}, does_not_fit(budget.id)};
  }
  return {};
}

void MemoryBudgets::hold(const std::vector<BudgetHold>& budgets, MemoryRows::Number number,
                         LedgerDone& done) {
  for (const BudgetHold& hold : budgets) {
    WindowEntry entry;
    entry.held = hold.amount.value_or(Decimal{});
    Window* const where = window(hold.budget, hold.window);
    const BudgetStatus before = status_of(*hold.budget, hold.window, where);
    enter(hold.budget, hold.window, number, entry);
    add(where, entry);
    // Of a single call there are no counters; what it would be told is told.
    const BudgetStatus after = with_entry(before, entry).value_or(before);
    note_change(done, *hold.budget, before, after, entry);
  }
}

void MemoryBudgets::count(const std::vector<BudgetHold>& budgets, MemoryRows::Number number,
                          bool is_new, LedgerDone& done) {
  if (is_new) {
    // Entered as if it had been held with nothing; what follows makes a bill of it.
    for (const BudgetHold& hold : budgets) {
      Window* const where = window(hold.budget, hold.window);
      if (entries_.count({number, hold.budget->id}) != 0) continue;
      enter(hold.budget, hold.window, number, WindowEntry{});
      add(where, WindowEntry{});
    }
  }
  for (auto place = entries_.lower_bound({number, std::string()});
       place != entries_.end() && place->first.first == number; ++place) {
    const std::string& id = place->first.second;
    const bool fits = count_entry(place->second, find(budgets, id), rows_[number], done);
    if (!fits) done.error = does_not_fit(id);
  }
}

bool MemoryBudgets::count_entry(Entry& entry, const BudgetHold* named, const LedgerRow& row,
                                LedgerDone& done) {
  if (named != nullptr) entry.budget = named->budget;
  const Budget& budget = *entry.budget;
  const TimeSpan span = named != nullptr ? named->window : entry.window;
  Window* const to = window(entry.budget, span);
  const BudgetStatus before = status_of(budget, span, to);
  if (Window* const from = window(entry.budget, entry.window)) {
    if (auto rest = without_entry(from->counters, entry.counted)) from->counters = *std::move(rest);
  }
  if (!entry.counted.charged) --accounts_[budget.id].open;
  entry.window = span;
  entry.counted = settled_entry(row, budget.limit.currency, entry.counted.held);
  const bool fits = add(to, entry.counted);
  if (!fits) entry.counted.charged = Decimal{};  // What was not added is not taken out again.
  BudgetStatus after = status_of(budget, span, to);
  if (to == nullptr) after = with_entry(after, entry.counted).value_or(after);
  note_change(done, budget, before, after, entry.counted);
  return fits;
}

bool MemoryBudgets::is_open(MemoryRows::Number number) const {
  for (auto place = entries_.lower_bound({number, std::string()});
       place != entries_.end() && place->first.first == number; ++place) {
    if (!place->second.counted.charged) return true;
  }
  return false;
}

void MemoryBudgets::carry(MemoryRows::Number number) {
  auto place = entries_.lower_bound({number, std::string()});
  while (place != entries_.end() && place->first.first == number) {
    const Entry& entry = place->second;
    if (Window* const where = window(entry.budget, entry.window)) {
      if (auto sum = with_entry(where->carried, entry.counted)) where->carried = *std::move(sum);
    }
    auto& starts = accounts_[entry.budget->id].starts;
    if (const auto start = starts.find(rows_[number].started); start != starts.end()) {
      starts.erase(start);
    }
    place = entries_.erase(place);
  }
}

std::vector<BudgetDrift> MemoryBudgets::verify(LedgerStore::Repair repair) {
  std::map<WindowKey, BudgetStatus> sums;
  std::map<WindowKey, std::shared_ptr<const Budget>> owners;
  for (const auto& [key, entry] : entries_) {
    if (entry.budget->window == BudgetWindow::call) continue;
    const WindowKey where = key_of(key.second, entry.window);
    const auto [sum, is_new] = sums.try_emplace(where, windows_[where].carried);
    const Currency currency = entry.budget->limit.currency;
    const WindowEntry counted = entry_of(rows_[key.first], currency, entry.counted.held);
    if (auto more = with_entry(sum->second, counted)) sum->second = *std::move(more);
    owners[where] = entry.budget;
  }
  std::vector<BudgetDrift> drifts;
  for (auto& [key, window] : windows_) {
    const auto found = sums.find(key);
    const BudgetStatus& sum = found != sums.end() ? found->second : window.carried;
    if (is_same(sum, window.counters)) continue;
    const TimeSpan span{std::get<1>(key), std::get<2>(key)};
    const auto owner = owners.find(key);
    Budget budget = owner != owners.end() ? *owner->second : definitions_[std::get<0>(key)];
    budget.id = std::get<0>(key);
    drifts.push_back({status_of(budget, span, &window), sum.spent, sum.held});
    if (repair == LedgerStore::Repair::yes) window.counters = sum;
  }
  return drifts;
}

}  // namespace TALLY_ABI
}  // namespace tally
