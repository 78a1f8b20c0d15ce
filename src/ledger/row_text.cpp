// SPDX-License-Identifier: MIT
#include "ledger/row_text.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "ledger/json_object.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool is_clean(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_valid_utf8(text);
}

void clean_in_place(std::string& text) {
  if (!is_clean(text)) text = clean_text(text);
}

/// The enumerator whose `to_string` is `text`; `last` is the last one there is.
template <class Name>
std::optional<Name> find_name(std::string_view text, Name last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Name>(i)) == text) return static_cast<Name>(i);
  }
  return std::nullopt;
}

template <class Name>
std::string join_names(const std::vector<Name>& names) {
  std::string text;
  for (const Name name : names) {
    if (!text.empty()) text += ',';
    text += to_string(name);
  }
  return text;
}

template <class Name>
std::optional<std::vector<Name>> split_names(std::string_view text, Name last) {
  std::vector<Name> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto name = find_name(text.substr(0, comma), last);
    if (!name) return std::nullopt;
    names.push_back(*name);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

std::optional<Decimal> decimal_in(const JsonValue& object, std::string_view name) {
  const std::string_view* text = object.find_string(name);
  if (text == nullptr) return std::nullopt;
  const auto value = Decimal::parse(*text);
  return value ? std::optional<Decimal>(*value) : std::nullopt;
}

bool add_line(const JsonValue& json, CostLines& all) {
  const std::string_view* name = json.find_string("bucket");
  const JsonValue* quantity = json.find("quantity");
  if (name == nullptr || quantity == nullptr) return false;
  const auto bucket = find_name(*name, Bucket::unit);
  const auto count = quantity->as_int();
  if (!bucket || !count) return false;
  const std::string_view* unit = json.find_string("unit");
  if ((unit != nullptr) != (*bucket == Bucket::unit)) return false;
  const std::string unit_name(unit != nullptr ? *unit : std::string_view());
  if (json.find("per_token") == nullptr) {
    all.without_price.push_back({*bucket, *count, unit_name});
    return true;
  }
  const auto per_token = decimal_in(json, "per_token");
  const auto amount = decimal_in(json, "amount");
  if (!per_token || !amount) return false;
  all.lines.push_back({*bucket, *count, *per_token, *amount, unit_name});
  return true;
}

/// `{"bucket":"unit","unit":"search_query","quantity":3`: how both kinds of lines begin.
template <class Line>
JsonObject begun(const Line& line) {
  JsonObject object;
  object.text("bucket", to_string(line.bucket));
  if (line.bucket == Bucket::unit) object.text("unit", clean_text(line.unit));
  return std::move(object.number("quantity", line.quantity));
}

using Parts = BilledTokens::Parts;

struct PartName {
  std::string_view name;
  std::int64_t Parts::*part;
};

constexpr PartName part_names[] = {
    {"audio_miss", &Parts::audio_miss},     {"image_miss", &Parts::image_miss},
    {"audio_hit", &Parts::audio_hit},       {"write_1h", &Parts::write_1h},
    {"audio_output", &Parts::audio_output}, {"image_output", &Parts::image_output},
};

bool read_units(const JsonValue& json, std::vector<BilledUnit>& units) {
  if (!json.is_object()) return false;
  for (const JsonValue& unit : json.children()) {
    const auto count = unit.as_int();
    if (!count && !unit.is_null()) return false;
    units.push_back({std::string(unit.key), count});
  }
  return true;
}

bool read_part(const JsonValue& json, BilledExtras& extras) {
  if (json.key == "units") return read_units(json, extras.units);
  const auto count = json.as_int();
  for (const PartName& name : part_names) {
    if (name.name != json.key || !count) continue;
    extras.parts.*name.part = *count;
    return true;
  }
  return false;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean = replace_invalid_utf8(text);
  clean.erase(std::remove(clean.begin(), clean.end(), '\0'), clean.end());
  return clean;
}

Labels clean_labels(const Labels& labels) {
  Labels clean;
  for (const auto& [key, value] : labels) clean.emplace(clean_text(key), clean_text(value));
  return clean;
}

LedgerRow clean_row(LedgerRow row) {
  for (std::string* text : {&row.attempt_id, &row.call_id, &row.reason, &row.provider, &row.host,
                            &row.model_requested, &row.model_reported, &row.service_tier_requested,
                            &row.usage.service_tier, &row.usage.raw, &row.cost.unpriced_message,
                            &row.finish_reason, &row.error, &row.request_id, &row.response_id}) {
    clean_in_place(*text);
  }
  for (auto* reported : {&row.usage.reported_cost, &row.cost.reported}) {
    if (*reported) clean_in_place((*reported)->text);
  }
  if (row.price) {
    for (std::string* text : {&row.price->entry_id, &row.price->sha256, &row.price->catalog_version,
                              &row.price->model, &row.price->band, &row.price->service_tier}) {
      clean_in_place(*text);
    }
  }
  const bool labels_are_clean = std::all_of(
      row.labels.begin(), row.labels.end(),
      [](const auto& label) { return is_clean(label.first) && is_clean(label.second); });
  if (!labels_are_clean) row.labels = clean_labels(row.labels);
  return row;
}

std::string labels_to_json(const Labels& labels) {
  JsonObject object;
  for (const auto& [key, value] : clean_labels(labels)) object.text(key, value);
  return object.take();
}

std::optional<Labels> labels_from_json(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->root().is_object()) return std::nullopt;
  Labels labels;
  for (const JsonValue& member : parsed->root().children()) {
    const std::string_view* value = member.as_string();
    if (value == nullptr) return std::nullopt;
    labels.emplace(member.key, *value);
  }
  return labels;
}

