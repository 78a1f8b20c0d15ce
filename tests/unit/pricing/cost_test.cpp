// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <limits>

#include "tally/pricing.hpp"

using namespace tally;

namespace {

Decimal decimal(std::string_view text) {
  const auto value = Decimal::parse(text);
  REQUIRE(value);
  return *value;
}

Money dollars(std::string_view text) { return {decimal(text), usd}; }

/// A price whose rates are given per token.
struct TestPrice {
  std::shared_ptr<PriceEntry> entry = std::make_shared<PriceEntry>();
  Rates rates;
  Price price;

  TestPrice& set(Bucket bucket, std::string_view per_token) {
    rates.per_token[static_cast<std::size_t>(bucket)] = decimal(per_token);
    return *this;
  }
  const Price& get() {
    price.entry = entry;
    price.band = "default";
    price.rates = &rates;
    return price;
  }
};

/// hit 0.028, miss 0.28, output 0.42 per million.
TestPrice v32() {
  TestPrice price;
  price.entry->id = "ds-v32";
  price.set(Bucket::input_cache_hit, "0.000000028")
      .set(Bucket::input_cache_miss, "0.00000028")
      .set(Bucket::output, "0.00000042");
  return price;
}

Usage usage_of(std::int64_t hit, std::int64_t miss, std::int64_t output) {
  Usage usage;
  usage.billed.cache_hit = hit;
  usage.billed.cache_miss = miss;
  usage.billed.cache_write = 0;
  usage.billed.output = output;
  usage.source = UsageSource::provider;
  return usage;
}

}  // namespace

TEST_CASE("cost: cached input is billed at the cached price, exactly") {
  TestPrice price = v32();
  const Usage usage = usage_of(80000, 20000, 2000);
  const Cost cost = cost_of(usage, price.get());
  REQUIRE(cost.total);
  CHECK(*cost.total == dollars("0.00868"));
  REQUIRE(cost.lines.size() == 3);
  CHECK(cost.lines[0].bucket == Bucket::input_cache_hit);
  CHECK(cost.lines[0].quantity == 80000);
  CHECK(cost.lines[0].amount == decimal("0.00224"));
  CHECK(cost.lines[1].bucket == Bucket::input_cache_miss);
  CHECK(cost.lines[1].amount == decimal("0.0056"));
  CHECK(cost.lines[2].bucket == Bucket::output);
  CHECK(cost.lines[2].amount == decimal("0.00084"));
  CHECK_FALSE(cost.is_estimate);
  CHECK_FALSE(cost.is_lower_bound);
  CHECK(bill_state(usage, cost) == BillState::settled);
  CHECK(to_string(cost) == "$0.00868");
}

TEST_CASE("cost: one token at the smallest price is not lost") {
  TestPrice price;
  price.set(Bucket::input_cache_hit, "0.000000000000000001")
      .set(Bucket::input_cache_miss, "1")
      .set(Bucket::output, "1");
  CHECK(*cost_of(usage_of(1, 0, 0), price.get()).total == dollars("0.000000000000000001"));
}

TEST_CASE("cost: counts that are known to be 0 cost 0, without lines") {
  TestPrice price = v32();
  const Usage usage = usage_of(0, 0, 0);
  const Cost cost = cost_of(usage, price.get());
  REQUIRE(cost.total);
  CHECK(*cost.total == dollars("0"));
  CHECK(cost.lines.empty());
  CHECK(bill_state(usage, cost) == BillState::settled);
}

TEST_CASE("cost: without any count there is no cost, which is not a cost of 0") {
  TestPrice price = v32();
  Usage usage;
  const Cost cost = cost_of(usage, price.get());
  CHECK_FALSE(cost.total);
  CHECK(cost.unpriced_reason == UnpricedReason::no_usage);
  CHECK(bill_state(usage, cost) == BillState::unpriced);
  CHECK(to_string(cost) == "unpriced (no token count is known)");
}

