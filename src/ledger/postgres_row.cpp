// SPDX-License-Identifier: MIT
#include "ledger/postgres_row.hpp"

#include <utility>

#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

struct Column {
  const char* name;
  const char* type;
};

// Instants are microseconds since 1970 (`_us`): what tally compares, to the digit. `usage_raw` is
// text because jsonb keeps neither the order of members nor the digits of numbers.
constexpr Column columns[] = {
    {"attempt_id", "text COLLATE \"C\""},
    {"call_id", "text COLLATE \"C\""},
    {"attempt_number", "int"},
    {"revision", "int"},
    {"state", "text"},
    {"reason", "text"},
    {"provider", "text"},
    {"host", "text"},
    {"model_requested", "text"},
    {"model_reported", "text"},
    {"service_tier_requested", "text"},
    {"streamed", "boolean"},
    {"labels", "jsonb"},
    {"started_us", "bigint"},
    {"completed_us", "bigint"},
    {"billed_us", "bigint"},
    {"first_byte_us", "bigint"},
    {"prompt_tokens", "bigint"},
    {"prompt_cache_hit_tokens", "bigint"},
    {"prompt_cache_miss_tokens", "bigint"},
    {"cache_write_tokens", "bigint"},
    {"completion_tokens", "bigint"},
    {"reasoning_tokens", "bigint"},
    {"total_tokens", "bigint"},
    {"billed_cache_miss", "bigint"},
    {"billed_cache_hit", "bigint"},
    {"billed_cache_write", "bigint"},
    {"billed_output", "bigint"},
    {"usage_source", "text"},
    {"anomalies", "text"},
    {"usage_reported", "numeric(38,18)"},
    {"usage_reported_currency", "text"},
    {"usage_reported_text", "text"},
    {"usage_reported_rounded", "boolean"},
    {"service_tier_served", "text"},
    {"usage_raw", "text"},
    {"cost", "numeric(38,18)"},
    {"currency", "text"},
    {"is_estimate", "boolean"},
    {"is_lower_bound", "boolean"},
    {"cost_lines", "jsonb"},
    {"unpriced_reason", "text"},
    {"unpriced_message", "text"},
    {"cost_low", "numeric(38,18)"},
    {"cost_low_currency", "text"},
    {"cost_high", "numeric(38,18)"},
    {"cost_high_currency", "text"},
    {"reported", "numeric(38,18)"},
    {"reported_currency", "text"},
    {"reported_text", "text"},
    {"reported_rounded", "boolean"},
    {"reported_difference", "numeric(38,18)"},
    {"reported_difference_currency", "text"},
    {"cost_flags", "text"},
    {"price_entry", "text"},
    {"price_sha256", "text"},
    {"price_catalog", "text"},
    {"price_model", "text"},
    {"price_band", "text"},
    {"price_service_tier", "text"},
    {"price_context_tier", "bigint"},
    {"hold", "numeric(38,18)"},
    {"hold_currency", "text"},
    {"http_status", "int"},
    {"finish_reason", "text"},
    {"error", "text"},
    {"request_id", "text"},
    {"response_id", "text"},
    {"billed_extras", "text"},
};

template <class Write>
std::string listed(Write write) {
  std::string list;
  int number = 0;
  for (const Column& column : columns) {
    if (!list.empty()) list += ", ";
    list += write(column, ++number);
  }
  return list;
}

/// Writes a row's members in the order of the columns.
class RowWriter {
 public:
  explicit RowWriter(PostgresParameters& parameters) : out_(parameters) {}

  void text(std::string_view value) { out_.add(std::string(value)); }
  void flag(bool value) { out_.add(value ? "t" : "f"); }
  void number(std::int64_t value) { out_.add(value); }
  void number(std::optional<std::int64_t> value) {
    out_.add(value ? std::optional<std::string>(std::to_string(*value)) : std::nullopt);
  }
  void instant(std::optional<Instant> at) {
    number(at ? std::optional<std::int64_t>(microseconds_of(*at)) : std::nullopt);
  }
  void money(const std::optional<Money>& value) {
    out_.add(value ? std::optional<std::string>(to_string(value->amount)) : std::nullopt);
    out_.add(value ? std::optional<std::string>(value->currency.view()) : std::nullopt);
  }
  void reported(const std::optional<ReportedCost>& value) {
    money(value ? std::optional<Money>(value->money) : std::nullopt);
    out_.add(value ? std::optional<std::string>(value->text) : std::nullopt);
    flag(value && value->rounded);
  }

 private:
  PostgresParameters& out_;
};

