// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <thread>

#include "tally/pricing.hpp"
#include "unit/pricing/asking.hpp"

using namespace tally;
using namespace asking;

namespace {

bool has(const Price& price, PriceFlag flag) {
  for (const PriceFlag each : price.flags) {
    if (each == flag) return true;
  }
  return false;
}

bool is_flagged(const PriceCatalog& catalog, const PriceQuery& query, PriceFlag flag) {
  const auto price = catalog.price_at(query);
  REQUIRE(price);
  return has(*price, flag);
}

Unpriced unpriced(const PriceCatalog& catalog, const PriceQuery& query) {
  const auto price = catalog.price_at(query);
  REQUIRE_FALSE(price);
  return price.error();
}

PriceCatalog catalog_of(std::string_view json) {
  auto catalog = PriceCatalog::parse(json, "test");
  if (!catalog) FAIL(catalog.error().message);
  return *catalog;
}

PriceCatalog over_builtin(std::string_view json) {
  auto catalog = PriceCatalog::builtin().overlaid(json, "test");
  if (!catalog) FAIL(catalog.error().message);
  return *catalog;
}

/// `rates` of one entry of model m of provider p.
PriceCatalog one_entry(std::string_view fields) {
  return catalog_of(R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
    {"provider": "p", "model": "m", "entries": [{"id": "e", "currency": "USD", )" +
                    std::string(fields) + "}]}]}");
}

PriceQuery query_of_m(std::string_view when = "2026-08-10T00:00:00Z") {
  PriceQuery of_m = query("m", when);
  of_m.provider = "p";
  return of_m;
}

}  // namespace

TEST_CASE("catalogue: the built-in one is read without an error") {
  CHECK(PriceCatalog::builtin().version() == "2026-11-22.1");
}

TEST_CASE("catalogue: the built-in one may be asked by many threads at first") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] { (void)PriceCatalog::builtin().version(); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(PriceCatalog::builtin().version() == "2026-11-22.1");
}

TEST_CASE("catalogue: a name that is gone is priced by what the server says it ran, and flagged") {
  PriceQuery gone = query("deepseek-chat", "2026-08-10T12:00:00Z");
  CHECK(unpriced(PriceCatalog::builtin(), gone).reason == UnpricedReason::alias_out_of_date);
  gone.reported_model = "deepseek-v4-flash";
  const auto price = PriceCatalog::builtin().price_at(gone);
  REQUIRE(price);
  CHECK(price->entry->model == "deepseek-v4-flash");
  CHECK(has(*price, PriceFlag::model_substituted));
}

TEST_CASE("catalogue: a reported name changes nothing where the requested one has a price") {
  PriceQuery asked = query("deepseek-flash", "2026-11-20T12:00:00Z");
  asked.reported_model = "deepseek-v4-pro";
  const auto price = PriceCatalog::builtin().price_at(asked);
  REQUIRE(price);
  CHECK(price->entry->model == "deepseek-v4.1-flash");
  CHECK(price->flags.empty());
}

TEST_CASE("catalogue: a call without a price says what was tried") {
  const PriceCatalog& prices = PriceCatalog::builtin();
  Unpriced why = unpriced(prices, query("deepseek-flash", "2026-09-10T02:00:00Z"));
  CHECK(why.reason == UnpricedReason::alias_out_of_date);
  CHECK(why.message ==
        "deepseek-flash has no price at 2026-09-10T02:00:00Z: the name is known from "
        "2026-09-10T04:00:00Z (catalogue 2026-11-22.1)");

  why = unpriced(prices, query("deepseek-chat", "2026-08-10T00:00:00Z"));
  CHECK(why.message ==
        "deepseek-chat has no price at 2026-08-10T00:00:00Z: the name is known until "
        "2026-07-24T15:59:00Z (catalogue 2026-11-22.1)");

  why = unpriced(prices, query("deepseek-v4-pro", "2026-04-01T00:00:00Z"));
  CHECK(why.reason == UnpricedReason::no_price_at_instant);
  CHECK(why.message ==
        "deepseek-v4-pro has no price at 2026-04-01T00:00:00Z: the name is known from "
        "2026-04-24T00:00:00Z (catalogue 2026-11-22.1)");

  why = unpriced(prices, query("gpt-foo", "2026-11-20T00:00:00Z"));
  CHECK(why.reason == UnpricedReason::unknown_model);
  CHECK(
      why.message ==
      "no price is known for model 'gpt-foo' of provider 'deepseek' (catalogue 2026-11-22.1); lay "
      "a price over it with PriceCatalog::overlaid");

  why = unpriced(prices,
                 query("deepseek-flash", "2026-11-20T00:00:00Z", Currency{{'E', 'U', 'R', 0}}));
  CHECK(why.reason == UnpricedReason::no_price_in_currency);
  CHECK(why.message ==
        "deepseek-flash has no price in EUR at 2026-11-20T00:00:00Z, only in CNY, USD; nothing is "
        "converted (catalogue 2026-11-22.1)");
}

TEST_CASE("catalogue: what the server reported is named where it has no price either") {
  PriceQuery asked = query("my-model", "2026-11-20T00:00:00Z");
  asked.reported_model = "deepseek-chat";
  const Unpriced why = unpriced(PriceCatalog::builtin(), asked);
  CHECK(why.reason == UnpricedReason::alias_out_of_date);
  CHECK(why.message.find("my-model") != std::string::npos);
  CHECK(why.message.find("deepseek-chat has no price at") != std::string::npos);
}

TEST_CASE("catalogue: nothing is guessed by prefix, by case or across providers") {
  for (const std::string_view name : {"deepseek-flas", "deepseek-flash-2", "DeepSeek-Flash", ""}) {
    CAPTURE(name);
    CHECK(rates(name, "2026-11-20T00:00:00Z") == "none");
  }
  PriceQuery elsewhere = query("deepseek-flash", "2026-11-20T00:00:00Z");
  elsewhere.provider = "my-proxy";
  CHECK(unpriced(PriceCatalog::builtin(), elsewhere).reason == UnpricedReason::unknown_model);
}

TEST_CASE("catalogue: what is priced by the page has no price for tokens") {
  const Unpriced why =
      unpriced(PriceCatalog::builtin(), query("deepseek-ocr", "2026-11-20T00:00:00Z"));
  CHECK(why.reason == UnpricedReason::no_price_at_instant);
  CHECK(why.message == "deepseek-ocr is not priced by the token (catalogue 2026-11-22.1)");
}

TEST_CASE("catalogue: a card prices its own hosts only, where the host is known") {
  PriceQuery asked = query("deepseek-flash", "2026-11-20T12:00:00Z");
  asked.host = "API.deepseek.com";
  CHECK(rates(PriceCatalog::builtin(), asked) == "0.003/0.15/0.6");
  asked.host = "proxy.example";
  const Unpriced why = unpriced(PriceCatalog::builtin(), asked);
  CHECK(why.reason == UnpricedReason::unknown_model);
  CHECK(why.message ==
        "deepseek-flash is priced for api.deepseek.com, not for proxy.example (catalogue "
        "2026-11-22.1); lay a price over it with PriceCatalog::overlaid");
}

TEST_CASE("catalogue: without a catalogue nothing has a price") {
  const Unpriced why =
      unpriced(PriceCatalog::none(), query("deepseek-flash", "2026-11-20T12:00:00Z"));
  CHECK(why.reason == UnpricedReason::unknown_model);
  CHECK(why.message.find("(no catalogue)") != std::string::npos);
  CHECK(PriceCatalog::none().version().empty());
  CHECK(PriceCatalog::none().models(at("2026-11-20T12:00:00Z")).empty());
}

TEST_CASE("catalogue: a price keeps its catalogue alive") {
  std::optional<Price> price;
  {
    const PriceCatalog catalog = one_entry(R"("rates": {"default": {"output": "7"}})");
    price = *catalog.price_at(query_of_m());
  }
  CHECK(price->entry->id == "e");
  CHECK(price->band == "default");
  CHECK(to_string(*(*price->rates)[Bucket::output]) == "0.000007");
}

TEST_CASE("catalogue: a user's price goes before the built-in one, and only while it is valid") {
  const PriceCatalog mine = over_builtin(R"({"schema": "tally.prices/1", "catalog_version": "mine",
    "models": [{"provider": "deepseek", "model": "deepseek-flash", "entries": [
      {"id": "mine-1", "currency": "USD", "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z",
       "rates": {"default": {"input_cache_hit": "1", "input_cache_miss": "2", "output": "3"}}}]}]})");
  CHECK(mine.version() == "mine+2026-11-22.1");
  CHECK(rates(mine, query("deepseek-flash", "2026-11-20T12:00:00Z")) == "1/2/3");
  CHECK(rates(mine, query("deepseek-flash", "2026-10-31T23:59:59Z")) == "0.003/0.15/0.6");
  CHECK(rates(mine, query("deepseek-flash", "2026-12-01T12:00:00Z")) == "0.003/0.15/0.6");
  CHECK(rates(mine, query("deepseek-flash", "2026-11-20T12:00:00Z", cny)) == "0.02/1/4");
  CHECK(rates(mine, query("deepseek-v4-pro", "2026-11-20T12:00:00Z")) == "0.022/0.66/1.98");
  CHECK(rates("deepseek-flash", "2026-11-20T12:00:00Z") == "0.003/0.15/0.6");
}