TEST_CASE("cost: tokens in a bucket without a price make the total a lower bound") {
  TestPrice price = v32();
  Usage usage = usage_of(80000, 20000, 2000);
  usage.billed.cache_write = 500;
  const Cost cost = cost_of(usage, price.get());
  CHECK(*cost.total == dollars("0.00868"));
  CHECK(cost.is_lower_bound);
  REQUIRE(cost.without_price.size() == 1);
  CHECK(cost.without_price[0].bucket == Bucket::cache_write);
  CHECK(cost.without_price[0].quantity == 500);
  CHECK(bill_state(usage, cost) == BillState::partial);
  CHECK(to_string(cost) == ">=$0.00868");
}

TEST_CASE("cost: a bucket without a price and without tokens does no harm") {
  TestPrice price = v32();
  CHECK(cost_of(usage_of(1, 1, 1), price.get()).without_price.empty());
}

TEST_CASE("cost: where none of the tokens has a price there is no total") {
  TestPrice price;
  price.entry->id = "only-output";
  price.set(Bucket::output, "1");
  const Usage usage = usage_of(0, 10, 0);
  const Cost cost = cost_of(usage, price.get());
  CHECK_FALSE(cost.total);
  CHECK(bill_state(usage, cost) == BillState::unpriced);
  CHECK(to_string(cost) == "unpriced (only-output has no price for input_cache_miss)");
}

TEST_CASE("cost: a count that was not reported is flagged, and the total is a lower bound") {
  TestPrice price = v32();
  SUBCASE("prompt") {
    Usage usage = usage_of(0, 0, 2000);
    usage.billed = {};
    usage.billed.output = 2000;
    const Cost cost = cost_of(usage, price.get());
    CHECK(*cost.total == dollars("0.00084"));
    CHECK(cost.flags == std::vector{CostFlag::missing_quantity});
    CHECK(bill_state(usage, cost) == BillState::partial);
  }
  SUBCASE("output") {
    Usage usage = usage_of(0, 20000, 0);
    usage.billed.output.reset();
    const Cost cost = cost_of(usage, price.get());
    CHECK(*cost.total == dollars("0.0056"));
    CHECK(cost.flags == std::vector{CostFlag::missing_quantity});
    CHECK(to_string(cost) == ">=$0.0056");
  }
}

TEST_CASE("cost: a total that no rule explains is flagged and makes the bill partial") {
  TestPrice price = v32();
  Usage usage = usage_of(80000, 20000, 2000);
  usage.anomalies = {Anomaly::total_residual};
  const Cost cost = cost_of(usage, price.get());
  CHECK(*cost.total == dollars("0.00868"));
  CHECK(cost.flags == std::vector{CostFlag::unexplained_total});
  CHECK(bill_state(usage, cost) == BillState::partial);
}

TEST_CASE("cost: reasoning is billed once, inside the output") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 0, 2000);
  usage.reasoning_tokens = 1500;
  const Cost cost = cost_of(usage, price.get());
  CHECK(*cost.total == dollars("0.00084"));
  REQUIRE(cost.lines.size() == 1);
  CHECK(cost.lines[0].quantity == 2000);
}

TEST_CASE("cost: reasoning with a price of its own leaves the output") {
  TestPrice price = v32();
  price.set(Bucket::reasoning, "0.000001");
  Usage usage = usage_of(0, 0, 2000);
  usage.reasoning_tokens = 1500;
  const Cost cost = cost_of(usage, price.get());
  CHECK(*cost.total == dollars("0.00171"));  // 500 * 0.42e-6 + 1500 * 1e-6
  REQUIRE(cost.lines.size() == 2);
  CHECK(cost.lines[0].quantity == 500);
  CHECK(cost.lines[1].bucket == Bucket::reasoning);
  CHECK(cost.lines[1].quantity == 1500);

  usage.reasoning_tokens = 9000;  // More than the output: never billed beyond it.
  CHECK(*cost_of(usage, price.get()).total == dollars("0.002"));
}

TEST_CASE("cost: estimated counts make an estimate") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 20000, 2000);
  for (const UsageSource source : {UsageSource::estimator, UsageSource::mixed}) {
    usage.source = source;
    const Cost cost = cost_of(usage, price.get());
    CHECK(cost.is_estimate);
    CHECK(bill_state(usage, cost) == BillState::estimated);
    CHECK(to_string(cost) == "~$0.00644");
  }
}

