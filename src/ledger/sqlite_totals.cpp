// SPDX-License-Identifier: MIT
// Sums over rows, made by SQLite.

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "ledger/row_text.hpp"
#include "ledger/sqlite_questions.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using GroupKey = std::tuple<std::string, std::string, std::string, int, std::string, std::string>;
using Groups = std::map<GroupKey, LedgerTotal>;

/// Whether a row is the first of its call in its group: calls are then a sum. Only a row that was
/// not its call's first in the whole ledger has to look for the others. It looks its own call up
/// again, which is rare: a column that is named here is carried through the sorting of all rows.
std::string counts_as_call(const LedgerFilter& filter, const LedgerGrouping& by) {
  std::string others =
      "SELECT 1 FROM ledger s WHERE s.row_id<r.row_id"
      " AND s.call_id=(SELECT c.call_id FROM ledger c WHERE c.row_id=r.row_id)"
      " AND coalesce(s.currency,s.hold_currency) IS coalesce(r.currency,r.hold_currency)";
  others += sqlite_conditions(filter, "s");
  if (by.by_provider) others += " AND s.provider=r.provider";
  if (by.by_model) others += " AND s.model_requested=r.model_requested";
  if (by.by_state) others += " AND s.state=r.state";
  if (!by.by_label.empty()) {
    others +=
        " AND (SELECT k.value FROM ledger_label k WHERE k.row_id=s.row_id AND k.key=?) IS l.value";
  }
  return "sum(CASE r.is_repeat WHEN 0 THEN 1 ELSE NOT EXISTS(" + others + ") END)";
}

std::string totals_sql(const LedgerFilter& filter, const LedgerGrouping& by) {
  // Grouped by state in any case, so that each sum is taken once and not once a state.
  std::string groups = " GROUP BY 4,5";
  if (by.by_provider) groups += ",1";
  if (by.by_model) groups += ",2";
  if (!by.by_label.empty()) groups += ",3";
  const std::string provider = by.by_provider ? "r.provider" : "''";
  const std::string model = by.by_model ? "r.model_requested" : "''";
  const std::string label = by.by_label.empty() ? "''" : "l.value";
  std::string sql = "SELECT " + provider + "," + model + "," + label +
                    ",r.state,coalesce(r.currency,r.hold_currency)," + counts_as_call(filter, by) +
                    ",count(*),sum(r.billed_hit),sum(r.billed_miss),sum(r.billed_write),"
                    "sum(r.billed_output),sum(r.cost_nano),sum(r.cost_frac),"
                    "sum(r.difference_nano),sum(r.difference_frac) FROM ledger r";
  if (!by.by_label.empty()) {
    sql += " LEFT JOIN ledger_label l ON l.row_id=r.row_id AND l.key=?";
  }
  return sql + " WHERE 1" + sqlite_conditions(filter, "r") + groups;
}

/// `Money`'s sums are exact or an error, never less than they are.
void add_exactly(SqliteDatabase& database, Decimal& sum, Decimal part) {
  const auto both = checked_add(sum, part);
  if (!both) return database.fail_sum();
  sum = *both;
}

void add_amount(SqliteDatabase& database, LedgerTotal& total, BillState state, Decimal amount) {
  switch (state) {
    case BillState::settled:
      return add_exactly(database, total.settled, amount);
    case BillState::estimated:
      return add_exactly(database, total.estimated, amount);
    case BillState::partial:
      return add_exactly(database, total.partial, amount);
    default:
      return;
  }
}

void add_groups(SqliteDatabase& database, const LedgerFilter& filter, const LedgerGrouping& by,
                const std::string& day, Groups& groups) {
  SqliteQuery query = database.query_once(totals_sql(filter, by));
  bind_conditions(query, filter);
  if (!by.by_label.empty()) {
    query.bind(by.by_label);
    query.bind(by.by_label);
  }
  bind_conditions(query, filter);
  while (query.next()) {
    LedgerTotal one;
    one.provider = query.text();
    one.model = query.text();
    one.label = query.text();
    const BillState state = bill_state_from_text(query.text()).value_or(BillState::unpriced);
    const std::string currency = query.text();
    const int by_state = by.by_state ? static_cast<int>(state) : -1;
    LedgerTotal& total = groups[{one.provider, one.model, one.label, by_state, day, currency}];
    total.provider = std::move(one.provider);
    total.model = std::move(one.model);
    total.label = std::move(one.label);
    total.day = day;
    if (by.by_state) total.state = state;
    if (const auto known = Currency::parse(currency)) total.currency = *known;
    total.calls += query.integer();
    const std::int64_t attempts = query.integer();
    total.attempts += attempts;
    total.cache_hit_tokens += query.integer();
    total.cache_miss_tokens += query.integer();
    total.cache_write_tokens += query.integer();
    total.output_tokens += query.integer();
    add_amount(database, total, state, query.decimal());
    add_exactly(database, total.reported_difference, query.decimal());
    if (state == BillState::unpriced) total.unpriced_attempts += attempts;
    if (state == BillState::reserved) total.reserved_attempts += attempts;
  }
}

std::optional<Instant> first_row_from(SqliteDatabase& database, Instant from) {
  SqliteQuery query = database.query("SELECT min(at_us) FROM ledger WHERE at_us>=?", from);
  return query.next() ? query.optional_instant() : std::nullopt;
}

/// Day by day, each with its own boundaries: SQLite knows no zones.
void add_days(SqliteDatabase& database, const LedgerFilter& filter, const LedgerGrouping& by,
              Groups& groups) {
  const Instant end = filter.to.value_or(Instant::max());
  auto at = first_row_from(database, filter.from.value_or(Instant::min()));
  while (at && *at < end) {
    const LocalDay day = local_day(by.zone, *at);
    LedgerFilter within = filter;
    within.from = std::max(day.span.begin, filter.from.value_or(day.span.begin));
    within.to = std::min(day.span.end, end);
    add_groups(database, within, by, day.date, groups);
    at = first_row_from(database, day.span.end);
  }
}

}  // namespace

std::vector<LedgerTotal> totals_of(SqliteDatabase& database, const LedgerFilter& filter,
                                   const LedgerGrouping& grouping) {
  Groups groups;
  database.run("BEGIN");  // One state of the ledger for all days.
  if (grouping.by_day) {
    add_days(database, filter, grouping, groups);
  } else {
    add_groups(database, filter, grouping, {}, groups);
  }
  database.end_reading();
  std::vector<LedgerTotal> totals;
  for (auto& group : groups) totals.push_back(std::move(group.second));
  return totals;
}

}  // namespace TALLY_ABI
}  // namespace tally
