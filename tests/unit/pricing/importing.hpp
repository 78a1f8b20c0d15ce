// SPDX-License-Identifier: MIT
#pragma once

// Importing a small list, and what became of it as one text.

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "asking.hpp"
#include "tally/import.hpp"

namespace importing {

using namespace tally;
using asking::at;

inline constexpr std::string_view day = "2026-11-21T12:00:00Z";
inline constexpr std::string_view later = "2026-11-22T12:00:00Z";

inline ImportOptions options() {
  ImportOptions options;
  options.imported_at = at(day);
  return options;
}

inline ImportedPrices imported(PriceList list, std::string_view json, const ImportOptions& given) {
  auto result = import_prices(list, json, given);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  return *result;
}
inline ImportedPrices imported(PriceList list, std::string_view json) {
  return imported(list, json, options());
}

inline PriceQuery query(std::string_view provider, std::string_view model,
                        std::int64_t prompt_tokens = 1000, std::string_view tier = "") {
  PriceQuery query;
  query.provider = provider;
  query.model = model;
  query.at = at(later);
  query.prompt_tokens = prompt_tokens;
  query.service_tier = tier;
  return query;
}

/// `input_cache_miss=2.5 output=10`: every price there is, per million tokens.
inline std::string rates(const ImportedPrices& prices, const PriceQuery& query) {
  const auto price = prices.catalog.price_at(query);
  if (!price) return "none";
  std::string text;
  for (int i = 0; i < bucket_count; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    const auto& rate = (*price->rates)[bucket];
    if (!rate) continue;
    if (!text.empty()) text += ' ';
    text.append(to_string(bucket)) += '=' + to_string(*checked_multiply(*rate, 1000000));
  }
  return text;
}

inline std::string lines(const std::vector<RefusedPrice>& refused) {
  std::string text;
  for (const RefusedPrice& one : refused) {
    text.append(one.name).append(": ").append(to_string(one.reason));
    text.append(one.detail.empty() ? "" : ", ").append(one.detail).append("\n");
  }
  return text;
}

/// An entry of LiteLLM for a chat model of OpenAI.
inline std::string litellm(const std::string& name, const std::string& fields) {
  return "{\"" + name + "\": {\"mode\": \"chat\", \"litellm_provider\": \"openai\", " + fields +
         "}}";
}

/// A list of genai-prices with those models of xAI.
inline std::string genai(const std::string& models) {
  return R"([{"id": "x-ai", "models": [)" + models + "]}]";
}

}  // namespace importing
