// SPDX-License-Identifier: MIT
#include "ledger/sqlite_upkeep.hpp"

#include <map>
#include <tuple>
#include <utility>

#include "ledger/budget_rules.hpp"
#include "ledger/row_text.hpp"
#include "ledger/sqlite_budgets.hpp"
#include "ledger/sqlite_row.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// As many as are removed before others may write again.
constexpr int rows_at_once = 2000;

using WindowKey = std::tuple<std::string, Instant, Instant>;
using Windows = std::map<WindowKey, BudgetStatus>;

std::optional<Budget> definition_of(SqliteDatabase& database, const std::string& id) {
  SqliteQuery query = database.query("SELECT definition FROM budget WHERE budget_id=?", id);
  if (!query.next()) return std::nullopt;
  auto budget = budget_from_json(query.text());
  return budget ? std::optional<Budget>(*std::move(budget)) : std::nullopt;
}

bool counts_the_same(const Budget& a, const Budget& b) {
  return a.scope == b.scope && a.window == b.window && a.limit.currency == b.limit.currency &&
         to_string(a.zone) == to_string(b.zone);
}

void forget_counters(SqliteDatabase& database, const std::string& id) {
  database.run("DELETE FROM budget_entry WHERE budget_id=?", id);
  database.run("DELETE FROM budget_window WHERE budget_id=?", id);
}

std::optional<Money> read_money(SqliteQuery& query) {
  const auto currency = Currency::parse(query.text());
  const auto amount = query.optional_decimal();
  if (!currency || !amount) return std::nullopt;
  return Money{*amount, *currency};
}

BudgetStatus& window_in(Windows& windows, const std::string& id, TimeSpan span) {
  BudgetStatus& status = windows[{id, span.begin, span.end}];
  status.id = id;
  status.window = span;
  return status;
}

/// Every window as its rows say. `repair` also sets right what entries remember of their rows.
Windows windows_of_rows(SqliteDatabase& database, LedgerStore::Repair repair) {
  Windows windows;
  SqliteQuery query = database.query(
      "SELECT e.row_id,e.budget_id,e.begin_us,e.end_us,e.currency,e.started_us,"
      "e.held_nano,e.held_frac,e.charged_nano,e.charged_frac,"
      "r.state,r.currency,r.cost_nano,r.cost_frac,r.hold_currency,r.hold_nano,r.hold_frac"
      " FROM budget_entry e JOIN ledger r ON r.row_id=e.row_id WHERE e.begin_us<>e.end_us");
  while (query.next()) {
    const std::int64_t row_id = query.integer();
    SqliteEntry entry;
    entry.budget_id = query.text();
    entry.window.begin = query.instant();
    entry.window.end = query.instant();
    entry.currency = Currency::parse(query.text()).value_or(usd);
    const Instant started = query.instant();
    entry.counted.held = query.decimal();
    entry.counted.charged = query.optional_decimal();
    LedgerRow row;
    row.state = bill_state_from_text(query.text()).value_or(BillState::unpriced);
    row.cost.total = read_money(query);
    row.hold = read_money(query);
    if (entry.counted.charged) {
      const auto before = entry.counted.charged;
      entry.counted = settled_entry(row, entry.currency, entry.counted.held);
      if (repair == LedgerStore::Repair::yes && entry.counted.charged != before) {
        store_entry(database, row_id, started, entry);
      }
    }
    BudgetStatus& status = window_in(windows, entry.budget_id, entry.window);
    status = with_entry(status, entry.counted).value_or(status);
  }
  return windows;
}

void add_carried(SqliteDatabase& database, Windows& windows) {
  SqliteQuery query = database.query(
      "SELECT budget_id,begin_us,end_us,carried_nano,carried_frac,carried_estimated_nano,"
      "carried_estimated_frac,carried_unpriced_calls FROM budget_window");
  while (query.next()) {
    const std::string id = query.text();
    const Instant begin = query.instant();
    const Instant end = query.instant();
    BudgetStatus& status = window_in(windows, id, {begin, end});
    status.spent = checked_add(status.spent, query.decimal()).value_or(status.spent);
    status.estimated = checked_add(status.estimated, query.decimal()).value_or(status.estimated);
    status.unpriced_calls += query.integer();
  }
}

