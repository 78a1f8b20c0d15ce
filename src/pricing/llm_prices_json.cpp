// SPDX-License-Identifier: MIT
#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t per_million = 1000000;

/// A day of the list begins at 00:00 UTC: it says no hour and no zone.
std::optional<Instant> read_day(CardReader& reader, const JsonValue& row, std::string_view name) {
  const JsonValue* day = row.find(name);
  if (!day || day->is_null()) return std::nullopt;
  const auto instant = parse_instant(std::string(day->text) + "T00:00:00Z");
  if (day->type == JsonType::string && instant) return *instant;
  reader.refuse(ImportRefusal::malformed,
                std::string(name) + ": " + std::string(day->text.substr(0, 60)));
  return std::nullopt;
}

void read_row(CardReader& reader, const JsonValue& row) {
  ListedPrices prices;
  prices.from = read_day(reader, row, "from_date");
  prices.to = read_day(reader, row, "to_date");
  const auto read = [&](std::string_view field, Bucket bucket) {
    const JsonValue* price = row.find(field);
    if (price) reader.read_rate(prices.rates, bucket, *price, per_million, field);
  };
  read("input", Bucket::input_cache_miss);
  read("input_cached", Bucket::input_cache_hit);
  read("output", Bucket::output);
  reader.card.prices.push_back(std::move(prices));
}

void read_model(const JsonValue& model, std::string_view vendor, PriceListing& listing) {
  const std::string_view* id = model.find_string("id");
  CardReader reader(listing, std::string(vendor) + '/' + std::string(id ? *id : ""));
  reader.card.provider = provider_of_list(vendor);
  reader.card.model = id ? *id : "";
  // `gpt-5.4-272k` is no model, but the long prompts of `gpt-5.4`; only the names for people tell.
  const std::string_view* name = model.find_string("name");
  constexpr std::string_view at_most = "\xE2\x89\xA4";
  for (const std::string_view sign : {std::string_view(">"), at_most}) {
    if (name && name->find(sign) != std::string::npos) {
      reader.refuse(ImportRefusal::unsupported,
                    "for some lengths of the prompt only: " + std::string(*name));
    }
  }
  if (const JsonValue* history = model.find("price_history")) {
    for (const JsonValue& row : history->children()) read_row(reader, row);
  }
  reader.finish();
}

}  // namespace

bool read_llm_prices(const JsonValue& root, PriceListing& listing) {
  const std::string_view* vendor = root.find_string("vendor");
  const JsonValue* models = root.find("models");
  if (!vendor || !models || !models->is_array()) return false;
  for (const JsonValue& model : models->children()) read_model(model, *vendor, listing);
  return true;
}

}  // namespace TALLY_ABI
}  // namespace tally