TEST_CASE("cost: an amount that does not fit is no amount") {
  TestPrice price = v32();
  price.set(Bucket::output, "1000000000");
  const Usage usage = usage_of(0, 1, std::numeric_limits<std::int64_t>::max());
  const Cost cost = cost_of(usage, price.get());
  CHECK_FALSE(cost.total);
  CHECK(cost.unpriced_reason == UnpricedReason::overflow);
  CHECK(cost.lines.empty());
  CHECK(bill_state(usage, cost) == BillState::unpriced);
}

TEST_CASE("cost: totals of a thousand million dollars are held") {
  TestPrice price = v32();
  price.set(Bucket::output, "0.000000003625");
  const Usage usage = usage_of(0, 0, 1000000000000000000);
  CHECK(*cost_of(usage, price.get()).total == dollars("3625000000"));
}

TEST_CASE("cost: the provider's own figure stands beside ours, with the difference") {
  TestPrice price = v32();
  Usage usage = usage_of(80000, 20000, 2000);
  usage.reported_cost = ReportedCost{dollars("0.009"), "0.009", false};
  Cost cost = cost_of(usage, price.get());
  CHECK(*cost.total == dollars("0.00868"));
  CHECK(cost.reported->money == dollars("0.009"));
  CHECK(*cost.reported_difference == dollars("0.00032"));

  usage.reported_cost->money.currency = cny;
  cost = cost_of(usage, price.get());
  CHECK(cost.reported);
  CHECK_FALSE(cost.reported_difference);
}

TEST_CASE("cost: a call without a price keeps the reason and the provider's figure") {
  Usage usage = usage_of(1, 1, 1);
  usage.reported_cost = ReportedCost{dollars("0.009"), "0.009", false};
  const Cost cost = cost_of(usage, Unpriced{UnpricedReason::unknown_model, "unknown model foo"});
  CHECK_FALSE(cost.total);
  CHECK(cost.unpriced_reason == UnpricedReason::unknown_model);
  CHECK(cost.reported->money == dollars("0.009"));
  CHECK(bill_state(usage, cost) == BillState::unpriced);
  CHECK(to_string(cost) == "unpriced (unknown model foo)");
}

TEST_CASE("cost: a sum adds totals and lines of one bucket and price") {
  TestPrice price = v32();
  const Cost a = cost_of(usage_of(0, 20000, 2000), price.get());
  const Cost b = cost_of(usage_of(10000, 5000, 0), price.get());
  const Cost both = sum(a, b);
  CHECK(*both.total == dollars("0.00812"));  // 0.00644 + 0.00168
  REQUIRE(both.lines.size() == 3);
  CHECK(both.lines[0].bucket == Bucket::input_cache_miss);
  CHECK(both.lines[0].quantity == 25000);
  CHECK(both.lines[0].amount == decimal("0.007"));
  CHECK(both.price);

  TestPrice other = v32();
  other.set(Bucket::input_cache_miss, "0.000001");
  const Cost mixed = sum(a, cost_of(usage_of(0, 10, 0), other.get()));
  CHECK(mixed.lines.size() == 3);
  CHECK_FALSE(mixed.price);
}

TEST_CASE("cost: what was not billed adds nothing") {
  TestPrice price = v32();
  const Cost billed = cost_of(usage_of(0, 20000, 2000), price.get());
  CHECK(to_string(sum(billed, Cost{})) == "$0.00644");
  CHECK(to_string(sum(Cost{}, billed)) == "$0.00644");
  CHECK_FALSE(sum(Cost{}, Cost{}).total);
  CHECK(to_string(Cost{}) == "no cost");
}

