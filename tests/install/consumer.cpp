// SPDX-License-Identifier: MIT
// What a program that uses tally needs at compile, link and run time: headers, the built-in prices,
// and libcurl. Prints what the example usage costs: 80,000 * $0.028 / 10^6 + 20,000 * $0.28 / 10^6
// + 2,000 * $0.42 / 10^6 = $0.00868.
#include <iostream>
#include <tally/tally.hpp>

int main() {
  tally::ReportedUsage reported;
  reported.prompt_tokens = 100000;
  reported.prompt_cache_hit_tokens = 80000;
  reported.prompt_cache_miss_tokens = 20000;
  reported.completion_tokens = 2000;
  reported.total_tokens = 102000;

  tally::PriceQuery query;
  query.model = "deepseek-chat";
  query.at = *tally::parse_instant("2026-04-05T12:00:00Z");
  auto price = tally::PriceCatalog::builtin().price_at(query);
  if (!price) {
    std::cerr << price.error().message << '\n';
    return 1;
  }
  auto curl = tally::curl_version();
  if (!curl) {
    std::cerr << curl.error().message << '\n';
    return 1;
  }
  const tally::Usage usage = tally::normalize(reported, tally::provider_named("deepseek"));
  std::cout << tally::to_string(tally::cost_of(usage, *price).total->amount) << '\n';
}
