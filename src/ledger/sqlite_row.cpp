// SPDX-License-Identifier: MIT
#include "ledger/sqlite_row.hpp"

#include <utility>

#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// What a write may change, in the order in which it is bound and read. The ids stand apart: an
// index is rewritten for each of its columns that an UPDATE names, also where nothing changes.
#define TALLY_ROW_COLUMNS                                                                   \
  "state,currency,cost_nano,cost_frac,hold_currency,hold_nano,hold_frac,"                   \
  "difference_nano,difference_frac,billed_hit,billed_miss,billed_write,billed_output,"      \
  "started_us,billed_us,completed_us,first_byte_us,provider,model_requested,"               \
  "attempt_number,revision,reason,host,model_reported,service_tier_requested,streamed,"     \
  "prompt_tokens,prompt_cache_hit_tokens,prompt_cache_miss_tokens,cache_write_tokens,"      \
  "completion_tokens,reasoning_tokens,total_tokens,usage_source,anomalies,service_tier,"    \
  "usage_reported_cost,usage_raw,is_estimate,is_lower_bound,low_currency,low_nano,"         \
  "low_frac,high_currency,high_nano,high_frac,cost_lines,cost_flags,unpriced_reason,"       \
  "unpriced_message,reported_cost,price_sha256,price_entry_id,price_catalog_version,"       \
  "price_model,price_band,price_service_tier,price_context_tier,http_status,finish_reason," \
  "error,request_id,response_id,billed_extras"
#define TALLY_TEN "?,?,?,?,?,?,?,?,?,?,"
#define TALLY_ROW_VALUES TALLY_TEN TALLY_TEN TALLY_TEN TALLY_TEN TALLY_TEN TALLY_TEN "?,?,?,?"

void bind_money(SqliteQuery& query, const std::optional<Money>& money) {
  if (money) {
    query.bind(money->currency.view());
    query.bind(money->amount);
  } else {
    query.bind(std::nullopt);
    query.bind(std::optional<Decimal>());
  }
}

std::optional<Money> read_money(SqliteQuery& query) {
  const std::string code = query.text();
  const auto amount = query.optional_decimal();
  const auto currency = Currency::parse(code);
  if (!amount || !currency) return std::nullopt;
  return Money{*amount, *currency};
}

/// `USD 0.0012 exact 0.00120`: currency, amount, whether digits were lost, the server's digits.
std::optional<std::string> reported_text(const std::optional<ReportedCost>& cost) {
  if (!cost) return std::nullopt;
  return std::string(cost->money.currency.view()) + ' ' + to_string(cost->money.amount) +
         (cost->rounded ? " rounded " : " exact ") + cost->text;
}

std::optional<ReportedCost> reported_from(const std::string& text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = first == std::string::npos ? first : text.find(' ', first + 1);
  const std::size_t third = second == std::string::npos ? second : text.find(' ', second + 1);
  if (third == std::string::npos) return std::nullopt;
  const std::string_view all = text;
  const auto currency = Currency::parse(all.substr(0, first));
  const auto amount = Decimal::parse(all.substr(first + 1, second - first - 1));
  if (!currency || !amount) return std::nullopt;
  return ReportedCost{Money{*amount, *currency}, text.substr(third + 1),
                      all.substr(second + 1, third - second - 1) == "rounded"};
}

std::optional<std::string> lines_text(const Cost& cost) {
  if (cost.lines.empty() && cost.without_price.empty()) return std::nullopt;
  return cost_lines_to_json(cost);
}

std::optional<std::string> extras_text(const Usage& usage) {
  std::string text = billed_extras_to_json(usage);
  return text.empty() ? std::nullopt : std::optional<std::string>(std::move(text));
}

void bind_usage(SqliteQuery& query, const Usage& usage) {
  query.bind(usage.prompt_tokens);
  query.bind(usage.prompt_cache_hit_tokens);
  query.bind(usage.prompt_cache_miss_tokens);
  query.bind(usage.cache_write_tokens);
  query.bind(usage.completion_tokens);
  query.bind(usage.reasoning_tokens);
  query.bind(usage.total_tokens);
  query.bind(to_string(usage.source));
  query.bind(anomalies_to_text(usage.anomalies));
  query.bind(usage.service_tier);
  query.bind(reported_text(usage.reported_cost));
  query.bind(usage.raw);
}

void read_usage(SqliteQuery& query, Usage& usage) {
  usage.prompt_tokens = query.optional_integer();
  usage.prompt_cache_hit_tokens = query.optional_integer();
  usage.prompt_cache_miss_tokens = query.optional_integer();
  usage.cache_write_tokens = query.optional_integer();
  usage.completion_tokens = query.optional_integer();
  usage.reasoning_tokens = query.optional_integer();
  usage.total_tokens = query.optional_integer();
  usage.source = usage_source_from_text(query.text()).value_or(UsageSource::none);
  usage.anomalies = anomalies_from_text(query.text()).value_or(std::vector<Anomaly>());
  usage.service_tier = query.text();
  usage.reported_cost = reported_from(query.text());
  usage.raw = query.text();
}

