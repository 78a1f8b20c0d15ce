// SPDX-License-Identifier: MIT
#include "client/worst_case.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {

// 100 bytes, one message, and DeepSeek's allowance since 2026-07-31 (32 + 8, and 128 for thinking).
tally::RequestBound small_request() {
  tally::RequestBound bound;
  bound.text_bytes = 100;
  bound.messages = 1;
  bound.max_output = 1000;
  return bound;
}

tally::WorstCase at(std::string_view when, std::chrono::minutes lasts,
                    const tally::RequestBound& bound = small_request(),
                    std::string_view model = "deepseek-flash") {
  tally::PriceQuery query;
  query.model = model;
  query.at = *tally::parse_instant(when);
  return worst_case(tally::PriceCatalog::builtin(), query, query.at + lasts, bound, 10);
}

std::string high(const tally::WorstCase& worst) {
  return worst.high ? to_string(*worst.high) : "unknown";
}

constexpr const char* tiered = R"({
  "schema": "tally.prices/1", "catalog_version": "t",
  "models": [{"provider": "p", "model": "m", "entries": [{
    "id": "e", "currency": "USD", "from": null, "to": null, "unit": 1000000,
    "rates": {"default": {"input_cache_miss": "1", "cache_write": "1.25", "output": "2"}},
    "source": {"name": "t", "url": "", "verified_at": "2026-11-15"}}]}]
})";

}  // namespace

TEST_CASE("worst case: all tokens missed, all output written, at the price in force") {
  // Off-peak until 06:00: 268 * 0.15 + 1000 * 0.60 = 40.2 + 600, for a million calls.
  const tally::WorstCase worst = at("2026-11-18T04:30:00Z", 60min);
  CHECK(high(worst) == "$0.0006402");
  CHECK(worst.prompt_tokens == 268);
  CHECK(worst.output_tokens == 1000);
  // 10 * 0.003, for a million calls.
  REQUIRE(worst.low);
  CHECK(to_string(*worst.low) == "$0.00000003");
  REQUIRE(worst.price);
  CHECK(worst.price->band == "offpeak");
}

TEST_CASE("worst case: a dearer band that begins before the call must have ended counts") {
  // 268 * 0.30 + 1000 * 1.20 = 80.4 + 1200.
  CHECK(high(at("2026-11-18T05:30:00Z", 60min)) == "$0.0012804");
  CHECK(high(at("2026-11-18T05:00:00Z", 60min)) == "$0.0012804");  // At the edge.
  CHECK(high(at("2026-11-18T05:30:00Z", 29min)) == "$0.0006402");
  CHECK(high(at("2026-11-18T09:59:00Z", 60min)) == "$0.0012804");  // Peak ends; it had begun in it.
}

TEST_CASE("worst case: choices multiply the output, not the prompt") {
  tally::RequestBound bound = small_request();
  bound.choices = 3;
  CHECK(high(at("2026-11-18T04:30:00Z", 1min, bound)) == "$0.0018402");  // 40.2 + 3 * 600.
}

TEST_CASE("worst case: without any bound of the output one is assumed, and said to be") {
  tally::RequestBound bound = small_request();
  bound.max_output.reset();
  const tally::WorstCase worst = at("2026-11-18T04:30:00Z", 1min, bound);
  CHECK(worst.output_is_assumed);
  CHECK(worst.output_tokens >= 8192);
  CHECK(worst.high);
}

TEST_CASE(
    "worst case: the write into the cache counts where it is dearer, and no hit price is no 0") {
  const auto prices = tally::PriceCatalog::parse(tiered);
  REQUIRE(prices);
  tally::PriceQuery query;
  query.provider = "p";
  query.model = "m";
  query.at = *tally::parse_instant("2026-11-18T04:30:00Z");
  const tally::WorstCase worst = worst_case(*prices, query, query.at, small_request(), 10);
  // No allowance in that catalogue: 100 * 1.25 + 1000 * 2 = 125 + 2000.
  CHECK(high(worst) == "$0.002125");
}

TEST_CASE("worst case: what has no price or no bound has no worst case, and the reason is named") {
  const tally::WorstCase unknown = at("2026-11-18T04:30:00Z", 1min, small_request(), "nobodys");
  CHECK_FALSE(unknown.high);
  CHECK(unknown.unknown.find("no price is known for model 'nobodys'") == 0);
  tally::RequestBound bound = small_request();
  bound.images = 1;
  CHECK(at("2026-11-18T04:30:00Z", 1min, bound).unknown ==
        "it has a picture, a file or a tool of the server's");
  bound = small_request();
  bound.unbounded = "extra.plugins";
  CHECK(at("2026-11-18T04:30:00Z", 1min, bound).unknown == "extra.plugins has no bound");
  bound = small_request();
  bound.choices = std::int64_t{1} << 62;
  CHECK_FALSE(at("2026-11-18T04:30:00Z", 1min, bound).high);
}