TEST_CASE("cost: an unpriced part makes a sum a lower bound, from either side") {
  TestPrice price = v32();
  const Cost priced = cost_of(usage_of(0, 20000, 2000), price.get());
  const Cost unpriced =
      cost_of(usage_of(1, 1, 1), Unpriced{UnpricedReason::unknown_model, "unknown model foo"});
  CHECK(to_string(sum(priced, unpriced)) == ">=$0.00644");
  CHECK(to_string(sum(unpriced, priced)) == ">=$0.00644");
  CHECK(sum(priced, unpriced).unpriced_reason == UnpricedReason::unknown_model);
  CHECK(to_string(sum(unpriced, unpriced)) == "unpriced (unknown model foo)");
}

TEST_CASE("cost: two currencies do not add, whatever is added after") {
  TestPrice price = v32();
  TestPrice yuan = v32();
  yuan.entry->currency = cny;
  const Cost dollar_cost = cost_of(usage_of(0, 20000, 2000), price.get());
  const Cost yuan_cost = cost_of(usage_of(0, 20000, 2000), yuan.get());
  const Cost mixed = sum(dollar_cost, yuan_cost);
  CHECK_FALSE(mixed.total);
  CHECK(mixed.unpriced_reason == UnpricedReason::mixed_currencies);
  CHECK(mixed.lines.empty());
  CHECK_FALSE(sum(mixed, dollar_cost).total);
  CHECK_FALSE(sum(dollar_cost, mixed).total);
}

TEST_CASE("cost: a sum that does not fit has no total, whatever is added after") {
  TestPrice price = v32();
  price.set(Bucket::output, "1");
  const Cost large = cost_of(usage_of(0, 0, std::numeric_limits<std::int64_t>::max()), price.get());
  REQUIRE(large.total);
  const Cost both = sum(large, large);
  CHECK_FALSE(both.total);
  CHECK(both.unpriced_reason == UnpricedReason::overflow);
  CHECK_FALSE(sum(both, cost_of(usage_of(0, 0, 1), price.get())).total);
}

TEST_CASE("cost: bounds add, and a cost without bounds counts as both") {
  TestPrice price = v32();
  Cost estimate = cost_of(usage_of(0, 20000, 2000), price.get());
  estimate.bounds = CostBounds{dollars("0.005"), dollars("0.01")};
  const Cost exact = cost_of(usage_of(0, 10000, 0), price.get());
  const Cost both = sum(estimate, exact);
  REQUIRE(both.bounds);
  CHECK(both.bounds->low == dollars("0.0078"));
  CHECK(both.bounds->high == dollars("0.0128"));

  const Cost unknown =
      cost_of(usage_of(1, 1, 1), Unpriced{UnpricedReason::unknown_model, "unknown model foo"});
  CHECK_FALSE(sum(estimate, unknown).bounds);
}

TEST_CASE("cost: flags and estimates of either part are the sum's") {
  TestPrice price = v32();
  Usage estimated = usage_of(0, 20000, 2000);
  estimated.source = UsageSource::estimator;
  Cost a = cost_of(estimated, price.get());
  a.flags = {CostFlag::output_unbounded};
  Cost b = cost_of(usage_of(0, 20000, 2000), price.get());
  b.flags = {CostFlag::output_unbounded, CostFlag::straddles_bands};
  const Cost both = sum(a, b);
  CHECK(both.is_estimate);
  CHECK(both.flags == std::vector{CostFlag::output_unbounded, CostFlag::straddles_bands});
}

TEST_CASE("cost: a difference to the provider's figure is known only where every part has one") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 20000, 2000);
  usage.reported_cost = ReportedCost{dollars("0.007"), "0.007", false};
  const Cost with = cost_of(usage, price.get());
  usage.reported_cost.reset();
  const Cost without = cost_of(usage, price.get());
  CHECK(*sum(with, with).reported_difference == dollars("0.00112"));
  CHECK(sum(with, without).reported->money == dollars("0.007"));
  CHECK_FALSE(sum(with, without).reported_difference);
}

