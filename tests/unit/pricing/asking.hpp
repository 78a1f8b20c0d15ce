// SPDX-License-Identifier: MIT
#pragma once

// Asking a catalogue in one line, and its answer as one text.

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tally/pricing.hpp"

namespace asking {

using namespace tally;

inline Instant at(std::string_view text) {
  const auto instant = parse_instant(text);
  REQUIRE(instant);
  return *instant;
}

inline PriceQuery query(std::string_view model, std::string_view when, Currency currency = usd) {
  PriceQuery query;
  query.model = model;
  query.at = at(when);
  query.currency = currency;
  return query;
}

/// `hit/miss/output` per million tokens; `-` is a bucket without a price, `none` no price at all.
inline std::string rates(const PriceCatalog& catalog, const PriceQuery& query) {
  const auto price = catalog.price_at(query);
  if (!price) return "none";
  std::string text;
  for (const Bucket bucket : {Bucket::input_cache_hit, Bucket::input_cache_miss, Bucket::output}) {
    const auto& per_token = (*price->rates)[bucket];
    if (!text.empty()) text += '/';
    text += per_token ? to_string(*checked_multiply(*per_token, 1000000)) : "-";
  }
  return text;
}

inline std::string rates(std::string_view model, std::string_view when, Currency currency = usd) {
  return rates(PriceCatalog::builtin(), query(model, when, currency));
}

}  // namespace asking