void write_usage(RowWriter& out, const Usage& usage) {
  out.number(usage.prompt_tokens);
  out.number(usage.prompt_cache_hit_tokens);
  out.number(usage.prompt_cache_miss_tokens);
  out.number(usage.cache_write_tokens);
  out.number(usage.completion_tokens);
  out.number(usage.reasoning_tokens);
  out.number(usage.total_tokens);
  out.number(usage.billed.cache_miss);
  out.number(usage.billed.cache_hit);
  out.number(usage.billed.cache_write);
  out.number(usage.billed.output);
  out.text(to_string(usage.source));
  out.text(anomalies_to_text(usage.anomalies));
  out.reported(usage.reported_cost);
  out.text(usage.service_tier);
  out.text(usage.raw);
}

void write_cost(RowWriter& out, const Cost& cost) {
  out.money(cost.total);
  out.flag(cost.is_estimate);
  out.flag(cost.is_lower_bound);
  out.text(cost_lines_to_json(cost));
  out.text(to_string(cost.unpriced_reason));
  out.text(cost.unpriced_message);
  out.money(cost.bounds ? std::optional<Money>(cost.bounds->low) : std::nullopt);
  out.money(cost.bounds ? std::optional<Money>(cost.bounds->high) : std::nullopt);
  out.reported(cost.reported);
  out.money(cost.reported_difference);
  out.text(flags_to_text(cost.flags));
}

void write_price(PostgresParameters& out, const std::optional<PriceReference>& price) {
  const auto add = [&](const std::string PriceReference::*member) {
    out.add(price ? std::optional<std::string>((*price).*member) : std::nullopt);
  };
  add(&PriceReference::entry_id);
  add(&PriceReference::sha256);
  add(&PriceReference::catalog_version);
  add(&PriceReference::model);
  add(&PriceReference::band);
  add(&PriceReference::service_tier);
  RowWriter(out).number(price ? price->context_tier : std::nullopt);
}

/// Reads the columns in their order, and remembers the first that is not what was written.
class RowReader {
 public:
  RowReader(const PGresult* result, int row, int first)
      : result_(result), row_(row), first_(first), at_(first) {}

  std::string text() { return std::string(next().value_or("")); }
  std::optional<std::string> some_text() {
    const auto field = next();
    return field ? std::optional<std::string>(*field) : std::nullopt;
  }
  bool flag() { return next().value_or("f") == "t"; }
  std::int64_t whole() { return some_whole().value_or(0); }
  std::optional<std::int64_t> some_whole() {
    const bool is_there = next().has_value();
    return is_there ? std::optional<std::int64_t>(whole_of(result_, row_, at_ - 1)) : std::nullopt;
  }
  std::optional<Instant> instant() {
    const auto number = some_whole();
    return number ? std::optional<Instant>(instant_of(*number)) : std::nullopt;
  }
  std::optional<Money> money() {
    const auto amount = next();
    const auto currency = next();
    if (!amount || !currency) return std::nullopt;
    const auto digits = Decimal::parse(*amount);
    const auto code = Currency::parse(*currency);
    if (!digits || !code) {
      fail();
      return std::nullopt;
    }
    return Money{*digits, *code};
  }
  std::optional<ReportedCost> reported() {
    const auto value = money();
    std::string written = text();
    const bool rounded = flag();
    if (!value) return std::nullopt;
    return ReportedCost{*value, std::move(written), rounded};
  }
  /// What `read` makes of the text; its default, and a failure, where it makes nothing of it.
  template <class Read>
  auto parsed(Read read) {
    auto value = read(next().value_or(""));
    if (!value) fail();
    return value ? std::move(*value) : std::decay_t<decltype(*value)>{};
  }

  std::optional<Error> error() const {
    if (failed_at_ < 0) return std::nullopt;
    return Error{ErrorKind::ledger, std::string("PostgreSQL: column ") + columns[failed_at_].name +
                                        " of a row cannot be read"};
  }

 private:
  std::optional<std::string_view> next() { return field_of(result_, row_, at_++); }
  void fail() {
    if (failed_at_ < 0) failed_at_ = at_ - 1 - first_;
  }

  const PGresult* result_;
  int row_;
  int first_;
  int at_;
  int failed_at_ = -1;
};

Usage read_usage(RowReader& in) {
  Usage usage;
  usage.prompt_tokens = in.some_whole();
  usage.prompt_cache_hit_tokens = in.some_whole();
  usage.prompt_cache_miss_tokens = in.some_whole();
  usage.cache_write_tokens = in.some_whole();
  usage.completion_tokens = in.some_whole();
  usage.reasoning_tokens = in.some_whole();
  usage.total_tokens = in.some_whole();
  usage.billed.cache_miss = in.some_whole();
  usage.billed.cache_hit = in.some_whole();
  usage.billed.cache_write = in.some_whole();
  usage.billed.output = in.some_whole();
  usage.source = in.parsed(usage_source_from_text);
  usage.anomalies = in.parsed(anomalies_from_text);
  usage.reported_cost = in.reported();
  usage.service_tier = in.text();
  usage.raw = in.text();
  return usage;
}

