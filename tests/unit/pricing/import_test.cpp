// SPDX-License-Identifier: MIT
#include "tally/import.hpp"

#include <doctest/doctest.h>

#include <string>

#include "asking.hpp"

using namespace tally;
using asking::at;

namespace {

constexpr std::string_view day = "2026-11-21T12:00:00Z";
constexpr std::string_view later = "2026-11-22T12:00:00Z";

ImportOptions options() {
  ImportOptions options;
  options.imported_at = at(day);
  return options;
}

ImportedPrices imported(PriceList list, std::string_view json, const ImportOptions& given) {
  auto result = import_prices(list, json, given);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  return *result;
}
ImportedPrices imported(PriceList list, std::string_view json) {
  return imported(list, json, options());
}

PriceQuery query(std::string_view provider, std::string_view model,
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
std::string rates(const ImportedPrices& prices, const PriceQuery& query) {
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

std::string lines(const std::vector<RefusedPrice>& refused) {
  std::string text;
  for (const RefusedPrice& one : refused) {
    text.append(one.name).append(": ").append(to_string(one.reason));
    text.append(one.detail.empty() ? "" : ", ").append(one.detail).append("\n");
  }
  return text;
}

/// An entry of LiteLLM for a chat model of OpenAI.
std::string litellm(const std::string& name, const std::string& fields) {
  return "{\"" + name + "\": {\"mode\": \"chat\", \"litellm_provider\": \"openai\", " + fields +
         "}}";
}

std::string refusal(const std::string& fields) {
  return lines(imported(PriceList::litellm, litellm("m", fields)).refused);
}

std::string genai(const std::string& models) {
  return R"([{"id": "x-ai", "models": [)" + models + "]}]";
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

TEST_CASE("import: the text that is given back is the catalogue") {
  const auto prices = imported(PriceList::litellm, litellm(R"(m \"x\")", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6)"));
  const auto again = PriceCatalog::parse(prices.json);
  REQUIRE(again);
  CHECK(difference(prices.catalog, *again, at(later)).empty());
  CHECK(again->price_at(query("openai", "m \"x\"")));
}

TEST_CASE("import: every entry names its source, and is stale until somebody confirms it") {
  const std::string text =
      litellm("m", R"("input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6)");
  auto given = options();
  given.source = {"LiteLLM at 8c1d2f0", "https://example.com/list.json", ""};
  const auto price =
      imported(PriceList::litellm, text, given).catalog.price_at(query("openai", "m"));
  REQUIRE(price);
  CHECK(price->entry->source.name == "import: LiteLLM at 8c1d2f0");
  CHECK(price->entry->source.url == "https://example.com/list.json");
  CHECK(price->entry->source.verified_at == "");
  CHECK(price->entry->catalog_version == "LiteLLM at 8c1d2f0");
  CHECK(price->flags.front() == PriceFlag::stale);

  given.source = {"", "", "2026-11-20"};
  const auto confirmed =
      imported(PriceList::litellm, text, given).catalog.price_at(query("openai", "m"));
  REQUIRE(confirmed);
  CHECK(confirmed->entry->source.name == "import: LiteLLM at 2026-11-21");
  CHECK(confirmed->entry->source.verified_at == "2026-11-20");
}

TEST_CASE("import: a price without a date begins at the import") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6)"));
  auto before = query("openai", "m");
  before.at = at("2026-11-21T11:59:59Z");
  CHECK(rates(prices, before) == "none");
  before.at = at(day);
  CHECK(rates(prices, before) == "input_cache_miss=1 output=2");
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

TEST_CASE("import: one model under several names is taken once, or not at all if they differ") {
  const std::string price = R"("mode": "chat", "litellm_provider": "groq", "output_cost_per_token":
    2e-6, "input_cost_per_token": )";
  const auto prices = imported(PriceList::litellm, "{\"a\": {" + price + "1e-6}, \"groq/a\": {" +
                                                       price + "0.000001}, \"b\": {" + price +
                                                       "1e-6}, \"groq/b\": {" + price + "3e-6}}");
  CHECK(prices.taken == 1);
  CHECK(rates(prices, query("groq", "a")) == "input_cache_miss=1 output=2");
  CHECK(rates(prices, query("groq", "b")) == "none");
  CHECK(lines(prices.refused) ==
        "groq/a: duplicate, groq:a\nb: contradictory, several entries for groq:b\n"
        "groq/b: contradictory, several entries for groq:b\n");
}

TEST_CASE("import: lists' names of providers are read as tally's ids") {
  const auto prices = imported(PriceList::litellm, R"({
    "together_ai/t": {"mode": "chat", "litellm_provider": "together_ai",
      "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "dashscope/q": {"mode": "chat", "litellm_provider": "dashscope",
      "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "novel/n": {"mode": "chat", "litellm_provider": "novel",
      "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "deepseek/d": {"mode": "chat", "litellm_provider": "deepseek",
      "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}})");
  CHECK(rates(prices, query("together", "t")) != "none");
  CHECK(rates(prices, query("alibaba", "q")) != "none");
  CHECK(rates(prices, query("novel", "n")) != "none");
  // No list has DeepSeek's dates and hours.
  CHECK(lines(prices.refused) == "deepseek/d: excluded_provider, deepseek\n");
}

TEST_CASE("import: genai-prices' names are those that its rules spell out") {
  const auto prices = imported(PriceList::genai_prices, genai(R"(
    {"id": "grok-a", "match": {"or": [{"equals": "grok-a"}, {"equals": "grok-a-latest"},
      {"starts_with": "grok-a-2"}]}, "prices": {"input_mtok": 2, "output_mtok": 8}},
    {"id": "grok-b", "match": {"starts_with": "grok-b"},
      "prices": {"input_mtok": 1, "output_mtok": 3}},
    {"id": "grok-b-mini", "match": {"equals": "grok-b-mini"},
      "prices": {"input_mtok": 0.1, "output_mtok": 0.3}},
    {"id": "made up", "match": {"contains": "grok-c"},
      "prices": {"input_mtok": 1, "output_mtok": 3}})"));
  CHECK(rates(prices, query("xai", "grok-a")) == "input_cache_miss=2 output=8");
  CHECK(rates(prices, query("xai", "grok-a-latest")) == "input_cache_miss=2 output=8");
  CHECK(rates(prices, query("xai", "grok-a-2026")) == "none");
  CHECK(rates(prices, query("xai", "grok-b")) == "input_cache_miss=1 output=3");
  CHECK(lines(prices.refused) ==
        "x-ai/grok-b-mini: contradictory, an earlier rule names grok-b-mini\n"
        "x-ai/made up: unsupported, names by patterns only\n");
  CHECK(lines(prices.left_out) ==
        "x-ai/grok-a: unsupported, names by a pattern: starts_with grok-a-2\n"
        "x-ai/grok-b: unsupported, names by a pattern: starts_with grok-b\n");
}

TEST_CASE("import: genai-prices' tiers begin behind the number that they name") {
  const auto prices = imported(PriceList::genai_prices, genai(R"({"id": "m",
    "match": {"equals": "m"}, "prices": {
      "input_mtok": {"base": 2, "tiers": [{"start": 199999, "price": 4}]},
      "output_mtok": {"base": 8, "tiers": [{"start": 99999, "price": 9},
                                           {"start": 199999, "price": 16}]},
      "cache_read_mtok": 0.5, "requests_kcount": 3, "output_video_mtok": 1}})"));
  CHECK(rates(prices, query("xai", "m", 99999)) ==
        "input_cache_hit=0.5 input_cache_miss=2 output=8");
  CHECK(rates(prices, query("xai", "m", 100000)) ==
        "input_cache_hit=0.5 input_cache_miss=2 output=9");
  CHECK(rates(prices, query("xai", "m", 199999)) ==
        "input_cache_hit=0.5 input_cache_miss=2 output=9");
  CHECK(rates(prices, query("xai", "m", 200000)) ==
        "input_cache_hit=0.5 input_cache_miss=4 output=16");
  CHECK(prices.json.find(R"("units": {"request": {"price": "3", "per": 1000}})") !=
        std::string::npos);
  CHECK(lines(prices.left_out) == "x-ai/m: unsupported, output_video_mtok\n");
}

TEST_CASE("import: genai-prices' start dates are intervals, and what lies ahead is announced") {
  const auto prices = imported(PriceList::genai_prices, genai(R"({"id": "m",
    "match": {"equals": "m"}, "prices": [
      {"prices": {"input_mtok": 10, "output_mtok": 40}},
      {"constraint": {"start_date": "2025-06-10"}, "prices": {"input_mtok": 2, "output_mtok": 8}},
      {"constraint": {"start_date": "2027-01-01"},
       "prices": {"input_mtok": 3, "output_mtok": 9}}]})"));
  auto asked = query("xai", "m");
  CHECK(rates(prices, asked) == "input_cache_miss=2 output=8");
  asked.at = at("2025-06-09T23:59:59Z");
  CHECK(rates(prices, asked) == "input_cache_miss=10 output=40");
  asked.at = at("2025-06-10T00:00:00Z");
  CHECK(rates(prices, asked) == "input_cache_miss=2 output=8");
  asked.at = at("2027-01-02T00:00:00Z");
  CHECK(rates(prices, asked) == "input_cache_miss=2 output=8");
}

TEST_CASE("import: genai-prices' other conditions and forms are refused") {
  const auto refusal = [](const std::string& prices) {
    return lines(
        imported(PriceList::genai_prices,
                 genai(R"({"id": "m", "match": {"equals": "m"}, "prices": )" + prices + "}"))
            .refused);
  };
  const std::string price = R"("prices": {"input_mtok": 1, "output_mtok": 2}})";
  CHECK(refusal("[{" + price + R"(, {"constraint": {"start_time": "00:30:00Z",
    "end_time": "16:30:00Z"}, )" +
                price + "]") == "x-ai/m: unsupported, a price for some hours of the day\n");
  CHECK(refusal(R"([{"constraint": {"start_date": "2025-01-01"}, )" + price + "]") ==
        "x-ai/m: unsupported, the order of its conditions\n");
  CHECK(refusal("[{" + price + R"(, {"constraint": {"start_date": "June"}, )" + price + "]") ==
        "x-ai/m: malformed, start_date: June\n");
  CHECK(refusal(R"({"input_mtok": {"base": 1}, "output_mtok": 2})") ==
        "x-ai/m: malformed, input_mtok\n");
  CHECK(refusal("{}") == "x-ai/m: no_price, input_cache_miss\n");
  CHECK(refusal("[]") == "x-ai/m: no_price\n");
}

TEST_CASE("import: models.dev is read with its tiers and limits") {
  const auto prices = imported(PriceList::models_dev, R"({"togetherai": {"models": {
    "m": {"id": "m", "status": "deprecated", "limit": {"context": 1000, "output": 100},
      "cost": {"input": 1.25, "output": 2.5, "reasoning": 3, "cache_read": 0.2,
        "cache_write": 1.5, "input_audio": 4, "output_audio": 5, "request": 0.1,
        "tiers": [{"tier": {"type": "context", "size": 200000}, "input": 2.5, "output": 5}]}},
    "z": {"id": "z", "cost": {"input": 0, "output": 0}},
    "w": {"id": "w", "cost": {"input": 1, "output": 2,
      "tiers": [{"tier": {"type": "week", "size": 2}, "input": 1, "output": 2}]}},
    "n": {"id": "n"}}}})");
  CHECK(rates(prices, query("together", "m", 200000)) ==
        "input_cache_hit=0.2 input_cache_miss=1.25 cache_write=1.5 output=2.5 reasoning=3 "
        "input_audio=4 output_audio=5");
  CHECK(rates(prices, query("together", "m", 200001)) == "input_cache_miss=2.5 output=5");
  CHECK(prices.catalog.limits_of(query("together", "m")).context == 1000);
  CHECK(prices.catalog.limits_of(query("together", "m")).max_output == 100);
  CHECK(prices.json.find(R"("note": "deprecated")") != std::string::npos);
  CHECK(lines(prices.left_out) == "togetherai/m: unsupported, request\n");
  CHECK(lines(prices.refused) ==
        "togetherai/z: zero_price, input_cache_miss\n"
        "togetherai/w: unsupported, a tier that is not of the context's size\n"
        "togetherai/n: no_price\n");
}

