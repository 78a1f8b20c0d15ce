// SPDX-License-Identifier: MIT
#include "pricing/catalog_json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tally;

namespace {

// The lines are counted in the expectations below.
constexpr std::string_view good = R"({"schema": "tally.prices/1", "catalog_version": "t1",
"calendars": {"days-off": {"utc_offset_min": 480, "covers": ["2026-01-01", "2026-12-31"],
  "days": ["2026-10-01..2026-10-07", "2026-12-25"]}},
"schedules": {"peaks": {"billing_instant": "started", "default_band": "offpeak", "windows": [
  {"band": "peak", "start": "01:00", "end": "04:00", "weekdays": [1, 2, 3, 4, 5],
   "weekday_offset_min": 480, "except_calendar": "days-off"}]}},
"models": [{"provider": "p", "model": "m", "hosts": ["api.p.com"], "context": 128000, "entries": [
  {"id": "e1", "currency": "USD", "from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z",
   "unit": 1000, "rates": {"default": {"input_cache_miss": "0.2", "output": "1.2"}}},
  {"id": "e2", "currency": "USD", "from": "2026-06-01T00:00:00Z", "to": null, "schedule": "peaks",
   "rates": {"offpeak": {"output": "1"},
             "peak": {"output": "2"}},
   "tiers": [{"op": "gt", "value": 1000, "rates": {"output": "3"}}],
   "service_tiers": {"flex": {"rates": {"output": "0.5"}}},
   "units": {"page": {"price": "5", "per": 1000}}, "confidence": "high",
   "source": {"name": "page", "url": "https://p.com", "verified_at": "2026-06-02"}}]}],
"aliases": [{"provider": "p", "name": "latest", "model": "m", "to": "2026-03-01T00:00:00Z"},
  {"provider": "p", "name": "latest", "model": "m", "from": "2026-03-01T00:00:00Z"}]})";

std::string with(std::string_view replaced, std::string_view by) {
  std::string text(good);
  const std::size_t at = text.find(replaced);
  REQUIRE(at != text.npos);
  REQUIRE(text.find(replaced, at + 1) == text.npos);
  return text.replace(at, replaced.size(), by);
}

/// Why the good catalogue is refused after that change.
std::string refusal(std::string_view replaced, std::string_view by) {
  const auto layer = read_layer(with(replaced, by), "p.json", nullptr);
  if (layer) return "accepted";
  CHECK(layer.error().kind == ErrorKind::invalid_catalog);
  return layer.error().message;
}

std::shared_ptr<const Layer> layer_of(std::string_view text) {
  auto layer = read_layer(text, "p.json", nullptr);
  if (!layer) FAIL(layer.error().message);
  return *layer;
}

}  // namespace

TEST_CASE("catalogue text: everything of a good one is read") {
  const auto layer = layer_of(good);
  CHECK(layer->version == "t1");
  REQUIRE(layer->cards.size() == 1);
  const Card& card = layer->cards[0];
  CHECK(card.hosts == std::vector<std::string>{"api.p.com"});
  CHECK(card.context == 128000);
  REQUIRE(card.entries.size() == 2);
  const EntryRecord& first = card.entries[0];
  CHECK(first.entry.kind == "list");
  CHECK(first.entry.provider == "p");
  CHECK(first.entry.unit == 1000);
  CHECK(to_string(*first.rates[0].rates[Bucket::output]) == "0.0012");
  CHECK_FALSE(first.rates[0].rates[Bucket::input_cache_hit]);
  const EntryRecord& second = card.entries[1];
  CHECK_FALSE(second.entry.to);
  CHECK(second.entry.billing_instant == BillingInstant::started);
  CHECK(second.entry.source.verified_at == "2026-06-02");
  CHECK(second.entry.catalog_version == "t1");
  REQUIRE(second.rates.size() == 2);
  CHECK(second.rates[1].band == "peak");
  REQUIRE(second.tiers.size() == 1);
  CHECK(second.tiers[0].first_tokens == 1001);
  CHECK(second.tiers[0].rates.size() == 2);
  REQUIRE(second.service_tiers.size() == 1);
  REQUIRE(second.entry.units.size() == 1);
  CHECK(to_string(second.entry.units[0].price_of_one) == "0.005");
  CHECK(layer->aliases.size() == 2);
}