void bind_cost_details(SqliteQuery& query, const Cost& cost) {
  query.bind(cost.is_estimate);
  query.bind(cost.is_lower_bound);
  bind_money(query, cost.bounds ? std::optional<Money>(cost.bounds->low) : std::nullopt);
  bind_money(query, cost.bounds ? std::optional<Money>(cost.bounds->high) : std::nullopt);
  query.bind(lines_text(cost));
  query.bind(flags_to_text(cost.flags));
  query.bind(to_string(cost.unpriced_reason));
  query.bind(cost.unpriced_message);
  query.bind(reported_text(cost.reported));
}

void read_cost_details(SqliteQuery& query, Cost& cost) {
  cost.is_estimate = query.integer() != 0;
  cost.is_lower_bound = query.integer() != 0;
  const auto low = read_money(query);
  const auto high = read_money(query);
  if (low && high) cost.bounds = CostBounds{*low, *high};
  CostLines lines = cost_lines_from_json(query.text()).value_or(CostLines());
  cost.lines = std::move(lines.lines);
  cost.without_price = std::move(lines.without_price);
  cost.flags = flags_from_text(query.text()).value_or(std::vector<CostFlag>());
  cost.unpriced_reason = unpriced_reason_from_text(query.text()).value_or(UnpricedReason::none);
  cost.unpriced_message = query.text();
  cost.reported = reported_from(query.text());
}

void bind_price(SqliteQuery& query, const std::optional<PriceReference>& price) {
  if (!price) {
    for (int column = 0; column < 7; ++column) query.bind(std::nullopt);
    return;
  }
  query.bind(price->sha256);
  query.bind(price->entry_id);
  query.bind(price->catalog_version);
  query.bind(price->model);
  query.bind(price->band);
  query.bind(price->service_tier);
  query.bind(price->context_tier);
}

std::optional<PriceReference> read_price(SqliteQuery& query) {
  const bool is_there = !query.is_null();
  PriceReference price;
  price.sha256 = query.text();
  price.entry_id = query.text();
  price.catalog_version = query.text();
  price.model = query.text();
  price.band = query.text();
  price.service_tier = query.text();
  price.context_tier = query.optional_integer();
  return is_there ? std::optional<PriceReference>(std::move(price)) : std::nullopt;
}

void bind_row(SqliteQuery& query, const LedgerRow& row, int revision) {
  query.bind(to_string(row.state));
  bind_money(query, row.cost.total);
  bind_money(query, row.hold);
  const auto& difference = row.cost.reported_difference;
  query.bind(difference ? std::optional<Decimal>(difference->amount) : std::nullopt);
  query.bind(row.usage.billed.cache_hit);
  query.bind(row.usage.billed.cache_miss);
  query.bind(row.usage.billed.cache_write);
  query.bind(row.usage.billed.output);
  query.bind(row.started);
  query.bind(row.billed_at);
  query.bind(row.completed);
  query.bind(row.first_byte_after ? std::optional<std::int64_t>(row.first_byte_after->count())
                                  : std::nullopt);
  query.bind(row.provider);
  query.bind(row.model_requested);
  query.bind(row.attempt_number);
  query.bind(revision);
  query.bind(row.reason);
  query.bind(row.host);
  query.bind(row.model_reported);
  query.bind(row.service_tier_requested);
  query.bind(row.streamed);
  bind_usage(query, row.usage);
  bind_cost_details(query, row.cost);
  bind_price(query, row.price);
  query.bind(row.http_status);
  query.bind(row.finish_reason);
  query.bind(row.error);
  query.bind(row.request_id);
  query.bind(row.response_id);
  query.bind(extras_text(row.usage));
}

void insert_labels(SqliteDatabase& database, std::int64_t row_id, const Labels& labels) {
  for (const auto& [key, value] : labels) {
    // Two keys may be one once they are cleaned.
    database.run("INSERT OR IGNORE INTO ledger_label(row_id,key,value) VALUES(?,?,?)", row_id, key,
                 value);
  }
}

}  // namespace

const char* const sqlite_row_columns = "row_id,attempt_id,call_id," TALLY_ROW_COLUMNS;

std::optional<std::int64_t> insert_row(SqliteDatabase& database, const LedgerRow& row,
                                       const SqliteLease& lease) {
  const bool is_reserved = row.state == BillState::reserved;
  SqliteQuery query = database.query(
      "INSERT INTO ledger(" TALLY_ROW_COLUMNS
      ",attempt_id,call_id,owner_id,lease_us,is_repeat) VALUES(" TALLY_ROW_VALUES
      ",?,?,?,?,EXISTS(SELECT 1 FROM ledger WHERE call_id=?)) ON CONFLICT(attempt_id) DO NOTHING");
  bind_row(query, row, is_reserved ? 0 : 1);
  query.bind(row.attempt_id);
  query.bind(row.call_id);
  query.bind(is_reserved ? std::optional<std::int64_t>(lease.owner_id) : std::nullopt);
  query.bind(is_reserved ? std::optional<Instant>(lease.until) : std::nullopt);
  query.bind(row.call_id);
  query.run();
  if (database.failure() || database.changed_rows() == 0) return std::nullopt;
  const std::int64_t row_id = database.last_row_id();
  insert_labels(database, row_id, row.labels);
  return row_id;
}