bool agree(const BudgetStatus& a, const BudgetStatus& b) {
  return a.spent == b.spent && a.held == b.held && a.estimated == b.estimated &&
         a.unpriced_calls == b.unpriced_calls;
}

}  // namespace

void keep_budget(SqliteDatabase& database, const Budget& budget) {
  const auto before = definition_of(database, budget.id);
  if (before && !counts_the_same(*before, budget)) forget_counters(database, budget.id);
  database.run("INSERT OR REPLACE INTO budget(budget_id,definition) VALUES(?,?)", budget.id,
               budget_to_json(budget));
}

void drop_budget(SqliteDatabase& database, const std::string& id) {
  forget_counters(database, id);
  database.run("DELETE FROM budget WHERE budget_id=?", id);
}

std::vector<BudgetDrift> verify_windows(SqliteDatabase& database, LedgerStore::Repair repair) {
  Windows windows = windows_of_rows(database, repair);
  add_carried(database, windows);
  std::vector<BudgetDrift> drifts;
  for (const auto& [key, right] : windows) {
    auto stored = stored_window(database, right.id, right.window);
    if (stored && agree(*stored, right)) continue;
    BudgetDrift drift;
    drift.spent = right.spent;
    drift.held = right.held;
    if (stored) drift.stored = std::move(*stored);
    drift.stored.id = right.id;
    drift.stored.window = right.window;
    if (const auto budget = definition_of(database, right.id)) drift.stored.limit = budget->limit;
    drifts.push_back(std::move(drift));
    if (repair == LedgerStore::Repair::no) continue;
    database.run("INSERT OR IGNORE INTO budget_window(budget_id,begin_us,end_us) VALUES(?,?,?)",
                 right.id, right.window.begin, right.window.end);
    store_window(database, right);
  }
  return drifts;
}

std::int64_t prune_some(SqliteDatabase& database, Instant before) {
  std::vector<std::int64_t> rows;
  SqliteQuery query = database.query(
      "SELECT row_id FROM ledger r WHERE at_us<? AND state<>'reserved' AND NOT EXISTS("
      "SELECT 1 FROM budget_entry e WHERE e.row_id=r.row_id AND e.charged_nano IS NULL) LIMIT ?",
      before, rows_at_once);
  while (query.next()) rows.push_back(query.integer());
  for (const std::int64_t row_id : rows) {
    for (const SqliteEntry& entry : entries_of(database, row_id)) {
      const Decimal charged = entry.counted.charged.value_or(Decimal{});
      const Decimal estimated = entry.counted.is_estimate ? charged : Decimal{};
      // Each column by itself: what carries from one into the other is added when it is read.
      database.run(
          "UPDATE budget_window SET carried_nano=carried_nano+?,carried_frac=carried_frac+?,"
          "carried_estimated_nano=carried_estimated_nano+?,"
          "carried_estimated_frac=carried_estimated_frac+?,"
          "carried_unpriced_calls=carried_unpriced_calls+?"
          " WHERE budget_id=? AND begin_us=? AND end_us=?",
          charged, estimated, entry.counted.is_unpriced, entry.budget_id, entry.window.begin,
          entry.window.end);
    }
    database.run(
        "DELETE FROM ledger_history WHERE attempt_id=(SELECT attempt_id FROM ledger WHERE "
        "row_id=?)",
        row_id);
    database.run("DELETE FROM ledger WHERE row_id=?", row_id);
  }
  return static_cast<std::int64_t>(rows.size());
}

std::int64_t erase_labels(SqliteDatabase& database, const std::string& key,
                          const std::string& value) {
  std::vector<std::int64_t> rows;
  SqliteQuery query =
      database.query("SELECT row_id FROM ledger_label WHERE key=? AND value=?", key, value);
  while (query.next()) rows.push_back(query.integer());
  // Labels name players: their bytes are overwritten too. The history keeps none.
  database.run("PRAGMA secure_delete=ON");
  for (const std::int64_t row_id : rows) {
    database.run("DELETE FROM ledger_label WHERE row_id=?", row_id);
  }
  database.run("PRAGMA secure_delete=OFF");
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace TALLY_ABI
}  // namespace tally