TEST_CASE("catalogue text: the hash of an entry does not depend on its layout") {
  const auto as_it_is = layer_of(good);
  const auto laid_out = layer_of(with(R"("offpeak": {"output": "1"},
             "peak": {"output": "2"}})",
                                      R"("peak":{"output":"2"},  "offpeak" : {"output":"1"} })"));
  const auto changed = layer_of(with(R"("peak": {"output": "2"})", R"("peak": {"output": "2.0"})"));
  CHECK(as_it_is->cards[0].entries[1].entry.sha256.size() == 64);
  CHECK(as_it_is->cards[0].entries[1].entry.sha256 == laid_out->cards[0].entries[1].entry.sha256);
  CHECK(as_it_is->cards[0].entries[1].entry.sha256 != changed->cards[0].entries[1].entry.sha256);
  CHECK(as_it_is->cards[0].entries[0].entry.sha256 == changed->cards[0].entries[0].entry.sha256);
}

TEST_CASE("catalogue text: the canonical JSON of an entry is sorted, without white space") {
  // printf '{"currency":"USD","id":"e","rates":{"default":{"output":"1"}},"to":null,"unit":1000}' |
  // sha256sum
  const auto layer = layer_of(R"({"schema": "tally.prices/1", "catalog_version": "t",
    "models": [{"provider": "p", "model": "m", "entries": [{"unit": 1000, "id": "e", "to": null,
      "rates": {"default": {"output": "1"}}, "currency": "USD"}]}]})");
  CHECK(layer->cards[0].entries[0].entry.sha256 ==
        "f38f51b98cb928c33492e7cb14430a082ad0fb289728d887323daf753fd1837e");
}

TEST_CASE("catalogue text: what is no JSON is refused") {
  const auto layer = read_layer("{\"schema\": \"tally.prices/1\",\n oops}", "p.json", nullptr);
  REQUIRE_FALSE(layer);
  CHECK(layer.error().kind == ErrorKind::invalid_catalog);
  CHECK(layer.error().message.find("p.json: ") == 0);
  CHECK(layer.error().message.find("line 2") != std::string::npos);
  CHECK_FALSE(read_layer("", "p.json", nullptr));
  CHECK(read_layer("[]", "p.json", nullptr).error().message ==
        "p.json, line 1, top level: found an array; expected an object");
}

TEST_CASE("catalogue text: cut off anywhere it is refused") {
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read_layer(good.substr(0, size), "p.json", nullptr));
  }
}

TEST_CASE("catalogue text: a key that is there twice is refused") {
  const std::string message =
      refusal(R"("from": "2026-06-01T00:00:00Z", "to": null)", R"("id": "e3", "to": null)");
  CHECK(message.find("line 10") != std::string::npos);
  CHECK(message.find("id") != std::string::npos);
}

TEST_CASE("catalogue text: another schema is refused, whatever else there is") {
  CHECK(refusal("tally.prices/1", "tally.prices/2") ==
        "p.json, line 1, schema: found \"tally.prices/2\"; this version reads tally.prices/1 only");
  CHECK(read_layer(R"({"prices": []})", "p.json", nullptr).error().message ==
        "p.json, line 1, schema: found nothing; expected a string");
}

TEST_CASE("catalogue text: a field that is missing is named") {
  CHECK(refusal(R"(, "catalog_version": "t1")", "") ==
        "p.json, line 1, catalog_version: found nothing; expected a string");
  CHECK(refusal(R"("provider": "p", "model": "m", "hosts")", R"("provider": "p", "hosts")") ==
        "p.json, line 7, models[0].model: found nothing; expected a string");
  CHECK(refusal(R"("id": "e2", )", "") ==
        "p.json, line 10, models[0].entries[1].id: found nothing; expected a string");
  CHECK(refusal(R"("id": "e2", "currency": "USD")", R"("id": "e2")") ==
        "p.json, line 10, models[0].entries[1].currency: found nothing; expected a string");
  CHECK(refusal(R"("default_band": "offpeak", )", "") ==
        "p.json, line 4, schedules.peaks.default_band: found nothing; expected a string");
  CHECK(refusal(R"("op": "gt", )", "") ==
        "p.json, line 13, models[0].entries[1].tiers[0].op: found nothing; expected a string");
}

