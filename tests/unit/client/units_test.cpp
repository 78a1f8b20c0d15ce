// SPDX-License-Identifier: MIT
#include "client/units.hpp"

#include <doctest/doctest.h>

#include <string>

#include "client/worst_case.hpp"
#include "fake_network.hpp"

namespace {

using tally::PriceEntry;
using tally::RequestBound;
using tally::UnitPrice;
using tally::Usage;

tally::Decimal decimal(std::string_view text) { return *tally::Decimal::parse(text); }

std::string units_of(const Usage& usage) {
  std::string text;
  for (const tally::BilledUnit& unit : usage.units) {
    text += unit.name + ' ' + (unit.count ? std::to_string(*unit.count) : "?") + ' ';
  }
  return text;
}

std::string asked(const RequestBound& bound, std::string_view model = "m", Usage usage = {}) {
  add_asked_units(usage, bound, model);
  return units_of(usage);
}

std::string highest(const PriceEntry& entry, const RequestBound& bound,
                    std::string_view model = "m") {
  const auto fee = highest_fee(entry, bound, model);
  return fee ? to_string(*fee) : fee.error();
}

/// Rates of 1 and 2 dollars per million tokens, and those units.
tally::PriceCatalog priced(const std::string& units) {
  const auto prices = tally::PriceCatalog::parse(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
        {"provider": "deepseek", "model": "m", "entries": [
        {"id": "e", "currency": "USD", "kind": "list", "rates": {"default": {
          "input_cache_hit": "0.1", "input_cache_miss": "1", "cache_write": "1.25",
          "cache_write_1h": "2", "output": "2", "output_image": "30"}},
         "units": {)" +
      units + R"(}, "source": {"name": "t", "verified_at": "2026-04-01"}}]}]})");
  REQUIRE_MESSAGE(prices, prices.error().message);
  return *prices;
}

constexpr const char* per_request = R"("request": {"price": "12", "per": 1000})";
constexpr const char* per_search = R"("search_query": {"price": "10", "per": 1000})";

/// The bill of a streamed call whose server counts `usage`.
tally::Receipt bill_of(const fake::World& world, const tally::ChatRequest& request,
                       const std::string& usage) {
  world.network->scripts.push_back(
      {fake::connect(), fake::head(200, "content-type: text/event-stream\n"),
       fake::body(fake::text_chunk("a")), fake::body(fake::chunk("{}", R"("stop")", usage)),
       fake::body("data: [DONE]\n\n"), fake::end()});
  return world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; }).receipt;
}

}  // namespace

TEST_CASE("units: what a request asks for is in its bill, counted or not") {
  RequestBound bound;
  CHECK(asked(bound).empty());
  bound.images = 2;
  bound.files = 1;
  bound.server_tool_types = {"deepseek_web_search", "web_search_20250305", "file_search",
                             "code_interpreter",    "deepseek_read_url",   "haruspex"};
  CHECK(asked(bound) ==
        "image 2 page ? search_query ? storage_search ? code_interpreter_session ? fetch ? "
        "haruspex ? ");
}

TEST_CASE("units: what the usage counts is not asked for again") {
  RequestBound bound;
  bound.server_tool_types = {"web_search"};
  Usage usage;
  usage.units = {{"search_query_low", 1}};
  CHECK(asked(bound, "m", usage) == "search_query_low 1 ");
  usage.units = {{"search_source", 0}};
  CHECK(asked(bound, "m", usage) == "search_source 0 ");
}

TEST_CASE("units: some models search unasked") {
  for (const char* model : {"sonar", "perplexity/sonar-pro", "gpt-4o-search-preview",
                            "gpt-5-search", "openai/gpt-4o:online"}) {
    CHECK_MESSAGE(asked(RequestBound(), model) == "search_query ? ", model);
  }
  for (const char* model : {"r1-1776", "deep-research", "researcher", "m:onlinet"}) {
    CHECK_MESSAGE(asked(RequestBound(), model).empty(), model);
  }
}

TEST_CASE("units: at most, a request costs its price, its pictures, and the dearest search") {
  PriceEntry entry;
  entry.units = {{"request", decimal("0.012")}, {"image", decimal("0.001")}};
  RequestBound bound;
  bound.images = 3;
  CHECK(to_string(*fee_of_attempt(entry, bound)) == "0.015");
  CHECK(highest(entry, bound) == "0.015");
  entry.units = {{"search_query_low", decimal("0.005")},
                 {"search_query_high", decimal("0.012")},
                 {"search_query_medium", decimal("0.008")}};
  CHECK(highest(entry, bound, "sonar") == "0.012");
  CHECK(to_string(*fee_of_attempt(entry, bound)) == "0");
  CHECK(highest(entry, bound) == "0");  // A model that searches only where it is asked to.
  CHECK(highest(entry, bound, "sonar-deep-research") ==
        "nothing bounds how often its price has a part for: search_query_low");
  bound.server_tools = 1;
  CHECK(highest(entry, bound).find("nothing bounds") == 0);
}

TEST_CASE("units: what has a price and no bound has no worst case") {
  PriceEntry entry;
  entry.units = {{"page", decimal("0.001")}};
  RequestBound bound;
  CHECK(highest(entry, bound) == "0");
  bound.files = 1;
  CHECK(highest(entry, bound).find("nothing bounds") == 0);
  entry.units = {{"toll", decimal("1")}};
  CHECK(highest(entry, RequestBound()).find("toll") != std::string::npos);
  entry.units.clear();
  CHECK(highest(entry, RequestBound(), "sonar") == "its searches have no price");
}

TEST_CASE("worst case: the request's own price is in both of its ends, and what draws is dearest") {
  RequestBound bound;
  bound.text_bytes = 100;
  bound.max_output = 50;
  tally::PriceQuery query;
  query.model = "m";
  query.at = *tally::parse_instant("2026-04-05T12:00:00Z");
  const auto ends = [&](const std::string& units) {
    const auto worst = worst_case(priced(units), query, query.at, bound, 10);
    return (worst.low ? to_string(*worst.low) : "?") + " " +
           (worst.high ? to_string(*worst.high) : worst.unknown);
  };
  // 10 x 0.1, and 100 x 1.25 + 50 x 30 = 1625 millionths; with 0.012 for the request.
  CHECK(ends(per_request) == "$0.012001 $0.013625");
  bound.may_write_1h = true;  // 100 x 2
  CHECK(ends(per_request) == "$0.012001 $0.0137");
  CHECK(ends(per_search) == "$0.000001 $0.0017");
  query.model = "m";
  bound.server_tools = 1;  // No allowance knows what it adds to the prompt.
  CHECK(ends(per_search) == "? it has a picture, a file or a tool of the server's");
}

TEST_CASE("estimate: a request that has a price of its own costs it with a cold and a warm cache") {
  fake::World world;
  world.options.prices = priced(per_request);
  tally::ChatRequest request = fake::question();
  request.model = "m";
  request.max_tokens = 50;
  const tally::Estimate estimate = world.open().estimate(request);
  CHECK(estimate.prompt.likely == 7);
  CHECK(to_string(*estimate.cold_cache) == "$0.012007");
  CHECK(to_string(*estimate.warm_cache) == "$0.0120007");
}

TEST_CASE("bill: a tool of the server's that nobody counted makes it partial; a count settles it") {
  fake::World world;
  world.options.prices = priced(per_search);
  tally::ChatRequest request = fake::question();
  request.model = "m";
  request.server_tools = {{"web_search"}};
  const auto bill = [&](const std::string& more) {
    const std::string usage =
        R"({"prompt_tokens":20,"completion_tokens":10,"total_tokens":30)" + more + "}";
    return bill_of(world, request, usage);
  };
  const tally::Receipt partial = bill("");
  CHECK(partial.state == tally::BillState::partial);
  CHECK(to_string(partial.cost) == ">=$0.00004");  // 20 x 1 + 10 x 2 millionths
  CHECK(explain(partial).find("  search_query: not counted\n") != std::string::npos);
  const tally::Receipt settled = bill(R"(,"server_tool_use":{"web_search_requests":3})");
  CHECK(settled.state == tally::BillState::settled);
  CHECK(to_string(settled.cost) == "$0.03004");
  CHECK(explain(settled).find("  search_query: 3 x $0.01 = $0.03\n") != std::string::npos);
  request.server_tools.clear();
  CHECK(to_string(bill("").cost) == "$0.00004");
}

TEST_CASE("bill: audio that was sent and nowhere counted makes it partial; a count settles it") {
  fake::World world;
  const auto prices = tally::PriceCatalog::parse(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
        {"provider": "deepseek", "model": "m", "entries": [
        {"id": "e", "currency": "USD", "kind": "list", "rates": {"default": {
          "input_cache_miss": "0.3", "input_audio": "1", "output": "2.5"}},
         "source": {"name": "t", "verified_at": "2026-04-01"}}]}]})");
  REQUIRE_MESSAGE(prices, prices.error().message);
  world.options.prices = *prices;
  tally::ChatRequest request = fake::question();
  request.model = "m";
  request.messages.back().parts = {tally::audio("UklG", "wav")};
  const auto bill = [&](const std::string& more) {
    const std::string usage =
        R"({"prompt_tokens":1932,"completion_tokens":72,"total_tokens":2004)" + more + "}";
    return bill_of(world, request, usage);
  };
  const tally::Receipt partial = bill("");
  CHECK(partial.state == tally::BillState::partial);
  CHECK(to_string(partial.cost) == ">=$0.0007596");  // 1932 x 0.3 + 72 x 2.5 millionths
  CHECK(partial.usage.anomalies == std::vector{tally::Anomaly::other_modality});
  const tally::Receipt settled = bill(R"(,"prompt_tokens_details":{"audio_tokens":1920})");
  CHECK(settled.state == tally::BillState::settled);
  CHECK(to_string(settled.cost) == "$0.0021036");  // 12 x 0.3 + 1920 x 1 + 72 x 2.5 millionths
  request.messages.back().parts.clear();
  CHECK(bill("").state == tally::BillState::settled);
}

