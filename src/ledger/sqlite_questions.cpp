// SPDX-License-Identifier: MIT
#include "ledger/sqlite_questions.hpp"

#include <utility>

#include "ledger/row_text.hpp"
#include "ledger/sqlite_row.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::string sqlite_conditions(const LedgerFilter& filter, const std::string& r) {
  std::string sql;
  if (filter.from) sql += " AND " + r + ".at_us>=?";
  if (filter.to) sql += " AND " + r + ".at_us<?";
  if (!filter.provider.empty()) sql += " AND " + r + ".provider=?";
  if (!filter.model.empty()) sql += " AND " + r + ".model_requested=?";
  if (filter.state) sql += " AND " + r + ".state=?";
  if (!filter.call_id.empty()) sql += " AND " + r + ".call_id=?";
  for (std::size_t i = 0; i < filter.labels.size(); ++i) {
    sql += " AND EXISTS(SELECT 1 FROM ledger_label f WHERE f.row_id=" + r +
           ".row_id AND f.key=? AND f.value=?)";
  }
  return sql;
}

void bind_conditions(SqliteQuery& query, const LedgerFilter& filter) {
  if (filter.from) query.bind(*filter.from);
  if (filter.to) query.bind(*filter.to);
  if (!filter.provider.empty()) query.bind(filter.provider);
  if (!filter.model.empty()) query.bind(filter.model);
  if (filter.state) query.bind(to_string(*filter.state));
  if (!filter.call_id.empty()) query.bind(filter.call_id);
  for (const auto& [key, value] : filter.labels) {
    query.bind(key);
    query.bind(value);
  }
}

void each_row(SqliteDatabase& database, const LedgerFilter& filter,
              const std::function<bool(const LedgerRow&)>& keep) {
  SqliteQuery query =
      database.query_once(std::string("SELECT ") + sqlite_row_columns + " FROM ledger r WHERE 1" +
                          sqlite_conditions(filter, "r") + " ORDER BY row_id");
  bind_conditions(query, filter);
  while (query.next()) {
    const std::int64_t row_id = query.integer();
    LedgerRow row = read_row(query);
    row.labels = labels_of(database, row_id);
    if (!keep(row)) return;
  }
}

std::vector<LedgerHistory> history_of(SqliteDatabase& database, const std::string& attempt_id) {
  std::vector<LedgerHistory> all;
  SqliteQuery query = database.query(
      "SELECT attempt_id,revision,replaced_us,reason,state,currency,cost_nano,cost_frac"
      " FROM ledger_history WHERE attempt_id=? ORDER BY revision",
      attempt_id);
  while (query.next()) {
    LedgerHistory was;
    was.attempt_id = query.text();
    was.revision = static_cast<int>(query.integer());
    was.replaced = query.instant();
    was.reason = query.text();
    was.state = bill_state_from_text(query.text()).value_or(BillState::unpriced);
    const auto currency = Currency::parse(query.text());
    const auto amount = query.optional_decimal();
    if (currency && amount) was.cost = Money{*amount, *currency};
    all.push_back(std::move(was));
  }
  return all;
}

std::optional<std::string> price_entry_of(SqliteDatabase& database, const std::string& sha256) {
  SqliteQuery query = database.query("SELECT json FROM price_snapshot WHERE sha256=?", sha256);
  return query.next() ? std::optional<std::string>(query.text()) : std::nullopt;
}

std::vector<std::string> budget_definitions(SqliteDatabase& database) {
  std::vector<std::string> all;
  SqliteQuery query = database.query("SELECT definition FROM budget ORDER BY budget_id");
  while (query.next()) all.push_back(query.text());
  return all;
}

void put_balance(SqliteDatabase& database, const BalanceCheck& check) {
  database.run(
      "INSERT INTO balance_check(provider,account,at_us,is_available,raw) VALUES(?,?,?,?,?)",
      check.provider, check.account, check.at, check.balance.is_available, check.balance.raw);
  const std::int64_t id = database.last_row_id();
  const auto text = [](const std::optional<Decimal>& amount) {
    return amount ? std::optional<std::string>(to_string(*amount)) : std::nullopt;
  };
  int position = 0;
  for (const BalanceAmount& amount : check.balance.amounts) {
    database.run(
        "INSERT INTO balance_amount(check_id,position,currency,total,granted,topped_up)"
        " VALUES(?,?,?,?,?,?)",
        id, position++, amount.total.currency.view(), to_string(amount.total.amount),
        text(amount.granted), text(amount.topped_up));
  }
}

namespace {

std::vector<BalanceAmount> amounts_of(SqliteDatabase& database, std::int64_t check_id) {
  const auto amount = [](SqliteQuery& query) -> std::optional<Decimal> {
    const auto value = Decimal::parse(query.text());
    return value ? std::optional<Decimal>(*value) : std::nullopt;
  };
  std::vector<BalanceAmount> amounts;
  SqliteQuery query = database.query(
      "SELECT currency,total,granted,topped_up FROM balance_amount WHERE check_id=?"
      " ORDER BY position",
      check_id);
  while (query.next()) {
    BalanceAmount one;
    one.total.currency = Currency::parse(query.text()).value_or(usd);
    one.total.amount = amount(query).value_or(Decimal{});
    one.granted = amount(query);
    one.topped_up = amount(query);
    amounts.push_back(one);
  }
  return amounts;
}

}  // namespace

std::vector<BalanceCheck> balances_of(SqliteDatabase& database, const std::string& provider,
                                      const std::string& account, TimeSpan span) {
  std::vector<BalanceCheck> checks;
  SqliteQuery query = database.query(
      "SELECT check_id,at_us,is_available,raw FROM balance_check"
      " WHERE provider=? AND account=? AND at_us>=? AND at_us<? ORDER BY at_us,check_id",
      provider, account, span.begin, span.end);
  while (query.next()) {
    const std::int64_t id = query.integer();
    BalanceCheck check;
    check.provider = provider;
    check.account = account;
    check.at = query.instant();
    check.balance.is_available = query.integer() != 0;
    check.balance.raw = query.text();
    check.balance.amounts = amounts_of(database, id);
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace TALLY_ABI
}  // namespace tally