TEST_CASE("catalogue text: a field that no table has is refused at every level") {
  CHECK(
      refusal(R"("catalog_version")", R"("x": 1, "catalog_version")")
          .find("p.json, line 1, x: found 1; no field has this name here; the names are schema") ==
      0);
  CHECK(refusal(R"("utc_offset_min")", R"("x": 1, "utc_offset_min")")
            .find("p.json, line 2, calendars.days-off.x: found 1; no field") == 0);
  CHECK(refusal(R"("default_band")", R"("x": 1, "default_band")")
            .find("p.json, line 4, schedules.peaks.x: found 1; no field") == 0);
  CHECK(refusal(R"("weekday_offset_min")", R"("x": 1, "weekday_offset_min")")
            .find("p.json, line 6, schedules.peaks.windows[0].x: found 1; no field") == 0);
  CHECK(refusal(R"("context")", R"("x": 1, "context")")
            .find("p.json, line 7, models[0].x: found 1; no field") == 0);
  CHECK(refusal(R"("unit")", R"("x": 1, "unit")")
            .find("p.json, line 9, models[0].entries[0].x: found 1; no field") == 0);
  CHECK(refusal(R"("input_cache_miss")", R"("input")") ==
        "p.json, line 9, models[0].entries[0].rates.default.input: found \"0.2\"; no bucket has "
        "this name");
  CHECK(refusal(R"("op": "gt")", R"("x": 1, "op": "gt")")
            .find("p.json, line 13, models[0].entries[1].tiers[0].x: found 1; no field") == 0);
  CHECK(refusal(R"("flex": {)", R"("flex": {"x": 1, )")
            .find("p.json, line 14, models[0].entries[1].service_tiers.flex.x: found 1; no") == 0);
  CHECK(refusal(R"("per": 1000)", R"("per": 1000, "x": 1)")
            .find("p.json, line 15, models[0].entries[1].units.page.x: found 1; no field") == 0);
  CHECK(refusal(R"("url")", R"("x": 1, "url")")
            .find("p.json, line 16, models[0].entries[1].source.x: found 1; no field") == 0);
  CHECK(refusal(R"("to": "2026-03-01T00:00:00Z")", R"("x": 1)")
            .find("p.json, line 17, aliases[0].x: found 1; no field") == 0);
}

TEST_CASE("catalogue text: a field of another type is refused") {
  CHECK(refusal(R"("t1")", "7") == "p.json, line 1, catalog_version: found 7; expected a string");
  CHECK(refusal(R"("id": "e2")", R"("id": null)") ==
        "p.json, line 10, models[0].entries[1].id: found null; expected a string");
  CHECK(refusal(R"(["api.p.com"])", R"("api.p.com")") ==
        "p.json, line 7, models[0].hosts: found \"api.p.com\"; expected an array");
  CHECK(refusal(R"({"output": "2"})", R"("2")") ==
        "p.json, line 12, models[0].entries[1].rates.peak: found \"2\"; expected an object");
  CHECK(refusal("128000", "128000.5") ==
        "p.json, line 7, models[0].context: found 128000.5; expected a whole number from 1 to "
        "1125899906842624");
  CHECK(refusal(R"("id": "e2")", R"("free": "yes", "id": "e2")") ==
        "p.json, line 10, models[0].entries[1].free: found \"yes\"; expected true or false");
}

TEST_CASE("catalogue text: a text that may not be empty is refused") {
  CHECK(refusal(R"("id": "e2")", R"("id": "")") ==
        "p.json, line 10, models[0].entries[1].id: found \"\"; it may not be empty");
}

TEST_CASE("catalogue text: a price that is a JSON number is refused") {
  CHECK(
      refusal(R"("1.2")", "1.2") ==
      "p.json, line 9, models[0].entries[0].rates.default.output: found 1.2; a price is a string, "
      "so that it is read as a decimal and no digit is lost");
  CHECK(refusal(R"("price": "5")", R"("price": 5)")
            .find("p.json, line 15, models[0].entries[1].units.page.price: found 5; a price is") ==
        0);
}