TEST_CASE(
    "bill: what was to be kept for an hour is billed so, but for what the server tells apart") {
  fake::World world;
  const auto prices = tally::PriceCatalog::parse(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
        {"provider": "deepseek", "model": "m", "entries": [
        {"id": "e", "currency": "USD", "kind": "list", "rates": {"default": {
          "input_cache_hit": "0.3", "input_cache_miss": "3", "cache_write": "3.75",
          "cache_write_1h": "6", "output": "15"}},
         "source": {"name": "t", "verified_at": "2026-04-01"}}]}]})");
  REQUIRE_MESSAGE(prices, prices.error().message);
  world.options.prices = *prices;
  tally::ChatRequest request = fake::question();
  request.model = "m";
  const auto bill = [&](const std::string& ttl, const std::string& more) {
    request.extra = R"({"cache_control":{"type":"ephemeral","ttl":")" + ttl + R"("}})";
    const std::string usage = R"({"prompt_tokens":2572,"completion_tokens":63,"total_tokens":2635,)"
                              R"("cache_creation_input_tokens":2569)" +
                              more + "}";
    world.network->scripts.push_back(
        {fake::connect(), fake::head(200, "content-type: text/event-stream\n"),
         fake::body(fake::text_chunk("a")), fake::body(fake::chunk("{}", R"("stop")", usage)),
         fake::body("data: [DONE]\n\n"), fake::end()});
    const auto result =
        world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; });
    CHECK(result.receipt.state == tally::BillState::settled);
    return to_string(result.receipt.cost);
  };
  // In millionths: 3 x 3 + 2569 x 6 + 63 x 15, and with 2569 x 3.75.
  CHECK(bill("1h", "") == "$0.016368");
  CHECK(bill("5m", "") == "$0.01058775");
  CHECK(bill("1h", R"(,"cache_creation":null)") == "$0.016368");
  CHECK(bill("1h", R"(,"cache_creation":{"ephemeral_5m_input_tokens":2569,)"
                   R"("ephemeral_1h_input_tokens":0})") == "$0.01058775");
  // 3 x 3 + 569 x 3.75 + 2000 x 6 + 63 x 15
  CHECK(bill("1h", R"(,"cache_creation":{"ephemeral_5m_input_tokens":569,)"
                   R"("ephemeral_1h_input_tokens":2000})") == "$0.01508775");
}