TEST_CASE("cost: audio and pictures are billed apart where they have a price, in every bucket") {
  TestPrice price = v32();
  price.set(Bucket::cache_write, "0.00000035")
      .set(Bucket::cache_write_1h, "0.00000056")
      .set(Bucket::input_audio_cache_hit, "0.000001")
      .set(Bucket::input_audio, "0.00001")
      .set(Bucket::input_image, "0.000003")
      .set(Bucket::output_audio, "0.00002")
      .set(Bucket::output_image, "0.00003");
  Usage usage = usage_of(100, 1000, 500);
  usage.billed.cache_write = 80;
  usage.billed.parts = {200, 30, 40, 50, 60, 70};
  const Cost cost = cost_of(usage, price.get());
  const std::vector<std::pair<Bucket, std::int64_t>> expected{
      {Bucket::input_cache_hit, 60},        // x 0.028e-6 = 0.00000168
      {Bucket::input_cache_miss, 770},      // x 0.28e-6  = 0.0002156
      {Bucket::cache_write, 30},            // x 0.35e-6  = 0.0000105
      {Bucket::cache_write_1h, 50},         // x 0.56e-6  = 0.000028
      {Bucket::input_audio_cache_hit, 40},  // x 1e-6     = 0.00004
      {Bucket::input_audio, 200},           // x 10e-6    = 0.002
      {Bucket::input_image, 30},            // x 3e-6     = 0.00009
      {Bucket::output, 370},                // x 0.42e-6  = 0.0001554
      {Bucket::output_audio, 60},           // x 20e-6    = 0.0012
      {Bucket::output_image, 70}};          // x 30e-6    = 0.0021
  REQUIRE(cost.lines.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(cost.lines[i].bucket == expected[i].first);
    CHECK(cost.lines[i].quantity == expected[i].second);
  }
  CHECK(cost.lines[5].name() == "input_audio");
  CHECK(*cost.total == dollars("0.00584118"));
  CHECK(bill_state(usage, cost) == BillState::settled);
}

TEST_CASE("cost: audio without a price of its own is a lower bound at the text's, and named") {
  TestPrice price = v32();
  Usage usage = usage_of(100, 20000, 2000);
  usage.billed.parts.audio_miss = 300;
  usage.billed.parts.audio_hit = 20;
  usage.billed.parts.audio_output = 100;
  const Cost cost = cost_of(usage, price.get());
  // 100 x 0.028e-6 + 20000 x 0.28e-6 + 2000 x 0.42e-6
  CHECK(to_string(cost) == ">=$0.0064428");
  CHECK(bill_state(usage, cost) == BillState::partial);
  REQUIRE(cost.without_price.size() == 3);
  CHECK(cost.without_price[0].bucket == Bucket::input_audio_cache_hit);
  CHECK(cost.without_price[1].bucket == Bucket::input_audio);
  CHECK(cost.without_price[1].quantity == 300);
  CHECK(cost.without_price[2].name() == "output_audio");
}

TEST_CASE("cost: an hour in the cache without a price is billed as a shorter stay, at least") {
  TestPrice price = v32();
  price.set(Bucket::cache_write, "0.00000035");
  Usage usage = usage_of(0, 0, 0);
  usage.billed.cache_write = 1000;
  usage.billed.parts.write_1h = 400;
  CHECK(to_string(cost_of(usage, price.get())) == ">=$0.00035");
  price.set(Bucket::cache_write_1h, "0.00000056");
  // 600 x 0.35e-6 + 400 x 0.56e-6
  CHECK(to_string(cost_of(usage, price.get())) == "$0.000434");
}

TEST_CASE("cost: pictures without a price of their own are text, and the bill is settled") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 1000, 0);
  usage.billed.parts.image_miss = 900;
  CHECK(to_string(cost_of(usage, price.get())) == "$0.00028");
  CHECK(bill_state(usage, cost_of(usage, price.get())) == BillState::settled);
  // Pictures that a model draws cost many times its text.
  usage = usage_of(0, 0, 1000);
  usage.billed.parts.image_output = 900;
  CHECK(to_string(cost_of(usage, price.get())) == ">=$0.00042");
}