TEST_CASE("catalogue text: a price that is no decimal of 18 digits is refused") {
  for (const std::string_view bad :
       {"", "abc", "1,2", "$1", "1.2 ", "0x1", "NaN", "1.2.3", "0.0000000000000000001"}) {
    CAPTURE(bad);
    CHECK(refusal(R"("1.2")", '"' + std::string(bad) + '"') ==
          "p.json, line 9, models[0].entries[0].rates.default.output: found \"" + std::string(bad) +
              "\"; expected a decimal number with at most 18 digits after the point");
  }
}

TEST_CASE("catalogue text: a negative price is refused") {
  CHECK(refusal(R"("1.2")", R"("-1.2")") ==
        "p.json, line 9, models[0].entries[0].rates.default.output: found \"-1.2\"; a price is not "
        "negative");
}

TEST_CASE("catalogue text: a price of one that is no whole number of 10^-18 is refused") {
  // 0.0000000000000012 / 1000 has 19 decimals and more.
  CHECK(refusal(R"("1.2")", R"("0.0000000000000012")") ==
        "p.json, line 9, models[0].entries[0].rates.default.output: found \"0.0000000000000012\"; "
        "the price of one, which is this over 1000, is not a whole number of 10^-18");
  CHECK(refusal(R"("unit": 1000)", R"("unit": 7)").find("p.json, line 9, models[0].entries[0]") ==
        0);
  CHECK(refusal(R"("per": 1000)", R"("per": 3)").find("p.json, line 15, ") == 0);
}

TEST_CASE("catalogue text: a price of 0 must be declared free") {
  CHECK(refusal(R"("1.2")", R"("0.00")") ==
        "p.json, line 9, models[0].entries[0].rates.default.output: found \"0.00\"; a price of 0 "
        "needs \"free\": true in its entry, so that it is meant");
  CHECK(
      refusal(R"("unit": 1000, "rates": {"default": {"input_cache_miss": "0.2", "output": "1.2"}})",
              R"("free": true, "rates": {"default": {"output": "0"}})") == "accepted");
}

TEST_CASE("catalogue text: a unit is at least 1") {
  CHECK(refusal(R"("unit": 1000)", R"("unit": 0)") ==
        "p.json, line 9, models[0].entries[0].unit: found 0; expected a whole number from 1 to "
        "9223372036854775807");
  CHECK(refusal(R"("unit": 1000)", R"("unit": -5)").find("p.json, line 9, ") == 0);
  CHECK(refusal(R"("per": 1000)", R"("per": 0)").find("p.json, line 15, ") == 0);
}

TEST_CASE("catalogue text: entries of one model and currency may not overlap") {
  CHECK(refusal(R"("to": "2026-06-01T00:00:00Z")", R"("to": "2026-06-01T00:00:01Z")") ==
        "p.json, line 10, models[0].entries[1]: found an object; its interval overlaps that of "
        "line 8; never does the last one win");
  CHECK(refusal(R"(, "to": "2026-06-01T00:00:00Z")", "").find("p.json, line 10, ") == 0);
  CHECK(refusal(R"("from": "2026-06-01T00:00:00Z", )", "").find("overlaps") != std::string::npos);
  CHECK(refusal(R"("id": "e2", "currency": "USD", "from": "2026-06-01T00:00:00Z")",
                R"("id": "e2", "currency": "CNY")") == "accepted");
}

TEST_CASE("catalogue text: announced entries may overlap, since they never price") {
  const auto layer = layer_of(with(R"("from": "2026-06-01T00:00:00Z", "to": null)",
                                   R"("from": "2026-02-01T00:00:00Z", "kind": "announced")"));
  CHECK(layer->cards[0].entries.size() == 1);
  CHECK(layer->announced.size() == 1);
}

TEST_CASE("catalogue text: aliases of one name may not overlap") {
  CHECK(
      refusal(R"("to": "2026-03-01T00:00:00Z")", R"("to": "2026-03-01T00:00:01Z")") ==
      "p.json, line 18, aliases[1]: found an object; its interval overlaps that of line 17; never "
      "does the last one win");
}