TEST_CASE("catalogue: a user's card also prices the built-in names that lead to it") {
  const PriceCatalog mine = over_builtin(R"({"schema": "tally.prices/1", "catalog_version": "mine",
    "models": [{"provider": "deepseek", "model": "deepseek-v4.1-flash", "entries": [
      {"id": "mine-1", "currency": "USD", "rates": {"default": {"output": "3"}}}]}]})");
  CHECK(rates(mine, query("deepseek-flash", "2026-11-20T12:00:00Z")) == "-/-/3");
}

TEST_CASE("catalogue: a user's file may use the parts of the built-in one") {
  const PriceCatalog mine = over_builtin(R"({"schema": "tally.prices/1", "catalog_version": "mine",
    "models": [{"provider": "deepseek", "model": "deepseek-v5", "entries": [
      {"id": "v5", "currency": "USD", "schedule": "ds-peak-workdays",
       "rates": {"offpeak": {"output": "1"}, "peak": {"output": "2"}}}]}],
    "aliases": [{"provider": "deepseek", "name": "house-model", "model": "deepseek-v4-pro"}]})");
  CHECK(rates(mine, query("deepseek-v5", "2026-11-18T02:00:00Z")) == "-/-/2");
  CHECK(rates(mine, query("deepseek-v5", "2026-10-01T02:00:00Z")) == "-/-/1");
  CHECK(rates(mine, query("house-model", "2026-11-18T02:00:00Z")) == "0.044/1.32/3.96");
}

