// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "importing.hpp"

using namespace tally;
using namespace importing;

namespace {

std::string refusal(const std::string& fields) {
  return lines(imported(PriceList::litellm, litellm("m", fields)).refused);
}

}  // namespace

TEST_CASE("import: LiteLLM's prices per token become exact prices per million") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1.4e-07, "output_cost_per_token": 0.00000028,
    "cache_read_input_token_cost": 2.8e-9, "cache_creation_input_token_cost": 1.75e-7,
    "cache_creation_input_token_cost_above_1hr": 2.8E-07, "input_cost_per_audio_token": 4e-05,
    "output_cost_per_audio_token": 8e-05, "input_cost_per_image_token": 1e-6,
    "output_cost_per_reasoning_token": 3e-07, "max_output_tokens": 8192)"));
  CHECK(rates(prices, query("openai", "m")) ==
        "input_cache_hit=0.0028 input_cache_miss=0.14 cache_write=0.175 cache_write_1h=0.28 "
        "output=0.28 reasoning=0.3 input_audio=40 output_audio=80 input_image=1");
  CHECK(prices.taken == 1);
  CHECK(lines(prices.refused) == "");
  CHECK(lines(prices.left_out) == "");
  CHECK(prices.catalog.limits_of(query("openai", "m")).max_output == 8192);
}

TEST_CASE("import: each refused entry of LiteLLM tells why") {
  CHECK(refusal(R"("input_cost_per_token": 0.0, "output_cost_per_token": 0)") ==
        "m: zero_price, input_cache_miss\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_token": 0.0)") ==
        "m: zero_price, output\n");
  CHECK(refusal(R"("max_tokens": 5)") == "m: no_price, input_cache_miss\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_second": 1e-3)") ==
        "m: no_price, output\n");
  CHECK(refusal(R"("input_cost_per_token": -1e-6, "output_cost_per_token": 1e-6)") ==
        "m: negative_price, input_cost_per_token: -1e-6\n");
  CHECK(
      refusal(R"("input_cost_per_token": 3.3450000000000004e-7, "output_cost_per_token": 1e-6)") ==
      "m: inexact_price, input_cost_per_token: 3.3450000000000004e-7\n");
  CHECK(refusal(R"("input_cost_per_token": 1.0000001e-6, "output_cost_per_token": 1e-6)") ==
        "m: inexact_price, input_cost_per_token: 1.0000001e-6\n");
  CHECK(refusal(R"("input_cost_per_token": "1e-6", "output_cost_per_token": 1e-6)") ==
        "m: malformed, input_cost_per_token: 1e-6\n");
  CHECK(refusal(R"("input_cost_per_token": 1e300, "output_cost_per_token": 1e-6)") ==
        "m: malformed, input_cost_per_token: 1e300\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
    "tiered_pricing": [{"range": [0, 1000]}])") == "m: unsupported, tiered_pricing\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
    "off_peak_pricing": {"hours_utc": "16-24"})") == "m: unsupported, off_peak_pricing\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
    "cache_read_input_token_cost": 1e-7, "input_cost_per_token_cache_hit": 2e-7)") ==
        "m: contradictory, input_cost_per_token_cache_hit\n");
  CHECK(refusal(R"("input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
    "input_cost_per_token_above_128k_tokens": 2e-6)") ==
        "m: unsupported, no price for output beyond 128000 tokens\n");
}

TEST_CASE("import: only LiteLLM's modes chat and completion are taken") {
  const auto prices = imported(PriceList::litellm, R"({
    "sample_spec": {"mode": "one of: chat, ...", "input_cost_per_token": "text"},
    "a": {"mode": "chat", "litellm_provider": "groq", "input_cost_per_token": 1e-6,
          "output_cost_per_token": 2e-6},
    "b": {"mode": "completion", "litellm_provider": "groq", "input_cost_per_token": 1e-6,
          "output_cost_per_token": 2e-6},
    "c": {"mode": "embedding", "litellm_provider": "groq", "input_cost_per_token": 1e-6},
    "d": {"litellm_provider": "groq", "input_cost_per_token": 1e-6}})");
  CHECK(prices.taken == 2);
  CHECK(lines(prices.refused) ==
        "sample_spec: not_chat, one of: chat, ...\nc: not_chat, embedding\n"
        "d: not_chat, no mode\n");
}