Cost read_cost(RowReader& in) {
  Cost cost;
  cost.total = in.money();
  cost.is_estimate = in.flag();
  cost.is_lower_bound = in.flag();
  CostLines lines = in.parsed(cost_lines_from_json);
  cost.lines = std::move(lines.lines);
  cost.without_price = std::move(lines.without_price);
  cost.unpriced_reason = in.parsed(unpriced_reason_from_text);
  cost.unpriced_message = in.text();
  const auto low = in.money();
  const auto high = in.money();
  if (low && high) cost.bounds = CostBounds{*low, *high};
  cost.reported = in.reported();
  cost.reported_difference = in.money();
  cost.flags = in.parsed(flags_from_text);
  return cost;
}

std::optional<PriceReference> read_price(RowReader& in) {
  PriceReference price;
  auto entry_id = in.some_text();
  price.sha256 = in.text();
  price.catalog_version = in.text();
  price.model = in.text();
  price.band = in.text();
  price.service_tier = in.text();
  price.context_tier = in.some_whole();
  if (!entry_id) return std::nullopt;
  price.entry_id = std::move(*entry_id);
  return price;
}

}  // namespace

std::int64_t microseconds_of(Instant at) { return at.time_since_epoch().count(); }
Instant instant_of(std::int64_t microseconds) {
  return Instant(std::chrono::microseconds(microseconds));
}

const std::string& row_columns() {
  static const std::string list =
      listed([](const Column& column, int) { return std::string(column.name); });
  return list;
}

const std::string& typed_row_columns() {
  static const std::string list = listed(
      [](const Column& column, int) { return std::string(column.name) + " " + column.type; });
  return list;
}

const std::string& row_placeholders() {
  static const std::string list =
      listed([](const Column&, int number) { return "$" + std::to_string(number); });
  return list;
}

void add_row(PostgresParameters& parameters, const LedgerRow& unclean) {
  const LedgerRow row = clean_row(unclean);
  RowWriter out(parameters);
  out.text(row.attempt_id);
  out.text(row.call_id);
  out.number(row.attempt_number);
  out.number(row.revision);
  out.text(to_string(row.state));
  out.text(row.reason);
  out.text(row.provider);
  out.text(row.host);
  out.text(row.model_requested);
  out.text(row.model_reported);
  out.text(row.service_tier_requested);
  out.flag(row.streamed);
  out.text(labels_to_json(row.labels));
  out.instant(row.started);
  out.instant(row.completed);
  out.instant(row.billed_at);
  out.number(row.first_byte_after ? std::optional<std::int64_t>(row.first_byte_after->count())
                                  : std::nullopt);
  write_usage(out, row.usage);
  write_cost(out, row.cost);
  write_price(parameters, row.price);
  out.money(row.hold);
  out.number(row.http_status);
  out.text(row.finish_reason);
  out.text(row.error);
  out.text(row.request_id);
  out.text(row.response_id);
  out.text(billed_extras_to_json(row.usage));
}

Result<LedgerRow> read_row(const PGresult* result, int row_number, int first) {
  RowReader in(result, row_number, first);
  LedgerRow row;
  row.attempt_id = in.text();
  row.call_id = in.text();
  row.attempt_number = static_cast<int>(in.whole());
  row.revision = static_cast<int>(in.whole());
  row.state = in.parsed(bill_state_from_text);
  row.reason = in.text();
  row.provider = in.text();
  row.host = in.text();
  row.model_requested = in.text();
  row.model_reported = in.text();
  row.service_tier_requested = in.text();
  row.streamed = in.flag();
  row.labels = in.parsed(labels_from_json);
  row.started = in.instant().value_or(Instant{});
  row.completed = in.instant();
  row.billed_at = in.instant();
  if (const auto wait = in.some_whole()) row.first_byte_after = std::chrono::microseconds(*wait);
  row.usage = read_usage(in);
  row.cost = read_cost(in);
  row.price = read_price(in);
  row.hold = in.money();
  row.http_status = static_cast<int>(in.whole());
  row.finish_reason = in.text();
  row.error = in.text();
  row.request_id = in.text();
  row.response_id = in.text();
  BilledExtras extras = in.parsed(billed_extras_from_json);
  row.usage.billed.parts = extras.parts;
  row.usage.units = std::move(extras.units);
  if (auto error = in.error()) return *error;
  return row;
}

}  // namespace TALLY_ABI
}  // namespace tally
