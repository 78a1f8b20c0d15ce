// SPDX-License-Identifier: MIT
// A catalogue laid over the built-in one: refused with a reason, or usable throughout.

#include <string>
#include <string_view>

#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"
#include "tally/pricing.hpp"

namespace {

using tally::Decimal;
using tally::PriceCatalog;

tally::Usage some_usage(std::int64_t tokens) {
  tally::Usage usage;
  usage.prompt_tokens = usage.billed.cache_miss = tokens;
  usage.completion_tokens = usage.billed.output = tokens;
  usage.billed.cache_hit = 0;
  usage.source = tally::UsageSource::provider;
  return usage;
}

void check_cost(const tally::Price& price, std::int64_t tokens) {
  const tally::Cost cost = cost_of(some_usage(tokens), price);
  if (!cost.total) return;
  fuzz::promise(!cost.total->amount.is_negative(), "no amount is negative");
  Decimal lines;
  for (const tally::CostLine& line : cost.lines)
    lines = checked_add(lines, line.amount).value_or(Decimal{});
  fuzz::promise(lines == cost.total->amount, "the lines add up to the total",
                to_string(lines) + " " + to_string(*cost.total));
}

void check_query(const PriceCatalog& catalog, tally::PriceQuery query) {
  for (const std::int64_t tokens : {std::int64_t{0}, std::int64_t{70'000}, INT64_MAX}) {
    query.prompt_tokens = tokens;
    const auto price = catalog.price_at(query);
    if (!price) {
      fuzz::promise(price.error().reason != tally::UnpricedReason::none, "no price has a reason");
      fuzz::promise(!price.error().message.empty(), "and says so");
      continue;
    }
    fuzz::promise(price->entry && price->rates, "a price has its entry and its rates");
    fuzz::promise(!price->entry->from || *price->entry->from <= query.at, "a price is in force");
    fuzz::promise(!price->entry->to || query.at < *price->entry->to, "a price is still in force");
    fuzz::promise(price->entry->currency == query.currency, "nothing is converted");
    (void)to_string(*price);
    check_cost(*price, tokens);
    check_cost(*price, 1'234'567);
  }
  const auto change = catalog.next_change(query);
  fuzz::promise(!change || *change > query.at, "the next change lies ahead");
}

void check_catalog(const PriceCatalog& catalog) {
  fuzz::promise(!catalog.version().empty(), "a catalogue has a version");
  for (const char* when : {"0001-01-01T00:00:00Z", "2025-06-01T17:00:00Z", "2026-10-05T02:00:00Z",
                           "2026-11-18T05:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    const tally::Instant at = *tally::parse_instant(when);
    for (const tally::Currency currency : {tally::usd, tally::cny}) {
      for (const tally::ListedModel& listed : catalog.models(at, currency)) {
        fuzz::promise(!listed.next_change || *listed.next_change > at,
                      "a listed change lies ahead");
        tally::PriceQuery query;
        query.provider = listed.provider;
        query.model = listed.name;
        query.at = at;
        query.currency = currency;
        check_query(catalog, query);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PriceCatalog& below : {PriceCatalog::builtin(), PriceCatalog::none()}) {
    const auto catalog = below.overlaid(text, "fuzz.json");
    if (!catalog) {
      fuzz::promise(catalog.error().kind == tally::ErrorKind::invalid_catalog,
                    "a refusal is invalid_catalog", catalog.error().message);
      fuzz::promise(catalog.error().message.find("fuzz.json") != std::string::npos,
                    "a refusal names the catalogue", catalog.error().message);
      continue;
    }
    check_catalog(*catalog);
    fuzz::promise(catalog->overlaid(text, "fuzz.json").has_value(),
                  "what was taken once is taken again");
  }
  return 0;
}