TEST_CASE("import: llm-prices is history by days") {
  const auto prices = imported(PriceList::llm_prices, R"({"vendor": "openai", "models": [
    {"id": "m", "name": "M", "price_history": [
      {"input": 0.27, "input_cached": 0.07, "output": 1.1, "from_date": "2025-02-08",
       "to_date": null},
      {"input": 0.14, "input_cached": null, "output": 0.28, "from_date": null,
       "to_date": "2025-02-08"}]},
    {"id": "m-272k", "name": "M >272k", "price_history": [
      {"input": 1, "output": 1, "from_date": null, "to_date": null}]},
    {"id": "o", "name": "O", "price_history": [
      {"input": 1, "output": 1, "from_date": null, "to_date": "2025-02-09"},
      {"input": 2, "output": 2, "from_date": "2025-02-08", "to_date": null}]},
    {"id": "e", "name": "E", "price_history": [
      {"input": 1, "output": 1, "from_date": "2025-02-08", "to_date": "2025-02-08"}]},
    {"id": "d", "name": "D", "price_history": [
      {"input": 1, "output": 1, "from_date": "2025-02-30", "to_date": null}]}]})");
  auto asked = query("openai", "m");
  CHECK(rates(prices, asked) == "input_cache_hit=0.07 input_cache_miss=0.27 output=1.1");
  asked.at = at("2025-02-07T23:59:59Z");
  CHECK(rates(prices, asked) == "input_cache_miss=0.14 output=0.28");
  CHECK(lines(prices.refused) ==
        "openai/m-272k: unsupported, for some lengths of the prompt only: M >272k\n"
        "openai/d: malformed, from_date: 2025-02-30\n"
        "openai/e: contradictory, ends before it begins\n"
        "openai/o: contradictory, two prices at one time\n");
}

