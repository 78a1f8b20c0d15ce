// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <map>

#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

struct RateField {
  std::string_view name;
  Bucket bucket;
};

constexpr RateField rate_fields[] = {
    {"input_cost_per_token", Bucket::input_cache_miss},
    {"output_cost_per_token", Bucket::output},
    {"output_cost_per_reasoning_token", Bucket::reasoning},
    {"cache_read_input_token_cost", Bucket::input_cache_hit},
    {"cache_creation_input_token_cost", Bucket::cache_write},
    {"cache_creation_input_token_cost_above_1hr", Bucket::cache_write_1h},
    {"input_cost_per_audio_token", Bucket::input_audio},
    {"output_cost_per_audio_token", Bucket::output_audio},
    {"input_cost_per_image_token", Bucket::input_image},
    {"output_cost_per_image_token", Bucket::output_image},
    {"cache_read_input_audio_token_cost", Bucket::input_audio_cache_hit},
};

constexpr std::string_view old_hit_field = "input_cost_per_token_cache_hit";
constexpr std::string_view search_field = "search_context_cost_per_query";

struct UnitField {
  std::string_view name;
  std::string_view unit;
};

constexpr UnitField unit_fields[] = {
    {"input_cost_per_request", "request"},
    {"code_interpreter_cost_per_session", "code_interpreter_session"},
    {"citation_cost_per_token", "citation_token"},
};

bool remove_end(std::string_view& text, std::string_view end) {
  if (text.size() < end.size() || text.substr(text.size() - end.size()) != end) return false;
  text.remove_suffix(end.size());
  return true;
}

/// `input_cost_per_token_above_272k_tokens_priority`, taken apart.
struct FieldName {
  std::string_view base;
  std::int64_t above = 0;
  std::string_view service;
};

FieldName parsed(std::string_view name) {
  FieldName field;
  field.base = name;
  if (remove_end(field.base, "_priority")) field.service = "priority";
  if (remove_end(field.base, "_flex")) field.service = "flex";
  if (remove_end(field.base, "_batches")) field.service = "batch";
  std::string_view before = field.base;
  if (!remove_end(before, "k_tokens")) return field;
  const std::size_t mark = before.rfind("_above_");
  if (mark == before.npos) return field;
  const std::string_view digits = before.substr(mark + 7);
  // Five digits cannot overflow, and no context has 100 million tokens.
  if (digits.empty() || digits.size() > 5) return field;
  std::int64_t thousands = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return field;
    thousands = thousands * 10 + (digit - '0');
  }
  if (thousands == 0) return field;
  field.base = before.substr(0, mark);
  field.above = thousands * 1000;
  return field;
}

/// By service tier (empty: standard), then by threshold (0: none).
using Tables = std::map<std::string_view, std::map<std::int64_t, Rates>>;

/// A bucket without a price of its own beyond the threshold gets none: Gemini's reasoning has one
/// below only, and costs as much as other output there too.
std::vector<ListedTier> tiers_of(const std::map<std::int64_t, Rates>& tables, bool holds_at) {
  std::vector<ListedTier> tiers;
  for (auto table = tables.upper_bound(0); table != tables.end(); ++table) {
    tiers.push_back({table->first, holds_at, table->second});
  }
  return tiers;
}

void read_search(CardReader& reader, ListedPrices& prices, const JsonValue& sizes) {
  const JsonChildren members = sizes.children();
  const bool is_one_price =
      !members.empty() && std::all_of(members.begin(), members.end(), [&](const JsonValue& price) {
        return price.text == members.front().text;
      });
  if (is_one_price) {
    reader.read_unit(prices, "search_query", members.front(), 1, search_field);
    return;
  }
  constexpr std::string_view start = "search_context_size_";
  for (const JsonValue& price : members) {
    std::string_view size = price.key;
    if (size.substr(0, start.size()) == start) size.remove_prefix(start.size());
    reader.read_unit(prices, "search_query_" + std::string(size), price, 1, search_field);
  }
}

bool is_zero_number(const JsonValue& value) {
  const auto number = Decimal::parse_rounded(value.text);
  return value.type == JsonType::number && number && number->is_zero();
}

/// Fields that may change a bill and for which a catalogue has no word.
bool is_other_price(std::string_view name) {
  return name.find("cost") != name.npos || name.find("multiplier") != name.npos ||
         name == "provider_specific_entry";
}