TEST_CASE(
    "catalogue: an entry holds from its first instant to the one before its last, then a gap") {
  const PriceCatalog catalog = one_entry(
      R"("rates": {"default": {"output": "7"}}, "from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z")");
  CHECK(rates(catalog, query_of_m("2026-01-31T23:59:59.999999Z")) == "none");
  CHECK(rates(catalog, query_of_m("2026-02-01T00:00:00Z")) == "-/-/7");
  CHECK(rates(catalog, query_of_m("2026-02-28T23:59:59.999999Z")) == "-/-/7");
  CHECK(rates(catalog, query_of_m("2026-03-01T00:00:00Z")) == "none");
}

TEST_CASE("catalogue: an alias goes before a model of the same name") {
  CHECK((*PriceCatalog::builtin().price_at(query("deepseek-v4-flash", "2026-09-10T04:00:00Z")))
            .entry->id == "ds-v41f-a");
  CHECK((*PriceCatalog::builtin().price_at(query("deepseek-v4-flash", "2026-09-10T03:59:59Z")))
            .entry->id == "ds-v4f-peak2");
}

TEST_CASE("catalogue: a price is stale on the 31st day after it was checked") {
  const PriceCatalog checked = one_entry(
      R"("rates": {"default": {"output": "7"}}, "source": {"url": "x", "verified_at": "2026-11-15"})");
  CHECK_FALSE(is_flagged(checked, query_of_m("2026-12-15T23:59:59Z"), PriceFlag::stale));
  CHECK(is_flagged(checked, query_of_m("2026-12-16T00:00:00Z"), PriceFlag::stale));
  CHECK_FALSE(is_flagged(checked, query_of_m("2020-01-01T00:00:00Z"), PriceFlag::stale));
  CHECK(is_flagged(one_entry(R"("rates": {"default": {"output": "7"}})"), query_of_m(),
                   PriceFlag::stale));
}