TEST_CASE("catalogue text: an interval begins before it ends") {
  CHECK(refusal(R"("to": "2026-06-01T00:00:00Z")", R"("to": "2026-01-01T00:00:00Z")") ==
        "p.json, line 8, models[0].entries[0]: found an object; `from` is not before `to`");
  CHECK(refusal(R"("to": "2026-03-01T00:00:00Z")",
                R"("from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z")")
            .find("p.json, line 17, aliases[0]: ") == 0);
}

TEST_CASE("catalogue text: an instant or a day that does not exist is refused") {
  CHECK(refusal(R"("to": "2026-06-01T00:00:00Z")", R"("to": "2026-06-31T00:00:00Z")") ==
        "p.json, line 8, models[0].entries[0].to: found \"2026-06-31T00:00:00Z\"; expected an "
        "instant like 2026-09-10T04:00:00Z, or null where it is open");
  CHECK(refusal("2026-12-25", "2026-02-29") ==
        "p.json, line 3, calendars.days-off.days[1]: found \"2026-02-29\"; expected a day like "
        "2026-10-01 or a range like 2026-10-01..2026-10-07");
  CHECK(refusal("2026-10-01..2026-10-07", "2026-10-07..2026-10-01").find("p.json, line 3, ") == 0);
  CHECK(refusal("2026-10-01..2026-10-07", "2026-10-01..").find("p.json, line 3, ") == 0);
  CHECK(refusal(R"("2026-12-31"])", R"("2026-13-31"])") ==
        "p.json, line 2, calendars.days-off.covers[1]: found \"2026-13-31\"; expected a day that "
        "exists, like 2026-10-01");
  CHECK(refusal(R"(["2026-01-01", "2026-12-31"])", R"(["2026-12-31", "2026-01-01"])")
            .find("p.json, line 2, calendars.days-off.covers: ") == 0);
  CHECK(refusal(R"(["2026-01-01", "2026-12-31"])", R"(["2026-01-01"])")
            .find("p.json, line 2, calendars.days-off.covers: ") == 0);
  CHECK(refusal(R"("verified_at": "2026-06-02")", R"("verified_at": "June")")
            .find("p.json, line 16, models[0].entries[1].source.verified_at: found \"June\"") == 0);
}

TEST_CASE("catalogue text: a price that nobody checked yet may say so") {
  CHECK(refusal(R"("verified_at": "2026-06-02")", R"("verified_at": null)") == "accepted");
}

TEST_CASE("catalogue text: what it refers to must be there") {
  CHECK(refusal(R"("schedule": "peaks")", R"("schedule": "nights")") ==
        "p.json, line 10, models[0].entries[1].schedule: found \"nights\"; no schedule has this "
        "name");
  CHECK(refusal(R"("except_calendar": "days-off")", R"("except_calendar": "feasts")") ==
        "p.json, line 6, schedules.peaks.windows[0].except_calendar: found \"feasts\"; no calendar "
        "has this name");
  CHECK(refusal(R"("model": "m", "to")", R"("model": "n", "to")") ==
        "p.json, line 17, aliases[0]: found an object; no model \"n\" of provider \"p\" is there");
}

TEST_CASE("catalogue text: rates have exactly the bands of the schedule") {
  CHECK(refusal(R"("peak": {"output": "2"})", R"("noon": {"output": "2"})") ==
        "p.json, line 11, models[0].entries[1].rates.peak: found nothing; expected an object");
  CHECK(refusal(R"("peak": {"output": "2"})", R"("peak": {"output": "2"}, "noon": {})") ==
        "p.json, line 12, models[0].entries[1].rates.noon: found an object; rates have one set for "
        "each band of the schedule, or else `default`; here: offpeak peak");
  CHECK(
      refusal(R"(, "schedule": "peaks")", "").find("p.json, line 11, models[0].entries[1].rates") ==
      0);
}

TEST_CASE("catalogue text: a window that crosses nothing is refused") {
  CHECK(
      refusal(R"("end": "04:00")", R"("end": "01:00")") ==
      "p.json, line 5, schedules.peaks.windows[0]: found an object; a window that starts and ends "
      "at the same time crosses nothing");
  CHECK(refusal("[1, 2, 3, 4, 5]", "[]").find("p.json, line 5, ") == 0);
  CHECK(refusal(R"("band": "peak")", R"("band": "offpeak")")
            .find("p.json, line 4, schedules.peaks.windows: ") == 0);
}