TEST_CASE(
    "import: a change of more than twice against the catalogue in use needs the caller's word") {
  const auto in_use = PriceCatalog::parse(R"({"schema": "tally.prices/1", "catalog_version": "t",
    "models": [{"provider": "openai", "model": "m", "entries": [{"id": "e", "currency": "USD",
      "rates": {"default": {"input_cache_miss": "1", "output": "2"}}}]}]})");
  REQUIRE(in_use);
  auto given = options();
  given.in_use = *in_use;
  const auto refused = [&](const std::string& output) {
    return lines(
        imported(
            PriceList::litellm,
            litellm("m", R"("input_cost_per_token": 1e-6, "output_cost_per_token": )" + output),
            given)
            .refused);
  };
  CHECK(refused("4e-6") == "");
  CHECK(refused("1e-6") == "");
  CHECK(refused("4.1e-6") ==
        "m: large_change, changed openai m output: $2 -> $4.1 per 1M tokens (x 2.05)\n");
  CHECK(refused("9e-7") ==
        "m: large_change, changed openai m output: $2 -> $0.9 per 1M tokens (x 0.45)\n");
  given.allow_large_changes = true;
  CHECK(refused("4.1e-6") == "");
}

TEST_CASE("import: what is no such list is an error") {
  const auto error = [](PriceList list, std::string_view json) {
    const auto result = import_prices(list, json);
    return result ? "none" : result.error().message;
  };
  const std::string others = ": its members are others";
  CHECK(error(PriceList::litellm, "[]") == "not a list of LiteLLM" + others);
  CHECK(error(PriceList::litellm, R"({"a": 1})") == "not a list of LiteLLM" + others);
  CHECK(error(PriceList::genai_prices, R"([{"id": "x"}])") ==
        "not a list of genai-prices" + others);
  CHECK(error(PriceList::models_dev, R"({"x": {}})") == "not a list of models.dev" + others);
  CHECK(error(PriceList::llm_prices, R"({"vendor": "x"})") == "not a list of llm-prices" + others);
  CHECK(error(PriceList::litellm, "{").find("not valid JSON at line 1") != std::string::npos);
  CHECK(error(PriceList::litellm, "{}") == "none");
}