TEST_CASE("catalogue: a closed entry that was checked after its end does not go stale") {
  CHECK_FALSE(is_flagged(PriceCatalog::builtin(), query("deepseek-chat", "2025-07-10T12:00:00Z"),
                         PriceFlag::stale));
}

TEST_CASE("catalogue: beyond the holiday calendar a price is flagged") {
  const PriceCatalog& prices = PriceCatalog::builtin();
  CHECK_FALSE(is_flagged(prices, query("deepseek-flash", "2026-12-31T15:59:59Z"),
                         PriceFlag::calendar_expired));
  CHECK(is_flagged(prices, query("deepseek-flash", "2026-12-31T16:00:00Z"),
                   PriceFlag::calendar_expired));
  // New Year's Day 2027, a Friday: not in the calendar, so taken as a working day.
  CHECK(rates("deepseek-flash", "2027-01-01T02:00:00Z") == "0.006/0.3/1.2");
}

TEST_CASE("catalogue: a change within a day is flagged, on both sides; a band's edge is none") {
  const PriceCatalog& prices = PriceCatalog::builtin();
  const auto near = [&prices](std::string_view model, std::string_view when) {
    return is_flagged(prices, query(model, when), PriceFlag::change_is_near);
  };
  CHECK_FALSE(near("deepseek-v4-pro", "2026-08-15T15:59:59Z"));
  CHECK(near("deepseek-v4-pro", "2026-08-15T16:00:00Z"));
  CHECK(near("deepseek-v4-pro", "2026-08-17T15:59:59Z"));
  CHECK_FALSE(near("deepseek-v4-pro", "2026-08-17T16:00:00Z"));
  CHECK(near("deepseek-chat", "2026-07-24T12:00:00Z"));  // The end of the name.
  CHECK_FALSE(near("deepseek-flash", "2026-11-18T03:59:59Z"));
}

TEST_CASE("catalogue: an announced price warns and never prices") {
  const PriceCatalog catalog = catalog_of(
      R"({"schema": "tally.prices/1", "catalog_version": "t", "models": [
    {"provider": "p", "model": "m", "entries": [
      {"id": "now", "currency": "USD", "rates": {"default": {"output": "7"}}},
      {"id": "soon", "currency": "USD", "from": "2026-08-11T00:00:00Z", "kind": "announced",
       "rates": {"default": {"output": "9"}}}]}]})");
  const auto near = [&catalog](std::string_view when) {
    return is_flagged(catalog, query_of_m(when), PriceFlag::change_is_near);
  };
  CHECK_FALSE(near("2026-08-09T23:59:59Z"));
  CHECK(near("2026-08-10T00:00:00Z"));
  CHECK_FALSE(near("2026-08-12T00:00:01Z"));
  CHECK(rates(catalog, query_of_m("2026-09-01T00:00:00Z")) == "-/-/7");
  CHECK_FALSE(catalog.next_change(query_of_m("2026-08-01T00:00:00Z")));
}

TEST_CASE("catalogue: a long prompt takes the tier that it reaches, to the token") {
  const PriceCatalog catalog = one_entry(R"("rates": {"default": {"output": "1"}},
    "tiers": [{"on": "prompt_total", "op": "ge", "value": 272000, "scope": "whole_request",
               "rates": {"default": {"output": "3"}}},
              {"op": "gt", "value": 128000, "rates": {"output": "2"}}])");
  const auto rates_of = [&catalog](std::optional<std::int64_t> prompt_tokens) {
    PriceQuery asked = query_of_m();
    asked.prompt_tokens = prompt_tokens;
    return rates(catalog, asked);
  };
  CHECK(rates_of(std::nullopt) == "-/-/1");
  CHECK(rates_of(128000) == "-/-/1");
  CHECK(rates_of(128001) == "-/-/2");
  CHECK(rates_of(271999) == "-/-/2");
  CHECK(rates_of(272000) == "-/-/3");
  PriceQuery asked = query_of_m();
  asked.prompt_tokens = 128001;
  CHECK((*catalog.price_at(asked)).context_tier == 128000);
}

