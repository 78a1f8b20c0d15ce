// SPDX-License-Identifier: MIT
#include "ledger/sqlite_budgets.hpp"

#include <chrono>
#include <utility>

#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool is_of_one_call(TimeSpan window) { return window.begin == window.end; }

/// Rows of the window that have no entry yet; with what they count by. One that was not billed
/// counts nothing, and may have been refused before it began.
std::string rows_in_scope(const Budget& budget) {
  std::string sql =
      "SELECT r.row_id,r.started_us,r.state,r.currency,r.cost_nano,r.cost_frac,"
      "r.hold_currency,r.hold_nano,r.hold_frac FROM ledger r WHERE r.at_us>=? AND r.at_us<?"
      " AND r.state<>'not_billed' AND NOT EXISTS(SELECT 1 FROM budget_entry e WHERE "
      "e.row_id=r.row_id AND e.budget_id=?)";
  for (const auto& [key, value] : budget.scope) {
    const std::string label =
        "(SELECT l.value FROM ledger_label l WHERE l.row_id=r.row_id AND l.key=?)";
    // As is_in_scope has it: a label goes before the column of that name.
    if (key == "provider") {
      sql += " AND coalesce(" + label + ",r.provider)=?";
    } else if (key == "model") {
      sql += " AND coalesce(" + label + ",r.model_requested)=?";
    } else {
      sql += " AND " + label + "=?";
    }
  }
  return sql;
}

std::optional<Money> read_money(SqliteQuery& query) {
  const auto currency = Currency::parse(query.text());
  const auto amount = query.optional_decimal();
  if (!currency || !amount) return std::nullopt;
  return Money{*amount, *currency};
}

WindowEntry entry_of(const LedgerRow& row, Currency currency) {
  const bool holds = row.hold && row.hold->currency == currency;
  const Decimal held = holds ? row.hold->amount : Decimal{};
  if (row.state == BillState::reserved) {
    WindowEntry open;
    open.held = held;
    return open;
  }
  return settled_entry(row, currency, held);
}

void count_rows_so_far(SqliteDatabase& database, const Budget& budget, BudgetStatus& status) {
  const Currency currency = budget.limit.currency;
  SqliteQuery query = database.query_once(rows_in_scope(budget));
  query.bind(status.window.begin);
  query.bind(status.window.end);
  query.bind(budget.id);
  for (const auto& [key, value] : budget.scope) {
    query.bind(key);
    query.bind(value);
  }
  while (query.next()) {
    const std::int64_t row_id = query.integer();
    LedgerRow row;
    row.started = query.instant();
    row.state = bill_state_from_text(query.text()).value_or(BillState::unpriced);
    row.cost.total = read_money(query);
    row.hold = read_money(query);
    const SqliteEntry entry{budget.id, status.window, currency, entry_of(row, currency)};
    store_entry(database, row_id, row.started, entry);
    // What does not fit into a counter is for `verify` to tell.
    status = with_entry(status, entry.counted).value_or(status);
  }
}

}  // namespace

bool has_entries(SqliteDatabase& database) {
  return database.query("SELECT 1 FROM budget_entry LIMIT 1").next();
}

std::vector<SqliteEntry> entries_of(SqliteDatabase& database, std::int64_t row_id) {
  std::vector<SqliteEntry> entries;
  SqliteQuery query = database.query(
      "SELECT budget_id,begin_us,end_us,currency,held_nano,held_frac,charged_nano,charged_frac,"
      "is_estimate,is_unpriced FROM budget_entry WHERE row_id=?",
      row_id);
  while (query.next()) {
    SqliteEntry entry;
    entry.budget_id = query.text();
    entry.window.begin = query.instant();
    entry.window.end = query.instant();
    entry.currency = Currency::parse(query.text()).value_or(usd);
    entry.counted.held = query.decimal();
    entry.counted.charged = query.optional_decimal();
    entry.counted.is_estimate = query.integer() != 0;
    entry.counted.is_unpriced = query.integer() != 0;
    entries.push_back(std::move(entry));
  }
  return entries;
}

void store_entry(SqliteDatabase& database, std::int64_t row_id, Instant started,
                 const SqliteEntry& entry) {
  database.run(
      "INSERT OR REPLACE INTO budget_entry(row_id,budget_id,begin_us,end_us,currency,started_us,"
      "held_nano,held_frac,charged_nano,charged_frac,is_estimate,is_unpriced)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
      row_id, entry.budget_id, entry.window.begin, entry.window.end, entry.currency.view(), started,
      entry.counted.held, entry.counted.charged, entry.counted.is_estimate,
      entry.counted.is_unpriced);
}

std::optional<BudgetStatus> stored_window(SqliteDatabase& database, const std::string& budget_id,
                                          TimeSpan window) {
  SqliteQuery query = database.query(
      "SELECT spent_nano,spent_frac,held_nano,held_frac,estimated_nano,estimated_frac,"
      "unpriced_calls FROM budget_window WHERE budget_id=? AND begin_us=? AND end_us=?",
      budget_id, window.begin, window.end);
  if (!query.next()) return std::nullopt;
  BudgetStatus status;
  status.id = budget_id;
  status.window = window;
  status.spent = query.decimal();
  status.held = query.decimal();
  status.estimated = query.decimal();
  status.unpriced_calls = query.integer();
  status.in_flight = open_entries(database, budget_id);
  return status;
}

BudgetStatus open_window(SqliteDatabase& database, const Budget& budget, TimeSpan window) {
  if (!is_of_one_call(window)) {
    if (auto status = stored_window(database, budget.id, window)) {
      status->limit = budget.limit;
      return std::move(*status);
    }
  }
  BudgetStatus status;
  status.id = budget.id;
  status.limit = budget.limit;
  status.window = window;
  if (!is_of_one_call(window)) {
    database.run("INSERT INTO budget_window(budget_id,begin_us,end_us) VALUES(?,?,?)", budget.id,
                 window.begin, window.end);
    count_rows_so_far(database, budget, status);
    store_window(database, status);
  }
  status.in_flight = open_entries(database, budget.id);
  return status;
}

void store_window(SqliteDatabase& database, const BudgetStatus& status) {
  if (is_of_one_call(status.window)) return;
  database.run(
      "UPDATE budget_window SET spent_nano=?,spent_frac=?,held_nano=?,held_frac=?,"
      "estimated_nano=?,estimated_frac=?,unpriced_calls=?"
      " WHERE budget_id=? AND begin_us=? AND end_us=?",
      status.spent, status.held, status.estimated, status.unpriced_calls, status.id,
      status.window.begin, status.window.end);
}

int open_entries(SqliteDatabase& database, const std::string& budget_id) {
  SqliteQuery query = database.query(
      "SELECT count(*) FROM budget_entry WHERE budget_id=? AND charged_nano IS NULL", budget_id);
  return query.next() ? static_cast<int>(query.integer()) : 0;
}

int begun_lately(SqliteDatabase& database, const std::string& budget_id, Instant started) {
  SqliteQuery query = database.query(
      "SELECT count(*) FROM budget_entry WHERE budget_id=? AND started_us>? AND started_us<=?",
      budget_id, started - std::chrono::seconds(60), started);
  return query.next() ? static_cast<int>(query.integer()) : 0;
}

}  // namespace TALLY_ABI
}  // namespace tally