TEST_CASE("import: an imported catalogue lies below the one in use") {
  const auto prices = imported(PriceList::litellm, litellm("m", R"(
    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6)"));
  const PriceCatalog both = PriceCatalog::builtin().over(prices.catalog);
  CHECK(both.price_at(query("openai", "m")));
  CHECK(both.price_at(query("deepseek", "deepseek-flash")));
  CHECK(both.version() == PriceCatalog::builtin().version() + "+LiteLLM at 2026-11-21");
}

TEST_CASE("import: a list that is cut off or changed anywhere is refused or read, never worse") {
  const std::string text = genai(R"({"id": "m", "match": {"or": [{"equals": "m"}]}, "prices": [
    {"prices": {"input_mtok": {"base": 2, "tiers": [{"start": 9, "price": 4}]}, "output_mtok": 8}},
    {"constraint": {"start_date": "2025-06-10"}, "prices": {"input_mtok": 2, "output_mtok": 8}}]})");
  const PriceList lists[] = {PriceList::litellm, PriceList::genai_prices, PriceList::models_dev,
                             PriceList::llm_prices};
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'0', '"', '}', ']', '{', '[', ',', '-'}) {
      std::string changed = text;
      changed[i] = c;
      for (const PriceList list : lists) {
        const auto result = import_prices(list, changed, options());
        if (result) CHECK(PriceCatalog::parse(result->json));
      }
    }
    CHECK(!import_prices(PriceList::genai_prices, text.substr(0, i), options()));
  }
}