TEST_CASE("catalogue: a service tier takes its own rates, band by band") {
  const PriceCatalog catalog = catalog_of(
      R"({"schema": "tally.prices/1", "catalog_version": "t",
    "schedules": {"days": {"default_band": "night", "windows": [
      {"band": "day", "start": "08:00", "end": "20:00"}]}},
    "models": [{"provider": "p", "model": "m", "entries": [
      {"id": "e", "currency": "USD", "schedule": "days",
       "rates": {"night": {"output": "1"}, "day": {"output": "2"}},
       "service_tiers": {"flex": {"rates": {"night": {"output": "0.1"}, "day": {"output": "0.2"}}},
                         "batch": {"rates": {"output": "0.5"}}}}]}]})");
  PriceQuery asked = query_of_m("2026-08-10T08:00:00Z");
  CHECK(rates(catalog, asked) == "-/-/2");
  asked.service_tier = "flex";
  CHECK(rates(catalog, asked) == "-/-/0.2");
  CHECK((*catalog.price_at(asked)).service_tier == "flex");
  asked.at = at("2026-08-10T20:00:00Z");
  CHECK(rates(catalog, asked) == "-/-/0.1");
  asked.service_tier = "batch";
  CHECK(rates(catalog, asked) == "-/-/0.5");
  asked.service_tier = "default";
  CHECK(rates(catalog, asked) == "-/-/1");
  CHECK_FALSE(is_flagged(catalog, asked, PriceFlag::service_tier_unknown));
  asked.service_tier = "priority";
  CHECK(rates(catalog, asked) == "-/-/1");
  CHECK(is_flagged(catalog, asked, PriceFlag::service_tier_unknown));
}

TEST_CASE("catalogue: the next change is a band's edge, another entry or the end of the name") {
  const auto next = [](std::string_view model, std::string_view when) {
    const auto change = PriceCatalog::builtin().next_change(query(model, when));
    return change ? to_string(*change) : "none";
  };
  CHECK(next("deepseek-flash", "2026-11-18T00:00:00Z") == "2026-11-18T01:00:00Z");
  CHECK(next("deepseek-flash", "2026-11-18T01:00:00Z") == "2026-11-18T04:00:00Z");
  CHECK(next("deepseek-flash", "2026-11-20T10:00:00Z") == "2026-11-23T01:00:00Z");
  CHECK(next("deepseek-v4-flash", "2026-09-10T02:00:00Z") == "2026-09-10T04:00:00Z");
  CHECK(next("deepseek-v4-pro", "2026-08-17T02:00:00Z") == "2026-08-17T04:00:00Z");
  CHECK(next("deepseek-flash", "2026-01-01T00:00:00Z") == "2026-09-10T04:00:00Z");
  CHECK(next("deepseek-chat", "2026-06-01T00:00:00Z") == "2026-07-24T15:59:00Z");
  CHECK(next("deepseek-chat", "2026-07-24T15:59:00Z") == "none");
  CHECK(next("gpt-foo", "2026-07-24T15:59:00Z") == "none");
}

TEST_CASE("catalogue: the list holds every name that can be requested, with its price") {
  const auto models = PriceCatalog::builtin().models(at("2026-11-18T02:00:00Z"));
  std::string names;
  for (const ListedModel& model : models) names += model.name + ' ';
  CHECK(names ==
        "deepseek-flash deepseek-v4-flash deepseek-v4-flash-vision-exp deepseek-v4-pro "
        "deepseek-v4.1-flash ");
  CHECK(models[0].provider == "deepseek");
  CHECK(models[0].model == "deepseek-v4.1-flash");
  REQUIRE(models[0].price);
  CHECK(models[0].price->band == "peak");
  CHECK(to_string(*models[0].next_change) == "2026-11-18T04:00:00Z");
  CHECK_FALSE(PriceCatalog::builtin()
                  .models(at("2026-11-18T02:00:00Z"), Currency{{'E', 'U', 'R', 0}})[0]
                  .price);
}

