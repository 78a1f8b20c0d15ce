// SPDX-License-Identifier: MIT

// Prices without a server: of a past day, in two bands, from a catalogue of one's own, and what is
// known about the next change. Needs no key and no network.

#include <iostream>
#include <string_view>
#include <tally/tally.hpp>

namespace {

// A price of one's own, in the format of the built-in catalogue (src/pricing/prices.json).
constexpr const char* our_prices = R"({
  "schema": "tally.prices/1",
  "catalog_version": "our-contract",
  "models": [{
    "provider": "deepseek",
    "model": "deepseek-flash",
    "entries": [{
      "id": "contract-2026-11",
      "currency": "USD",
      "from": "2026-11-01T00:00:00Z",
      "to": null,
      "unit": 1000000,
      "rates": {"default": {
        "input_cache_hit": "0.002", "input_cache_miss": "0.1", "output": "0.4"}},
      "source": {"name": "contract", "url": "", "verified_at": "2026-11-15"}
    }]
  }]
})";

// What a server reported: 100,000 tokens in, 80,000 of them from its cache, and 2,000 out.
tally::Usage example_usage() {
  tally::ReportedUsage reported;
  reported.prompt_tokens = 100'000;
  reported.prompt_cache_hit_tokens = 80'000;
  reported.prompt_cache_miss_tokens = 20'000;
  reported.completion_tokens = 2'000;
  return normalize(reported, tally::provider_named("deepseek"));
}

void print_cost(const tally::PriceCatalog& prices, std::string_view model, std::string_view when) {
  tally::PriceQuery query;
  query.model = model;
  query.at = *tally::parse_instant(when);

  std::cout << model << " at " << when << ": ";
  auto price = prices.price_at(query);
  if (!price) {
    std::cout << "unpriced, " << to_string(price.error().reason) << '\n';
    return;
  }
  std::cout << to_string(cost_of(example_usage(), *price)) << " (" << price->entry->id << ", "
            << price->band << ")\n";
}

void print_models(const tally::PriceCatalog& prices, std::string_view when) {
  std::cout << "\nWhat can be asked for at " << when << ", and until when its price holds:\n";
  for (const auto& model : prices.models(*tally::parse_instant(when))) {
    std::cout << "  " << model.name << ": ";
    if (model.price) std::cout << model.price->entry->id << ", " << model.price->band;
    if (model.next_change) std::cout << ", until " << tally::to_string(*model.next_change);
    std::cout << '\n';
  }
}

}  // namespace

int main() {
  const auto& builtin = tally::PriceCatalog::builtin();

  print_cost(builtin, "deepseek-chat", "2026-04-05T12:00:00Z");   // A past day.
  print_cost(builtin, "deepseek-flash", "2026-11-18T02:00:00Z");  // The same usage at peak,
  print_cost(builtin, "deepseek-flash", "2026-11-18T05:00:00Z");  // off-peak,
  print_cost(builtin, "deepseek-flash", "2026-10-01T02:00:00Z");  // on a public holiday,
  print_cost(builtin, "deepseek-flash", "2026-09-10T02:00:00Z");  // before the name existed.

  // Laid over the built-in prices, it goes before them.
  auto own = builtin.overlaid(our_prices, "our-prices.json");
  if (!own) {
    std::cerr << own.error().message << '\n';  // Names the line and the rule.
    return 1;
  }
  print_cost(*own, "deepseek-flash", "2026-11-18T02:00:00Z");

  print_models(builtin, "2026-11-18T02:00:00Z");
  return 0;
}