TEST_CASE("cost: what is priced by the request is billed once for each attempt") {
  TestPrice price = v32();
  price.entry->units = {{"request", decimal("0.012")}};
  const Cost cost = cost_of(usage_of(0, 20000, 2000), price.get());
  CHECK(to_string(cost) == "$0.01844");  // 0.00644 + 0.012
  REQUIRE(cost.lines.size() == 3);
  CHECK(cost.lines[2].bucket == Bucket::unit);
  CHECK(cost.lines[2].name() == "request");
  CHECK(cost.lines[2].quantity == 1);
  CHECK(cost.lines[2].amount == decimal("0.012"));
  const Cost two = sum(cost, cost);
  CHECK(two.lines[2].quantity == 2);
  CHECK(to_string(two) == "$0.03688");
}

TEST_CASE("cost: searches are billed by their count, at the price of their size or of any") {
  TestPrice price = v32();
  price.entry->units = {{"search_query_low", decimal("0.005")},
                        {"search_query_high", decimal("0.012")}};
  Usage usage = usage_of(0, 20000, 2000);
  CHECK(to_string(cost_of(usage, price.get())) == "$0.00644");  // Nobody searched.
  usage.units = {{"search_query_high", 3}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.04244");  // 0.00644 + 3 x 0.012
  usage.units = {{"search_query", 3}};                          // Of what size?
  const Cost unknown = cost_of(usage, price.get());
  CHECK(to_string(unknown) == ">=$0.00644");
  REQUIRE(unknown.without_price.size() == 1);
  CHECK(unknown.without_price[0].name() == "search_query");
  CHECK(unknown.without_price[0].quantity == 3);

  price.entry->units = {{"search_query", decimal("0.01")}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.03644");
  usage.units = {{"search_query_low", 3}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.03644");
  usage.units = {{"search_query", 0}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.00644");
}

TEST_CASE("cost: the fee of a request that searches is its price, where a list calls it so") {
  TestPrice price = v32();
  price.entry->units = {{"request", decimal("0.012")}};
  Usage usage = usage_of(0, 20000, 2000);
  usage.units = {{"search_query_low", 1}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.01844");
  usage.units = {{"search_query", 1}};  // Counted apart from the request.
  CHECK(to_string(cost_of(usage, price.get())) == ">=$0.01844");
}

TEST_CASE("cost: a unit that nobody counted makes the bill partial, and is named") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 20000, 2000);
  usage.units = {{"search_query", std::nullopt}};  // The request asked for it.
  Cost cost = cost_of(usage, price.get());
  CHECK(bill_state(usage, cost) == BillState::partial);
  REQUIRE(cost.without_price.size() == 1);
  CHECK(cost.without_price[0].name() == "search_query");
  CHECK(cost.without_price[0].quantity == 0);
  price.entry->units = {{"search_query", decimal("0.01")}};
  CHECK(bill_state(usage, cost_of(usage, price.get())) == BillState::partial);

  // What nothing is known of cannot be excluded.
  usage.units.clear();
  price.entry->units = {{"toll", decimal("1")}};
  cost = cost_of(usage, price.get());
  CHECK(to_string(cost) == ">=$0.00644");
  CHECK(cost.without_price[0].name() == "toll");
  usage.units = {{"toll", 2}};
  CHECK(to_string(cost_of(usage, price.get())) == "$2.00644");
}

TEST_CASE("cost: pages and pictures that were sent are tokens, unless an entry prices them") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 20000, 2000);
  usage.units = {{"image", 2}, {"page", std::nullopt}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.00644");
  price.entry->units = {{"image", decimal("0.001")}};
  CHECK(to_string(cost_of(usage, price.get())) == "$0.00844");
  price.entry->units = {{"page", decimal("0.001")}};
  CHECK(to_string(cost_of(usage, price.get())) == ">=$0.00644");
}

TEST_CASE("cost: audio that is nowhere among the tokens makes the bill partial") {
  TestPrice price = v32();
  Usage usage = usage_of(0, 20000, 2000);
  usage.anomalies = {tally::Anomaly::other_modality};
  const Cost cost = cost_of(usage, price.get());
  CHECK(cost.is_lower_bound);
  CHECK(bill_state(usage, cost) == tally::BillState::partial);
}
