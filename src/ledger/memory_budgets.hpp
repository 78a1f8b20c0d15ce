// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger/budget_rules.hpp"
#include "ledger/memory_rows.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What rows count in budgets: an entry for each row and budget, and the sums of each window.
/// Everything here could be made again from the rows, but for what pruned ones had counted. One
/// thread at a time.
class MemoryBudgets {
 public:
  explicit MemoryBudgets(const MemoryRows& rows) : rows_(rows) {}

  void put(const Budget& budget);
  void remove(const std::string& id);
  std::vector<Budget> all() const;

  BudgetStatus status(const Budget& budget, TimeSpan window);

  /// Whether a row that starts then may be held in all of these. Error: an amount does not fit.
  struct Admission {
    std::optional<BudgetRefusal> refusal;
    std::optional<Error> error;
  };
  Admission ask(const std::vector<BudgetHold>& budgets, Instant started);
  /// After `ask` had nothing against it, and the row was inserted.
  void hold(const std::vector<BudgetHold>& budgets, MemoryRows::Number number, LedgerDone& done);

  /// The row has its bill, or another one: its entries count that. `budgets` names the windows. An
  /// attempt that was never held (`is_new`) is counted in those.
  void count(const std::vector<BudgetHold>& budgets, MemoryRows::Number number, bool is_new,
             LedgerDone& done);

  bool is_open(MemoryRows::Number number) const;
  /// The row goes; what it counted stays.
  void carry(MemoryRows::Number number);

  std::vector<BudgetDrift> verify(LedgerStore::Repair repair);

  /// Memory has run out in the middle of one of the functions above: before the next one, `mend`
  /// counts all anew.
  void tear() { is_torn_ = true; }
  void mend();

 private:
  using WindowKey = std::tuple<std::string, Instant, Instant>;
  using EntryKey = std::pair<MemoryRows::Number, std::string>;

  struct Window {
    BudgetStatus counters;
    BudgetStatus carried;  ///< Of pruned rows; a part of `counters`.
  };
  struct Entry {
    std::shared_ptr<const Budget> budget;
    TimeSpan window;
    WindowEntry counted;
  };
  /// What is counted over all windows of a budget.
  struct Account {
    int open = 0;
    std::multiset<Instant> starts;
  };

  static WindowKey key_of(const std::string& id, TimeSpan span) {
    return {id, span.begin, span.end};
  }
  /// Null for a window that accumulates nothing.
  Window* window(const std::shared_ptr<const Budget>& budget, TimeSpan span);
  BudgetStatus status_of(const Budget& budget, TimeSpan span, const Window* window) const;
  int begun_lately(const std::string& id, Instant started) const;
  void enter(const std::shared_ptr<const Budget>& budget, TimeSpan span, MemoryRows::Number number,
             const WindowEntry& counted);
  /// False: the sum does not fit.
  static bool add(Window* window, const WindowEntry& counted);
  bool count_entry(Entry& entry, const BudgetHold* named, const LedgerRow& row, LedgerDone& done);
  template <class IsOver>
  void erase_entries(IsOver is_over);
  void forget(const std::string& id);

  const MemoryRows& rows_;
  std::map<std::string, Budget> definitions_;
  std::map<WindowKey, Window> windows_;
  std::map<EntryKey, Entry> entries_;
  std::map<std::string, Account> accounts_;
  bool is_torn_ = false;
};

}  // namespace TALLY_ABI
}  // namespace tally
