// SPDX-License-Identifier: MIT
#include "ledger/row_cells.hpp"

#include <utility>

#include "ledger/json_object.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Kind = RowCell::Kind;

class RowCells {
 public:
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return absent(name);
    add(name, Kind::text, std::string(value));
  }
  void number(std::string_view name, std::optional<std::int64_t> value) {
    if (!value) return absent(name);
    add(name, Kind::number, std::to_string(*value));
  }
  void boolean(std::string_view name, bool value) {
    add(name, Kind::boolean, value ? "true" : "false");
  }
  void json(std::string_view name, std::string value) {
    if (value.empty()) return absent(name);
    add(name, Kind::json, std::move(value));
  }
  void instant(std::string_view name, std::optional<Instant> value) {
    text(name, value ? to_string(*value) : std::string());
  }
  void amount(std::string_view name, const std::optional<Money>& value) {
    if (!value) return absent(name);
    add(name, Kind::amount, to_string(value->amount));
  }
  void currency(std::string_view name, const std::optional<Money>& value) {
    text(name, value ? value->currency.view() : std::string_view());
  }

  std::vector<RowCell> take() && { return std::move(cells_); }

 private:
  void absent(std::string_view name) { add(name, Kind::absent, {}); }
  void add(std::string_view name, Kind kind, std::string value) {
    cells_.push_back({name, kind, std::move(value)});
  }

  std::vector<RowCell> cells_;
};

void add_identity(RowCells& cells, const LedgerRow& row) {
  cells.text("attempt_id", row.attempt_id);
  cells.text("call_id", row.call_id);
  cells.number("attempt_number", row.attempt_number);
  cells.number("revision", row.revision);
  cells.text("state", to_string(row.state));
  cells.boolean("estimated", row.cost.is_estimate);
  cells.text("reason", row.reason);
  cells.text("provider", row.provider);
  cells.text("host", row.host);
  cells.text("model_requested", row.model_requested);
  cells.text("model_reported", row.model_reported);
  cells.text("service_tier_requested", row.service_tier_requested);
  cells.text("service_tier", row.usage.service_tier);
  cells.boolean("streamed", row.streamed);
  cells.json("labels", labels_to_json(row.labels));
  cells.instant("started", row.started);
  cells.instant("completed", row.completed);
  cells.instant("billed_at", row.billed_at);
  const auto first_byte = row.first_byte_after;
  cells.number("first_byte_after_us",
               first_byte ? std::optional<std::int64_t>(first_byte->count()) : std::nullopt);
}

void add_usage(RowCells& cells, const Usage& usage) {
  cells.number("prompt_tokens", usage.prompt_tokens);
  cells.number("prompt_cache_hit_tokens", usage.prompt_cache_hit_tokens);
  cells.number("prompt_cache_miss_tokens", usage.prompt_cache_miss_tokens);
  cells.number("cache_write_tokens", usage.cache_write_tokens);
  cells.number("completion_tokens", usage.completion_tokens);
  cells.number("reasoning_tokens", usage.reasoning_tokens);
  cells.number("total_tokens", usage.total_tokens);
  cells.number("billed_cache_miss", usage.billed.cache_miss);
  cells.number("billed_cache_hit", usage.billed.cache_hit);
  cells.number("billed_cache_write", usage.billed.cache_write);
  cells.number("billed_output", usage.billed.output);
  cells.text("usage_source", to_string(usage.source));
  cells.text("anomalies", anomalies_to_text(usage.anomalies));
  cells.text("usage_raw", usage.raw);
}

void add_cost(RowCells& cells, const LedgerRow& row) {
  const Cost& cost = row.cost;
  const auto low = cost.bounds ? std::optional<Money>(cost.bounds->low) : std::nullopt;
  const auto high = cost.bounds ? std::optional<Money>(cost.bounds->high) : std::nullopt;
  cells.currency("currency", cost.total ? cost.total : high);
  cells.amount("cost", cost.total);
  cells.amount("cost_low", low);
  cells.amount("cost_high", high);
  cells.boolean("cost_is_lower_bound", cost.is_lower_bound);
  cells.json("cost_lines", cost_lines_to_json(cost));
  cells.text("cost_flags", flags_to_text(cost.flags));
  const bool is_unpriced = cost.unpriced_reason != UnpricedReason::none;
  cells.text("unpriced_reason", is_unpriced ? to_string(cost.unpriced_reason) : std::string_view());
  cells.text("unpriced_message", cost.unpriced_message);

  const auto& reported = cost.reported ? cost.reported : row.usage.reported_cost;
  const auto stated = reported ? std::optional<Money>(reported->money) : std::nullopt;
  cells.currency("reported_currency", stated);
  cells.amount("reported_cost", stated);
  cells.text("reported_text", reported ? std::string_view(reported->text) : std::string_view());
  cells.amount("reported_difference", cost.reported_difference);
  cells.currency("hold_currency", row.hold);
  cells.amount("hold", row.hold);

  const PriceReference price = row.price.value_or(PriceReference{});
  cells.text("price_entry", price.entry_id);
  cells.text("price_sha256", price.sha256);
  cells.text("catalog_version", price.catalog_version);
  cells.text("price_model", price.model);
  cells.text("price_band", price.band);
  cells.text("price_service_tier", price.service_tier);
  cells.number("price_context_tier", price.context_tier);
}

void add_answer(RowCells& cells, const LedgerRow& row) {
  const bool answered = row.http_status != 0;
  cells.number("http_status",
               answered ? std::optional<std::int64_t>(row.http_status) : std::nullopt);
  cells.text("finish_reason", row.finish_reason);
  cells.text("error", row.error);
  cells.text("request_id", row.request_id);
  cells.text("response_id", row.response_id);
  // Last, so that readers of a column by its number find what they always found.
  cells.json("billed_extras", billed_extras_to_json(row.usage));
}

}  // namespace

std::vector<RowCell> row_cells(const LedgerRow& row) {
  RowCells cells;
  add_identity(cells, row);
  add_usage(cells, row.usage);
  add_cost(cells, row);
  add_answer(cells, row);
  return std::move(cells).take();
}

std::string row_to_json(const LedgerRow& row) {
  JsonObject object;
  for (const RowCell& cell : row_cells(row)) {
    switch (cell.kind) {
      case Kind::absent:
        break;
      case Kind::text:
      case Kind::amount:
        object.text(cell.name, cell.value);
        break;
      case Kind::number:
      case Kind::boolean:
      case Kind::json:
        object.json(cell.name, cell.value);
        break;
    }
  }
  return object.take();
}

}  // namespace TALLY_ABI
}  // namespace tally