void read_field(CardReader& reader, ListedPrices& prices, Tables& tables, const JsonValue& value) {
  const FieldName field = parsed(value.key);
  const auto rate = std::find_if(std::begin(rate_fields), std::end(rate_fields),
                                 [&](const RateField& rate) { return rate.name == field.base; });
  if (rate != std::end(rate_fields)) {
    Rates& table = tables[field.service][field.above];
    return reader.read_rate(table, rate->bucket, value, 1, value.key);
  }
  const auto unit = std::find_if(std::begin(unit_fields), std::end(unit_fields),
                                 [&](const UnitField& unit) { return unit.name == value.key; });
  if (unit != std::end(unit_fields)) {
    return reader.read_unit(prices, unit->unit, value, 1, value.key);
  }
  if (value.key == search_field && value.is_object()) return read_search(reader, prices, value);
  if (value.key == old_hit_field || is_zero_number(value)) return;
  if (is_other_price(value.key)) {
    reader.leave_out(ImportRefusal::unsupported, std::string(value.key));
  }
}

/// The older name of the hit price: still there alone in some entries, beside the newer in others.
void read_old_hit(CardReader& reader, Rates& rates, const JsonValue& entry) {
  const JsonValue* old = entry.find(old_hit_field);
  if (!old) return;
  Rates apart;
  reader.read_rate(apart, Bucket::input_cache_hit, *old, 1, old_hit_field);
  const auto& found = apart[Bucket::input_cache_hit];
  const auto& known = rates[Bucket::input_cache_hit];
  if (found && known && *found != *known) {
    reader.refuse(ImportRefusal::contradictory, std::string(old_hit_field));
  }
  if (!known) rates.per_token[static_cast<std::size_t>(Bucket::input_cache_hit)] = found;
}

/// Rules of this list that no entry of a catalogue can say for certain.
void refuse_other_rules(CardReader& reader, const JsonValue& entry) {
  if (entry.find("tiered_pricing")) {
    // It says neither to which range an edge belongs nor whether a tier bills the whole prompt.
    reader.refuse(ImportRefusal::unsupported, "tiered_pricing");
  }
  if (entry.find("off_peak_pricing")) {
    reader.refuse(ImportRefusal::unsupported, "off_peak_pricing");
  }
}

void read_entry(const JsonValue& entry, PriceListing& listing) {
  CardReader reader(listing, std::string(entry.key));
  const std::string_view* mode = entry.find_string("mode");
  if (!mode || (*mode != "chat" && *mode != "completion")) {
    reader.refuse(ImportRefusal::not_chat, std::string(mode ? *mode : "no mode"));
    return reader.finish();
  }
  const std::string_view* provider = entry.find_string("litellm_provider");
  if (provider) {
    reader.card.provider = provider_of_list(*provider);
    std::string_view model = entry.key;
    // Names are given as `provider/name`, without the provider, or as both.
    if (model.substr(0, provider->size() + 1) == std::string(*provider) + "/") {
      model.remove_prefix(provider->size() + 1);
    }
    reader.card.model = model;
  }
  reader.card.max_output = positive_member(entry, "max_output_tokens");
  if (const std::string_view* day = entry.find_string("deprecation_date")) {
    reader.card.note = "deprecated from " + std::string(*day);
  }
  refuse_other_rules(reader, entry);

  ListedPrices prices;
  Tables tables;
  for (const JsonValue& field : entry.children()) read_field(reader, prices, tables, field);
  prices.rates = tables[""][0];
  read_old_hit(reader, prices.rates, entry);
  // xAI says that a prompt of exactly the threshold is a long one, the others that it is not.
  const bool holds_at = reader.card.provider == "xai";
  prices.tiers = tiers_of(tables[""], holds_at);
  for (const auto& [service, table] : tables) {
    if (service.empty()) continue;
    const auto base = table.find(0);
    prices.service_tiers.push_back({std::string(service),
                                    base == table.end() ? Rates{} : base->second,
                                    tiers_of(table, holds_at)});
  }
  reader.card.prices.push_back(std::move(prices));
  reader.finish();
}

}  // namespace

bool read_litellm(const JsonValue& root, PriceListing& listing) {
  if (!root.is_object()) return false;
  for (const JsonValue& entry : root.children()) {
    if (!entry.is_object()) return false;
    read_entry(entry, listing);
  }
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