bool replace_reserved_row(SqliteDatabase& database, const LedgerRow& row) {
  SqliteQuery query = database.query("UPDATE ledger SET (" TALLY_ROW_COLUMNS
                                     ",owner_id,lease_us)=(" TALLY_ROW_VALUES
                                     ",NULL,NULL) WHERE attempt_id=? AND state='reserved'");
  bind_row(query, row, 1);
  query.bind(row.attempt_id);
  query.run();
  return !database.failure() && database.changed_rows() == 1;
}

void replace_row(SqliteDatabase& database, std::int64_t row_id, const LedgerRow& row,
                 std::string_view reason, Instant now) {
  database.run(
      "INSERT INTO ledger_history SELECT attempt_id,revision,?,?,state,reason,billed_us,currency,"
      "cost_nano,cost_frac,price_sha256,price_entry_id FROM ledger WHERE row_id=?",
      now, reason, row_id);
  SqliteQuery query =
      database.query("UPDATE ledger SET (" TALLY_ROW_COLUMNS
                     ",owner_id,lease_us)=(" TALLY_ROW_VALUES ",NULL,NULL) WHERE row_id=?");
  bind_row(query, row, row.revision);
  query.bind(row_id);
  query.run();
}

void keep_price_entry(SqliteDatabase& database, const PriceEntry& entry) {
  database.run(
      "INSERT OR IGNORE INTO price_snapshot(sha256,entry_id,catalog_version,json) VALUES(?,?,?,?)",
      entry.sha256, entry.id, entry.catalog_version, entry.json);
}

LedgerRow read_row(SqliteQuery& query) {
  LedgerRow row;
  row.attempt_id = query.text();
  row.call_id = query.text();
  row.state = bill_state_from_text(query.text()).value_or(BillState::unpriced);
  row.cost.total = read_money(query);
  row.hold = read_money(query);
  const auto difference = query.optional_decimal();
  if (difference && row.cost.total) {
    row.cost.reported_difference = Money{*difference, row.cost.total->currency};
  }
  row.usage.billed.cache_hit = query.optional_integer();
  row.usage.billed.cache_miss = query.optional_integer();
  row.usage.billed.cache_write = query.optional_integer();
  row.usage.billed.output = query.optional_integer();
  row.started = query.instant();
  row.billed_at = query.optional_instant();
  row.completed = query.optional_instant();
  if (const auto micros = query.optional_integer()) {
    row.first_byte_after = std::chrono::microseconds(*micros);
  }
  row.provider = query.text();
  row.model_requested = query.text();
  row.attempt_number = static_cast<int>(query.integer());
  row.revision = static_cast<int>(query.integer());
  row.reason = query.text();
  row.host = query.text();
  row.model_reported = query.text();
  row.service_tier_requested = query.text();
  row.streamed = query.integer() != 0;
  read_usage(query, row.usage);
  read_cost_details(query, row.cost);
  row.price = read_price(query);
  row.http_status = static_cast<int>(query.integer());
  row.finish_reason = query.text();
  row.error = query.text();
  row.request_id = query.text();
  row.response_id = query.text();
  BilledExtras extras = billed_extras_from_json(query.text()).value_or(BilledExtras());
  row.usage.billed.parts = extras.parts;
  row.usage.units = std::move(extras.units);
  return row;
}

Labels labels_of(SqliteDatabase& database, std::int64_t row_id) {
  Labels labels;
  SqliteQuery query = database.query("SELECT key,value FROM ledger_label WHERE row_id=?", row_id);
  while (query.next()) {
    std::string key = query.text();
    labels.emplace(std::move(key), query.text());
  }
  return labels;
}

std::optional<std::int64_t> row_id_of(SqliteDatabase& database, const std::string& attempt_id) {
  SqliteQuery query = database.query("SELECT row_id FROM ledger WHERE attempt_id=?", attempt_id);
  return query.next() ? std::optional<std::int64_t>(query.integer()) : std::nullopt;
}

std::optional<SqliteStoredRow> find_row(SqliteDatabase& database, const std::string& attempt_id) {
  SqliteQuery query = database.query("SELECT row_id,attempt_id,call_id," TALLY_ROW_COLUMNS
                                     " FROM ledger WHERE attempt_id=?",
                                     attempt_id);
  if (!query.next()) return std::nullopt;
  SqliteStoredRow stored;
  stored.row_id = query.integer();
  stored.row = read_row(query);
  stored.row.labels = labels_of(database, stored.row_id);
  return stored;
}

}  // namespace TALLY_ABI
}  // namespace tally