TEST_CASE("catalogue text: times, weekdays and offsets are those that exist") {
  for (const std::string_view bad : {"24:00", "12:60", "1:00", "01.00", "", "0a:00", "-1:00"}) {
    CAPTURE(bad);
    CHECK(refusal(R"("start": "01:00")", "\"start\": \"" + std::string(bad) + '"') ==
          "p.json, line 5, schedules.peaks.windows[0].start: found \"" + std::string(bad) +
              "\"; expected a time from 00:00 to 23:59");
  }
  CHECK(
      refusal("[1, 2, 3, 4, 5]", "[0]") ==
      "p.json, line 5, schedules.peaks.windows[0].weekdays[0]: found 0; expected a weekday from 1 "
      "(Monday) to 7 (Sunday)");
  CHECK(refusal("[1, 2, 3, 4, 5]", "[8]").find("p.json, line 5, ") == 0);
  CHECK(refusal("[1, 2, 3, 4, 5]", "[1, 1]").find("p.json, line 5, ") == 0);
  CHECK(refusal(R"("weekday_offset_min": 480)", R"("weekday_offset_min": 900)")
            .find("p.json, line 6, ") == 0);
  CHECK(refusal(R"("band": "peak")", R"("tz": "Asia/Shanghai", "band": "peak")") ==
        "p.json, line 5, schedules.peaks.windows[0].tz: found \"Asia/Shanghai\"; expected UTC");
}

TEST_CASE("catalogue text: a window and its calendar agree on where a day begins") {
  CHECK(refusal(R"("weekday_offset_min": 480)", R"("weekday_offset_min": 540)") ==
        "p.json, line 6, schedules.peaks.windows[0].except_calendar: found \"days-off\"; its "
        "utc_offset_min differs from the window's weekday_offset_min");
}

TEST_CASE("catalogue text: words are those of the format") {
  CHECK(
      refusal(R"("id": "e2")", R"("id": "e2", "kind": "guess")") ==
      "p.json, line 10, models[0].entries[1].kind: found \"guess\"; expected list promo announced");
  CHECK(refusal(R"("confidence": "high")", R"("confidence": "sure")").find("p.json, line 15, ") ==
        0);
  CHECK(refusal(R"("billing_instant": "started")", R"("billing_instant": "paid")")
            .find("p.json, line 4, ") == 0);
  CHECK(refusal(R"("op": "gt")", R"("op": ">")").find("p.json, line 13, ") == 0);
  CHECK(
      refusal(R"("currency": "USD", "from": "2026-06-01T00:00:00Z")",
              R"("currency": "usd", "from": "2026-06-01T00:00:00Z")") ==
      "p.json, line 10, models[0].entries[1].currency: found \"usd\"; expected a currency's three "
      "capital letters, like USD");
}

TEST_CASE("catalogue text: an id, a card or a tier that is there twice is refused") {
  CHECK(refusal(R"("id": "e2")", R"("id": "e1")") ==
        "p.json, line 10, models[0].entries[1]: found an object; an earlier entry has the same id");
  CHECK(refusal(R"("aliases": [)", R"("aliases": [ )") == "accepted");
  CHECK(
      refusal(R"("models": [)", R"("models": [{"provider": "p", "model": "m", "entries": []}, )") ==
      "p.json, line 7, models[1]: found an object; provider and model are the key, and an earlier "
      "card has the same");
  CHECK(refusal(R"({"op": "gt", "value": 1000,)",
                R"({"op": "ge", "value": 1001, "rates": {}}, {"op": "gt", "value": 1000,)") ==
        "p.json, line 13, models[0].entries[1].tiers[1]: found an object; another tier begins at "
        "the same number of tokens");
}

TEST_CASE("catalogue text: an entry prices something") {
  CHECK(
      refusal(R"("unit": 1000, "rates": {"default": {"input_cache_miss": "0.2", "output": "1.2"}})",
              R"("unit": 1000)") ==
      "p.json, line 8, models[0].entries[0]: found an object; an entry prices something: it has "
      "`rates`, `units`, or both");
}

TEST_CASE("catalogue text: a card for no host is refused") {
  CHECK(refusal(R"(["api.p.com"])", "[]").find("p.json, line 7, models[0].hosts: ") == 0);
}
