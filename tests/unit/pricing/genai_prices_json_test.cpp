// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "importing.hpp"

using namespace tally;
using namespace importing;

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
