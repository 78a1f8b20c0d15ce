// SPDX-License-Identifier: MIT
#include "tally/import.hpp"

#include <doctest/doctest.h>

#include <string>

#include "importing.hpp"
#include "wire/usage_json.hpp"

using namespace tally;
using namespace importing;

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

TEST_CASE("import: a name that two entries claim is given to none") {
  const auto model = [](const std::string& id) {
    return R"({"id": ")" + id + R"(", "match": {"or": [{"equals": ")" + id +
           R"("}, {"equals": "latest"}]}, "prices": {"input_mtok": 1, "output_mtok": 3}})";
  };
  // Two names of one provider: the list itself would not see it.
  const auto prices =
      imported(PriceList::genai_prices, R"([{"id": "x-ai", "models": [)" + model("a") +
                                            R"(]}, {"id": "xai", "models": [)" + model("b") +
                                            R"(, {"id": "latest", "match": {"equals": "latest"},
        "prices": {"input_mtok": 1, "output_mtok": 3}}]}])");
  CHECK(lines(prices.refused) ==
        "xai/latest: contradictory, an earlier rule names latest\n"
        "x-ai/a: contradictory, several entries for xai:latest\n"
        "xai/b: contradictory, several entries for xai:latest\n");
}

TEST_CASE("import: an inexact price beside exact ones is left out") {
  const auto prices = imported(PriceList::models_dev, R"({"openrouter": {"models": {"m": {
    "cost": {"input": 0.3, "output": 2.5, "cache_write": 0.08333333333333334}}}}})");
  CHECK(rates(prices, query("openrouter", "m")) == "input_cache_miss=0.3 output=2.5");
  CHECK(lines(prices.left_out) ==
        "openrouter/m: inexact_price, cache_write: 0.08333333333333334\n");
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

TEST_CASE("import: a mode of models.dev is a service tier where it is asked for as one") {
  const auto prices = imported(PriceList::models_dev, R"({"openai": {"models": {"m": {
    "cost": {"input": 2, "output": 8}, "experimental": {"modes": {
      "fast": {"cost": {"input": 4, "output": 16},
               "provider": {"body": {"service_tier": "priority"}}},
      "deep": {"cost": {"input": 9, "output": 9}, "provider": {"body": {"effort": "max"}}}}}}}}})");
  CHECK(rates(prices, query("openai", "m")) == "input_cache_miss=2 output=8");
  CHECK(rates(prices, query("openai", "m", 1, "priority")) == "input_cache_miss=4 output=16");
  CHECK(lines(prices.left_out) == "openai/m: unsupported, mode deep\n");
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

TEST_CASE("import: what a list prices beside text is billed, from the usage to the last digit") {
  const auto bill = [](const ImportedPrices& prices, std::string_view provider,
                       std::string_view model, std::string_view usage) {
    const auto json = parse_json(usage);
    REQUIRE(json);
    const auto price = prices.catalog.price_at(query(provider, model));
    REQUIRE(price);
    return to_string(
        cost_of(normalize(read_usage(json->root(), usage), provider_named(provider)), *price));
  };
  // As LiteLLM has gpt-audio-mini, and as OpenAI counted an answer of it.
  const auto audio = imported(PriceList::litellm, litellm("gpt-audio-mini", R"(
      "input_cost_per_audio_token": 1e-05, "input_cost_per_token": 6e-07,
      "output_cost_per_audio_token": 2e-05, "output_cost_per_token": 2.4e-06)"));
  // 16 x 0.6 + 37 x 10 + 123 x 2.4 = 9.6 + 370 + 295.2 millionths.
  CHECK(bill(audio, "openai", "gpt-audio-mini", R"({"prompt_tokens": 53, "completion_tokens": 123,
      "total_tokens": 176, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 37},
      "completion_tokens_details": {"audio_tokens": 0}})") == "$0.0006748");
  // 53 x 0.6 + 23 x 2.4 + 100 x 20 = 31.8 + 55.2 + 2000 millionths.
  CHECK(bill(audio, "openai", "gpt-audio-mini", R"({"prompt_tokens": 53, "completion_tokens": 123,
      "completion_tokens_details": {"audio_tokens": 100}})") == "$0.002087");

  const auto gemini = imported(PriceList::genai_prices, genai(R"({"id": "g",
      "match": {"equals": "g"}, "prices": {"input_mtok": 0.3, "cache_read_mtok": 0.03,
      "output_mtok": 2.5, "input_audio_mtok": 1, "cache_audio_read_mtok": 0.1,
      "output_image_mtok": 30, "requests_kcount": 12}})"));
  CHECK(gemini.left_out.empty());
  // Text: 20 x 0.03 + 30 x 0.3; audio: 10 x 0.1 + 40 x 1; 5 x 2.5 and 50 x 30 out; that is 0.6 + 9
  // + 1 + 40 + 12.5 + 1500 millionths, and 0.012 for the request.
  CHECK(bill(gemini, "xai", "g", R"({"prompt_tokens": 100, "completion_tokens": 55,
      "total_tokens": 155, "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 50,
      "cached_tokens_details": {"audio_tokens": 10}},
      "completion_tokens_details": {"image_tokens": 50}})") == "$0.0135631");
}