TEST_CASE("bill: the upper bound of a broken answer holds the audio that the server had counted") {
  fake::World world;
  const auto prices = tally::PriceCatalog::parse(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
        {"provider": "deepseek", "model": "m", "entries": [
        {"id": "e", "currency": "USD", "kind": "list", "rates": {"default": {
          "input_cache_hit": "0.03", "input_cache_miss": "0.3", "input_audio": "1",
          "output": "2.5"}},
         "source": {"name": "t", "verified_at": "2026-04-01"}}]}]})");
  REQUIRE_MESSAGE(prices, prices.error().message);
  world.options.prices = *prices;
  const std::string usage = R"({"prompt_tokens":1932,"completion_tokens":1,"total_tokens":1933,)"
                            R"("prompt_tokens_details":{"cached_tokens":10,"audio_tokens":1920}})";
  world.network->scripts.push_back({fake::connect(), fake::head(200),
                                    fake::body(fake::chunk(R"({"content":"a"})", "null", usage)),
                                    fake::end(tally::TransferResult::receive_failed)});
  tally::ChatRequest request = fake::question();
  request.model = "m";
  request.max_tokens = 50;
  const tally::Receipt receipt =
      world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; }).receipt;
  CHECK(receipt.state == tally::BillState::estimated);
  REQUIRE(receipt.cost.bounds);
  // 12 x 0.3 + 1920 x 1 + 50 x 2.5 millionths: also what came from the cache.
  CHECK(to_string(receipt.cost.bounds->high) == "$0.0020486");
}

TEST_CASE("bill: a broken answer costs its request nevertheless, and its bounds hold it") {
  fake::World world;
  world.options.prices = priced(per_request);
  world.network->scripts.push_back({fake::connect(), fake::head(200),
                                    fake::body(fake::text_chunk("a")),
                                    fake::end(tally::TransferResult::receive_failed)});
  tally::ChatRequest request = fake::question();
  request.model = "m";
  request.max_tokens = 50;
  const tally::Receipt receipt =
      world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; }).receipt;
  CHECK(receipt.state == tally::BillState::estimated);
  REQUIRE(receipt.cost.bounds);
  CHECK(receipt.cost.bounds->low.amount > decimal("0.012"));
  CHECK(receipt.cost.bounds->low.amount < decimal("0.01201"));
  CHECK(receipt.cost.total->amount > decimal("0.012007"));
}