TEST_CASE("import: a pair of zeros is free only under a name that says so") {
  const auto prices = imported(PriceList::litellm, R"({
    "openrouter/x/y:free": {"mode": "chat", "litellm_provider": "openrouter",
      "input_cost_per_token": 0, "output_cost_per_token": 0}})");
  CHECK(rates(prices, query("openrouter", "x/y:free")) == "input_cache_miss=0 output=0");
}

TEST_CASE("import: a 0 beside other prices is left out, so that such tokens make a bill partial") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
    "cache_read_input_token_cost": 0.0)"));
  CHECK(rates(prices, query("openai", "m")) == "input_cache_miss=1 output=2");
  CHECK(lines(prices.left_out) == "m: zero_price, input_cache_hit\n");
}

TEST_CASE("import: the older name of the hit price is read where it stands alone") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
    "input_cost_per_token_cache_hit": 1e-7)"));
  CHECK(rates(prices, query("openai", "m")) == "input_cache_hit=0.1 input_cache_miss=1 output=2");
}

TEST_CASE("import: LiteLLM's thresholds are exclusive, xAI's inclusive") {
  const std::string fields = R"("mode": "chat",
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
    "cache_read_input_token_cost": 1e-7, "input_cost_per_token_above_200k_tokens": 2e-6,
    "output_cost_per_token_above_200k_tokens": 3e-6)";
  const auto prices = imported(PriceList::litellm,
                               R"({"m": {"litellm_provider": "gemini", )" + fields +
                                   R"(}, "xai/m": {"litellm_provider": "xai", )" + fields + "}}");
  const std::string low = "input_cache_hit=0.1 input_cache_miss=1 output=2";
  // The list states no hit price beyond the threshold.
  const std::string high = "input_cache_miss=2 output=3";
  CHECK(rates(prices, query("gemini", "m", 199999)) == low);
  CHECK(rates(prices, query("gemini", "m", 200000)) == low);
  CHECK(rates(prices, query("gemini", "m", 200001)) == high);
  CHECK(rates(prices, query("xai", "m", 199999)) == low);
  CHECK(rates(prices, query("xai", "m", 200000)) == high);
}

TEST_CASE("import: service tiers keep their own prices for long prompts, or are left out") {
  const std::string standard = R"("input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
    "input_cost_per_token_flex": 5e-7, "output_cost_per_token_flex": 1e-6,
    "input_cost_per_token_priority": 2e-6, "output_cost_per_token_priority": 4e-6,
    "input_cost_per_token_batches": 4e-7)";
  const auto flat = imported(PriceList::litellm, litellm("m", standard));
  CHECK(rates(flat, query("openai", "m", 1, "flex")) == "input_cache_miss=0.5 output=1");
  CHECK(rates(flat, query("openai", "m", 1, "priority")) == "input_cache_miss=2 output=4");
  CHECK(lines(flat.left_out) == "m: unsupported, service tier batch: no price for output\n");

  const auto tiered = imported(PriceList::litellm, litellm("m", standard + R"(,
    "input_cost_per_token_above_272k_tokens": 3e-6, "output_cost_per_token_above_272k_tokens": 6e-6,
    "input_cost_per_token_above_272k_tokens_priority": 7e-6,
    "output_cost_per_token_above_272k_tokens_priority": 9e-6)"));
  CHECK(rates(tiered, query("openai", "m", 272001)) == "input_cache_miss=3 output=6");
  CHECK(rates(tiered, query("openai", "m", 272000, "priority")) == "input_cache_miss=2 output=4");
  CHECK(rates(tiered, query("openai", "m", 272001, "priority")) == "input_cache_miss=7 output=9");
  const auto flex = tiered.catalog.price_at(query("openai", "m", 1, "flex"));
  REQUIRE(flex);
  CHECK(flex->service_tier == "");
  CHECK(lines(tiered.left_out) ==
        "m: unsupported, service tier batch: no price for output\n"
        "m: unsupported, service tier flex: no price for prompts beyond 272000 tokens\n");
}

TEST_CASE("import: things that are no tokens are units") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "input_cost_per_request": 0.005,
    "search_context_cost_per_query": {"search_context_size_low": 0.005,
      "search_context_size_high": 0.012}, "output_cost_per_image": 0.04)"));
  const std::string units = R"("units": {"request": {"price": "0.005", "per": 1}, )"
                            R"("search_query_low": {"price": "0.005", "per": 1}, )"
                            R"("search_query_high": {"price": "0.012", "per": 1}})";
  CHECK(prices.json.find(units) != std::string::npos);
  CHECK(lines(prices.left_out) == "m: unsupported, output_cost_per_image\n");
}