std::string cost_lines_to_json(const Cost& cost) {
  std::string json = "[";
  const auto append = [&](JsonObject object) {
    if (json.size() > 1) json += ',';
    json += object.take();
  };
  for (const CostLine& line : cost.lines) {
    append(std::move(begun(line)
                         .text("per_token", to_string(line.per_token))
                         .text("amount", to_string(line.amount))));
  }
  for (const UnpricedQuantity& left : cost.without_price) {
    append(begun(left));
  }
  return json + "]";
}

std::optional<CostLines> cost_lines_from_json(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->root().is_array()) return std::nullopt;
  CostLines all;
  for (const JsonValue& line : parsed->root().children()) {
    if (!add_line(line, all)) return std::nullopt;
  }
  return all;
}

std::string billed_extras_to_json(const Usage& usage) {
  JsonObject object;
  bool is_empty = true;
  for (const PartName& name : part_names) {
    const std::int64_t count = usage.billed.parts.*name.part;
    if (count == 0) continue;
    object.number(name.name, count);
    is_empty = false;
  }
  if (usage.units.empty()) return is_empty ? std::string() : object.take();
  JsonObject units;
  for (const BilledUnit& unit : usage.units) {
    units.json(clean_text(unit.name), unit.count ? std::to_string(*unit.count) : "null");
  }
  return object.json("units", units.take()).take();
}

std::optional<BilledExtras> billed_extras_from_json(std::string_view json) {
  BilledExtras extras;
  if (json.empty()) return extras;
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->root().is_object()) return std::nullopt;
  for (const JsonValue& part : parsed->root().children()) {
    if (!read_part(part, extras)) return std::nullopt;
  }
  return extras;
}

std::string anomalies_to_text(const std::vector<Anomaly>& anomalies) {
  return join_names(anomalies);
}
std::optional<std::vector<Anomaly>> anomalies_from_text(std::string_view text) {
  return split_names(text, Anomaly::cached_kind_unknown);
}
std::string flags_to_text(const std::vector<CostFlag>& flags) { return join_names(flags); }
std::optional<std::vector<CostFlag>> flags_from_text(std::string_view text) {
  return split_names(text, CostFlag::unexplained_total);
}

std::optional<BillState> bill_state_from_text(std::string_view text) {
  return find_name(text, BillState::not_billed);
}
std::optional<UsageSource> usage_source_from_text(std::string_view text) {
  return find_name(text, UsageSource::mixed);
}
std::optional<UnpricedReason> unpriced_reason_from_text(std::string_view text) {
  return find_name(text, UnpricedReason::mixed_currencies);
}

}  // namespace TALLY_ABI
}  // namespace tally
