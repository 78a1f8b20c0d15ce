// SPDX-License-Identifier: MIT
#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t per_million = 1000000;

struct RateField {
  std::string_view name;
  Bucket bucket;
};

constexpr RateField rate_fields[] = {
    {"input", Bucket::input_cache_miss},    {"output", Bucket::output},
    {"reasoning", Bucket::reasoning},       {"cache_read", Bucket::input_cache_hit},
    {"cache_write", Bucket::cache_write},   {"input_audio", Bucket::input_audio},
    {"output_audio", Bucket::output_audio},
};

bool is_scalar(const JsonValue& value) { return !value.is_object() && !value.is_array(); }

Rates read_rates(CardReader& reader, const JsonValue& cost) {
  Rates rates;
  for (const JsonValue& price : cost.children()) {
    const auto field =
        std::find_if(std::begin(rate_fields), std::end(rate_fields),
                     [&](const RateField& field) { return field.name == price.key; });
    if (field != std::end(rate_fields)) {
      reader.read_rate(rates, field->bucket, price, per_million, price.key);
    } else if (is_scalar(price)) {
      reader.leave_out(ImportRefusal::unsupported, std::string(price.key));
    }
  }
  return rates;
}

void read_tier(CardReader& reader, ListedPrices& prices, const JsonValue& tier) {
  const JsonValue* bound = tier.find("tier");
  const std::string_view* type = bound ? bound->find_string("type") : nullptr;
  const auto size = bound ? positive_member(*bound, "size") : std::nullopt;
  if (!size || (type && *type != "context")) {
    return reader.refuse(ImportRefusal::unsupported, "a tier that is not of the context's size");
  }
  // Nothing is inherited: the list does not say what a price that is not here would be.
  prices.tiers.push_back({*size, reader.card.provider == "xai", read_rates(reader, tier)});
}

void read_tiers(CardReader& reader, ListedPrices& prices, const JsonValue& cost) {
  if (const JsonValue* tiers = cost.find("tiers")) {
    for (const JsonValue& tier : tiers->children()) read_tier(reader, prices, tier);
  } else if (const JsonValue* above = cost.find("context_over_200k")) {
    prices.tiers.push_back({200000, reader.card.provider == "xai", read_rates(reader, *above)});
  }
  std::sort(prices.tiers.begin(), prices.tiers.end(),
            [](const ListedTier& a, const ListedTier& b) { return a.threshold < b.threshold; });
  const auto same = std::adjacent_find(
      prices.tiers.begin(), prices.tiers.end(),
      [](const ListedTier& a, const ListedTier& b) { return a.threshold == b.threshold; });
  if (same != prices.tiers.end()) {
    reader.refuse(ImportRefusal::contradictory, "two tiers of one size");
  }
}

bool has_tier(const ListedPrices& prices, std::string_view name) {
  return std::any_of(prices.service_tiers.begin(), prices.service_tiers.end(),
                     [name](const ListedServiceTier& tier) { return tier.name == name; });
}

/// The value at the end of those names; null where one of them leads nowhere.
const JsonValue* find_in(const JsonValue* value, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (value) value = value->find(name);
  }
  return value;
}

/// A mode is a service tier where it is asked for as one.
void read_modes(CardReader& reader, ListedPrices& prices, const JsonValue& model) {
  const JsonValue* modes = find_in(&model, {"experimental", "modes"});
  if (!modes) return;
  for (const JsonValue& mode : modes->children()) {
    const JsonValue* cost = mode.find("cost");
    const JsonValue* tier = find_in(&mode, {"provider", "body", "service_tier"});
    if (!cost || !tier || tier->type != JsonType::string || has_tier(prices, tier->text)) {
      reader.leave_out(ImportRefusal::unsupported, "mode " + std::string(mode.key));
    } else {
      prices.service_tiers.push_back({std::string(tier->text), read_rates(reader, *cost), {}});
    }
  }
}

void read_model(const JsonValue& model, std::string_view provider, PriceListing& listing) {
  CardReader reader(listing, std::string(provider) + '/' + std::string(model.key));
  reader.card.provider = provider_of_list(provider);
  reader.card.model = model.key;
  if (const JsonValue* limit = model.find("limit")) {
    reader.card.context = positive_member(*limit, "context");
    reader.card.max_output = positive_member(*limit, "output");
  }
  if (const std::string_view* status = model.find_string("status")) reader.card.note = *status;
  if (const JsonValue* cost = model.find("cost"); cost && cost->is_object()) {
    ListedPrices prices;
    prices.rates = read_rates(reader, *cost);
    read_tiers(reader, prices, *cost);
    read_modes(reader, prices, model);
    reader.card.prices.push_back(std::move(prices));
  }
  reader.finish();
}

}  // namespace

bool read_models_dev(const JsonValue& root, PriceListing& listing) {
  if (!root.is_object()) return false;
  for (const JsonValue& provider : root.children()) {
    const JsonValue* models = provider.find("models");
    if (!models || !models->is_object()) return false;
    for (const JsonValue& model : models->children()) read_model(model, provider.key, listing);
  }
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
