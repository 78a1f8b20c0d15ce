// SPDX-License-Identifier: MIT
#include "tally/estimate.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fake_network.hpp"

namespace {

std::string money(const std::optional<tally::Money>& amount) {
  return amount ? to_string(*amount) : "unknown";
}

tally::ChatRequest small_question() {
  tally::ChatRequest request = fake::question();
  request.max_tokens = 50;
  return request;
}

}  // namespace

TEST_CASE("estimate: the prompt's text, what thinking adds, and three costs, all marked") {
  fake::World world("2026-11-18T04:30:00Z");
  const tally::Estimate estimate = world.open().estimate(small_question());
  // "user" and "Name three rivers.", each with a line end: 19 letters x 0.237, 2 spaces x 0.058, a
  // point of 0.6 and 2 x 0.932 make 7.083; and 128 for thinking.
  CHECK(estimate.prompt.likely == 135);
  // (4.503 + 0.6) x 0.6.
  CHECK(estimate.prompt.low == 3);
  // 102 bytes of JSON and 54 of a stream's, 32 + 8 for the template and 128 for thinking.
  CHECK(estimate.prompt.high == 324);
  CHECK(estimate.most_output == 50);
  CHECK_FALSE(estimate.output_is_assumed);
  // Off-peak: 135 x 0.15 = 20.25 and 135 x 0.003 = 0.405 dollars for a million such calls; at worst
  // 324 x 0.15 + 50 x 0.60 = 48.6 + 30.
  CHECK(money(estimate.cold_cache) == "$0.00002025");
  CHECK(money(estimate.warm_cache) == "$0.000000405");
  CHECK(money(estimate.worst_case) == "$0.0000786");
  CHECK(estimate.unknown.empty());
  CHECK(to_string(estimate) ==
        "~135 in (3 to 324) = ~$0.00002025 (~$0.000000405 from the cache), up to 50 out: at worst "
        "~$0.0000786");
  CHECK(world.network->requests.empty());
}

TEST_CASE("estimate: a dearer band that begins soon is in the worst case alone") {
  fake::World world("2026-11-18T05:30:00Z");
  const tally::Estimate estimate = world.open().estimate(small_question());
  CHECK(money(estimate.cold_cache) == "$0.00002025");
  CHECK(money(estimate.worst_case) == "$0.0001572");
}

TEST_CASE("estimate: thinking that is off adds nothing, and tools add what they were seen to") {
  fake::World world("2026-11-18T04:30:00Z");
  tally::ChatRequest request = small_question();
  request.thinking = tally::Thinking::disabled;
  CHECK(world.open().estimate(request).prompt.likely == 7);
  request.tools = {{"t"}};
  CHECK(world.open().estimate(request).prompt.likely > 407);
}

TEST_CASE("estimate: what has no price or no bound says why, and has no amount") {
  fake::World world;
  tally::ChatRequest request = small_question();
  request.model = "nobody-knows-it";
  const tally::Estimate unpriced = world.open().estimate(request);
  CHECK(money(unpriced.cold_cache) == "unknown");
  CHECK(money(unpriced.worst_case) == "unknown");
  CHECK(unpriced.unknown.find("nobody-knows-it") != std::string::npos);
  CHECK(to_string(unpriced).find("worst case unknown (") != std::string::npos);

  tally::ChatRequest with_picture = small_question();
  with_picture.extra =
      R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]})";
  const tally::Estimate picture = world.open().estimate(with_picture);
  CHECK(money(picture.worst_case) == "unknown");
  CHECK(picture.unknown == "it has a picture, a file or a tool of the server's");
}

TEST_CASE("estimate: a request that cannot be sent says so") {
  fake::World world;
  const tally::Estimate estimate = world.open().estimate(tally::ChatRequest{});
  CHECK_FALSE(estimate.unknown.empty());
  CHECK_FALSE(estimate.worst_case);
}

TEST_CASE("estimate: without max_tokens the model's most is taken, and said to be") {
  fake::World world("2026-11-18T04:30:00Z");
  const tally::Estimate estimate = world.open().estimate(fake::question());
  CHECK(estimate.output_is_assumed);
  CHECK(estimate.most_output >= 8192);
}

TEST_CASE(
    "estimate: its worst case is what a budget holds for a stream, and no less than for chat") {
  fake::World world("2026-11-18T04:30:00Z");
  const tally::Ledger ledger = tally::Ledger::in_memory();
  tally::Budget budget;
  budget.id = "all";
  budget.limit = {*tally::Decimal::parse("1"), tally::usd};
  REQUIRE(ledger.set_budget(budget));
  world.options.ledger = ledger;
  const tally::Client client = world.open();
  tally::ChatRequest bounded = small_question();
  bounded.n = 2;
  for (const tally::ChatRequest& request : {small_question(), fake::question(), bounded}) {
    const std::string worst = money(client.estimate(request).worst_case);
    for (int i = 0; i < 2; ++i) world.network->scripts.push_back(fake::whole_answer());
    (void)client.chat(request);
    (void)client.stream(request).finish();
    const auto rows = ledger.rows();
    REQUIRE(rows);
    std::string chat;
    std::string stream;
    for (const tally::LedgerRow& row : *rows) (row.streamed ? stream : chat) = money(row.hold);
    CHECK(stream == worst);
    CHECK(*tally::Decimal::parse(chat.substr(1)) < *tally::Decimal::parse(worst.substr(1)));
  }
}

TEST_CASE(
    "estimate: where cached input has no price of its own, the warm cost is said to be unknown") {
  fake::World world("2026-11-18T04:30:00Z");
  const auto prices = tally::PriceCatalog::parse(R"({
    "schema": "tally.prices/1", "catalog_version": "t",
    "models": [{"provider": "deepseek", "model": "deepseek-flash", "entries": [{
      "id": "e", "currency": "USD", "from": null, "to": null, "unit": 1000000,
      "rates": {"default": {"input_cache_miss": "1", "output": "2"}},
      "source": {"name": "t", "url": "", "verified_at": "2026-11-15"}}]}]
  })");
  REQUIRE(prices);
  world.options.prices = *prices;
  const tally::Estimate estimate = world.open().estimate(small_question());
  CHECK(estimate.cold_cache);
  CHECK(estimate.worst_case);
  CHECK_FALSE(estimate.warm_cache);
  CHECK(estimate.unknown == "its price has no part for input from the cache");
}