TEST_CASE("catalogue: a price refers to its entry, band, version, source and day") {
  const auto price =
      PriceCatalog::builtin().price_at(query("deepseek-flash", "2026-11-18T05:00:00Z"));
  REQUIRE(price);
  CHECK(to_string(*price) ==
        "ds-v41f-b off-peak (catalogue 2026-11-22.1; DeepSeek docs, pricing page, checked "
        "2026-11-15)");
  CHECK(price->entry->sha256.size() == 64);
  CHECK(band_label(*price) == "off-peak");
  CHECK(band_label(*one_entry(R"("rates": {"default": {"output": "7"}})").price_at(query_of_m()))
            .empty());
}

TEST_CASE("catalogue: a file is read under its own name, and an absent one is an error") {
  const std::string path = "tally_catalog_test.json";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file);
  std::fputs("{\"schema\": \"tally.prices/1\", \"catalog_version\": \"f\"}", file);
  std::fclose(file);
  const auto loaded = PriceCatalog::load(path);
  std::remove(path.c_str());
  REQUIRE(loaded);
  CHECK(loaded->version() == "f");
  const auto absent = PriceCatalog::load(path);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message.find(path) != std::string::npos);
  CHECK_FALSE(PriceCatalog::load("."));
}

TEST_CASE("catalogue: the allowance of a provider is the one in force, else that of any") {
  const auto catalog = tally::PriceCatalog::parse(R"({
    "schema": "tally.prices/1", "catalog_version": "t", "allowances": [
      {"provider": "*", "per_request": 64, "source": {"name": "s"}},
      {"provider": "deepseek", "to": "2026-07-31T00:00:00Z", "per_request": 32,
       "source": {"name": "s"}},
      {"provider": "deepseek", "from": "2026-07-31T00:00:00Z", "per_request": 32, "thinking": 128,
       "per_image": 1500, "source": {"name": "s"}}]})");
  REQUIRE(catalog);
  const auto change = *tally::parse_instant("2026-07-31T00:00:00Z");
  const auto* before = catalog->allowance_at("deepseek", change - std::chrono::microseconds(1));
  REQUIRE(before != nullptr);
  CHECK(before->thinking == 0);
  CHECK_FALSE(before->per_image);
  const auto* after = catalog->allowance_at("deepseek", change);
  REQUIRE(after != nullptr);
  CHECK(after->thinking == 128);
  CHECK(after->per_image == 1500);
  const auto* other = catalog->allowance_at("nobody", change);
  REQUIRE(other != nullptr);
  CHECK(other->per_request == 64);
  CHECK(tally::PriceCatalog::none().allowance_at("deepseek", change) == nullptr);
}

TEST_CASE("catalogue: two allowances of one provider at one instant are refused") {
  const auto catalog = tally::PriceCatalog::parse(R"({
    "schema": "tally.prices/1", "catalog_version": "t", "allowances": [
      {"provider": "x", "source": {"name": "s"}},
      {"provider": "x", "from": "2026-07-31T00:00:00Z", "source": {"name": "s"}}]})");
  REQUIRE_FALSE(catalog);
  CHECK(catalog.error().message.find("overlaps") != std::string::npos);
}

TEST_CASE("catalogue: a model's limits are those of the card behind its name") {
  const auto catalog = tally::PriceCatalog::parse(R"({
    "schema": "tally.prices/1", "catalog_version": "t", "models": [
      {"provider": "p", "model": "m", "max_output": 384000, "context": 1000000, "entries": [
        {"id": "e", "currency": "USD", "kind": "list",
         "rates": {"default": {"input_cache_miss": "1", "output": "2"}}, "source": {"name": "s"}}]}],
    "aliases": [{"provider": "p", "name": "a", "model": "m", "confidence": "high",
                 "source": {"name": "s"}}]})");
  REQUIRE(catalog);
  tally::PriceQuery query;
  query.provider = "p";
  query.model = "a";
  query.at = *tally::parse_instant("2026-07-31T00:00:00Z");
  CHECK(catalog->limits_of(query).max_output == 384000);
  CHECK(catalog->limits_of(query).context == 1000000);
  query.model = "unknown";
  CHECK_FALSE(catalog->limits_of(query).max_output);
}
