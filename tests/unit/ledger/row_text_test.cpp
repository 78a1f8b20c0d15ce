// SPDX-License-Identifier: MIT
#include "ledger/row_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_literals;
using tally::Anomaly;
using tally::BillState;
using tally::Bucket;
using tally::Budget;
using tally::CostFlag;
using tally::Decimal;
using tally::Labels;

TEST_CASE("row text: bad UTF-8 becomes U+FFFD and NUL bytes are left out") {
  CHECK(tally::clean_text("smith") == "smith");
  CHECK(tally::clean_text("a\xff"
                          "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(tally::clean_text("a\0b\0"s) == "ab");
  CHECK(tally::clean_text("\0"s).empty());
  CHECK(tally::clean_text("\xE4\xBD\xA0") == "\xE4\xBD\xA0");
}

TEST_CASE("row text: labels are written as JSON and read back") {
  const Labels labels{{"npc", "smith"}, {"player", "p-117"}, {"quote", "a \"b\"\n\\"}, {"", ""}};
  CHECK(tally::labels_to_json(labels) ==
        R"({"":"","npc":"smith","player":"p-117","quote":"a \"b\"\n\\"})");
  CHECK(tally::labels_from_json(tally::labels_to_json(labels)) == labels);
  CHECK(tally::labels_to_json({}) == "{}");
  CHECK(tally::labels_from_json("{}") == Labels{});
}

TEST_CASE("row text: labels of any bytes are cleaned, and of two keys that meet the first stays") {
  const Labels labels{{"a", "first"}, {"a\0"s, "second"}, {"b\xff", "c\0d"s}};
  const Labels clean{{"a", "first"}, {"b\xEF\xBF\xBD", "cd"}};
  CHECK(tally::clean_labels(labels) == clean);
  CHECK(tally::labels_from_json(tally::labels_to_json(labels)) == clean);
}

TEST_CASE("row text: a label of one megabyte is kept") {
  const Labels labels{{"story", std::string(1 << 20, 'x')}};
  CHECK(tally::labels_from_json(tally::labels_to_json(labels)) == labels);
}

TEST_CASE("row text: what is no object of texts is no labels") {
  for (const char* json : {"", "[]", "null", "{", R"({"a":1})", R"({"a":null})", R"({"a":{}})"}) {
    CHECK_MESSAGE(!tally::labels_from_json(json), json);
  }
}

TEST_CASE("row text: a whole row is cleaned, and a clean one stays as it is") {
  tally::LedgerRow row;
  row.attempt_id = "a-1";
  row.model_reported = "m\xff";
  row.usage.raw = "{\0}"s;
  row.error = "x\0y"s;
  row.price = tally::PriceReference{};
  row.price->entry_id = "e\0"s;
  row.labels = {{"npc", "\xC3"}};
  row.cost.reported = tally::ReportedCost{tally::cents(1), "0.01\0"s, false};
  const tally::LedgerRow clean = tally::clean_row(row);
  CHECK(clean.attempt_id == "a-1");
  CHECK(clean.model_reported == "m\xEF\xBF\xBD");
  CHECK(clean.usage.raw == "{}");
  CHECK(clean.error == "xy");
  CHECK(clean.price->entry_id == "e");
  CHECK(clean.labels == Labels{{"npc", "\xEF\xBF\xBD"}});
  CHECK(clean.cost.reported->text == "0.01");
}

TEST_CASE("row text: the lines of a cost keep every digit, and those without a price") {
  tally::Cost cost;
  cost.lines = {{Bucket::input_cache_miss, 20000, Decimal{0, 280'000'000'000},
                 Decimal{0, 5'600'000'000'000'000}},
                {Bucket::output, 3, Decimal{0, 1}, Decimal{0, 3}}};
  cost.without_price = {{Bucket::output_audio, 7}};
  const std::string json = tally::cost_lines_to_json(cost);
  CHECK(
      json ==
      R"([{"bucket":"input_cache_miss","quantity":20000,"per_token":"0.00000028","amount":"0.0056"},)"
      R"({"bucket":"output","quantity":3,"per_token":"0.000000000000000001","amount":"0.000000000000000003"},)"
      R"({"bucket":"output_audio","quantity":7}])");
  const auto read = tally::cost_lines_from_json(json);
  REQUIRE(read);
  REQUIRE(read->lines.size() == 2);
  CHECK(read->lines[0].bucket == Bucket::input_cache_miss);
  CHECK(read->lines[0].quantity == 20000);
  CHECK(read->lines[0].per_token == Decimal{0, 280'000'000'000});
  CHECK(read->lines[0].amount == Decimal{0, 5'600'000'000'000'000});
  CHECK(read->lines[1].amount == Decimal{0, 3});
  REQUIRE(read->without_price.size() == 1);
  CHECK(read->without_price[0].bucket == Bucket::output_audio);
  CHECK(read->without_price[0].quantity == 7);
  CHECK(tally::cost_lines_to_json({}) == "[]");
}

TEST_CASE("row text: broken lines of a cost are refused, not read as less") {
  for (const char* json :
       {"", "{}", "[1]", R"([{"quantity":7}])", R"([{"bucket":"gold","quantity":7}])",
        R"([{"bucket":"output"}])", R"([{"bucket":"output","quantity":1.5}])",
        R"([{"bucket":"output","quantity":1,"per_token":"1"}])",
        R"([{"bucket":"output","quantity":1,"per_token":1,"amount":"1"}])",
        R"([{"bucket":"output","quantity":1,"per_token":"1","amount":"x"}])"}) {
    CHECK_MESSAGE(!tally::cost_lines_from_json(json), json);
  }
}

TEST_CASE("row text: the lines of units have their names") {
  tally::Cost cost;
  cost.lines = {{Bucket::unit, 3, Decimal{0, 10'000'000'000'000'000},
                 Decimal{0, 30'000'000'000'000'000}, "search_query"}};
  cost.without_price = {{Bucket::unit, 0, "page"}};
  const std::string json = tally::cost_lines_to_json(cost);
  CHECK(
      json ==
      R"([{"bucket":"unit","unit":"search_query","quantity":3,"per_token":"0.01","amount":"0.03"},)"
      R"({"bucket":"unit","unit":"page","quantity":0}])");
  const auto read = tally::cost_lines_from_json(json);
  REQUIRE(read);
  CHECK(read->lines[0].name() == "search_query");
  CHECK(read->without_price[0].name() == "page");
  CHECK_FALSE(tally::cost_lines_from_json(R"([{"bucket":"unit","quantity":3}])"));
  CHECK_FALSE(tally::cost_lines_from_json(R"([{"bucket":"output","unit":"x","quantity":3}])"));
}

TEST_CASE("row text: what is billed beside tokens is written only where there is any") {
  tally::Usage usage;
  CHECK(tally::billed_extras_to_json(usage).empty());
  usage.billed.parts = {1, 2, 3, 4, 5, 6};
  CHECK(
      tally::billed_extras_to_json(usage) ==
      R"({"audio_miss":1,"image_miss":2,"audio_hit":3,"write_1h":4,"audio_output":5,"image_output":6})");
  usage.billed.parts = {69, 0, 0, 0, 0, 0};
  usage.units = {{"search_query", 3}, {"page", std::nullopt}};
  const std::string json = tally::billed_extras_to_json(usage);
  CHECK(json == R"({"audio_miss":69,"units":{"search_query":3,"page":null}})");
  const auto read = tally::billed_extras_from_json(json);
  REQUIRE(read);
  CHECK(read->parts.audio_miss == 69);
  REQUIRE(read->units.size() == 2);
  CHECK(read->units[0].count == 3);
  CHECK_FALSE(read->units[1].count);
  CHECK(tally::billed_extras_from_json("")->units.empty());
  for (const char* broken : {"[]", "{", R"({"gold":1})", R"({"audio_miss":"1"})", R"({"units":[]})",
                             R"({"units":{"page":"1"}})"}) {
    CHECK_MESSAGE(!tally::billed_extras_from_json(broken), broken);
  }
}

TEST_CASE("row text: names of anomalies and flags are read back, every one of them") {
  const std::vector<Anomaly> anomalies{
      Anomaly::prompt_split_mismatch, Anomaly::cached_gt_prompt, Anomaly::reasoning_gt_completion,
      Anomaly::total_residual,        Anomaly::total_short,      Anomaly::bad_count,
      Anomaly::usage_regressed,       Anomaly::other_modality,   Anomaly::cached_kind_unknown};
  CHECK(tally::anomalies_from_text(tally::anomalies_to_text(anomalies)) == anomalies);
  CHECK(tally::anomalies_to_text({Anomaly::bad_count, Anomaly::total_short}) ==
        "bad_count,total_short");
  CHECK(tally::anomalies_to_text({}).empty());
  CHECK(tally::anomalies_from_text("") == std::vector<Anomaly>{});

  const std::vector<CostFlag> flags{CostFlag::straddles_bands, CostFlag::output_unbounded,
                                    CostFlag::missing_quantity, CostFlag::unexplained_total};
  CHECK(tally::flags_from_text(tally::flags_to_text(flags)) == flags);

  CHECK(!tally::anomalies_from_text("bad_count,gold"));
  CHECK(!tally::anomalies_from_text("bad_count,,total_short"));
  CHECK(!tally::flags_from_text("bad_count"));
}

TEST_CASE("row text: states, sources and reasons are read back by name") {
  for (const BillState state : {BillState::reserved, BillState::settled, BillState::estimated,
                                BillState::partial, BillState::unpriced, BillState::not_billed}) {
    CHECK(tally::bill_state_from_text(to_string(state)) == state);
  }
  CHECK(tally::bill_state_from_text("not_billed") == BillState::not_billed);
  CHECK(!tally::bill_state_from_text("Settled"));
  CHECK(!tally::bill_state_from_text(""));
  CHECK(tally::usage_source_from_text("mixed") == tally::UsageSource::mixed);
  CHECK(!tally::usage_source_from_text("server"));
  for (int i = 0; i <= static_cast<int>(tally::UnpricedReason::mixed_currencies); ++i) {
    const auto reason = static_cast<tally::UnpricedReason>(i);
    CHECK(tally::unpriced_reason_from_text(to_string(reason)) == reason);
  }
}

Budget full_budget() {
  Budget budget;
  budget.id = "npc \"day\"";
  budget.limit = {Decimal{2, 500'000'000'000'000'001}, tally::cny};
  budget.window = tally::BudgetWindow::week;
  budget.zone = *tally::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3");
  budget.scope = {{"npc", "smith"}, {"provider", "deepseek"}};
  budget.soft_permille = 800;
  budget.on_exceed = tally::OnExceed::warn;
  budget.on_unpriced = tally::OnUnpriced::assume;
  budget.assume_input = Decimal{1, 0};
  budget.assume_output = Decimal{0, 420'000'000'000'000'000};
  budget.assume_max_tokens = 5'000'000'000;
  budget.most_in_flight = 4;
  budget.requests_per_minute = 60;
  return budget;
}

TEST_CASE("row text: a budget is written whole") {
  CHECK(tally::budget_to_json(full_budget()) ==
        R"({"id":"npc \"day\"","limit":"2.500000000000000001","currency":"CNY","window":"week",)"
        R"("zone":"CET-1CEST,M3.5.0,M10.5.0/3","scope":{"npc":"smith","provider":"deepseek"},)"
        R"("soft_permille":800,"on_exceed":"warn","on_unpriced":"assume","assume_input":"1",)"
        R"("assume_output":"0.42","assume_max_tokens":5000000000,"most_in_flight":4,)"
        R"("requests_per_minute":60})");
}

TEST_CASE("row text: a budget is read back as it was") {
  const auto read = tally::budget_from_json(tally::budget_to_json(full_budget()));
  REQUIRE(read);
  CHECK(read->id == "npc \"day\"");
  CHECK(read->limit == tally::Money{Decimal{2, 500'000'000'000'000'001}, tally::cny});
  CHECK(read->window == tally::BudgetWindow::week);
  CHECK(to_string(read->zone) == "CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(read->scope == Labels{{"npc", "smith"}, {"provider", "deepseek"}});
  CHECK(read->soft_permille == 800);
  CHECK(read->on_exceed == tally::OnExceed::warn);
  CHECK(read->on_unpriced == tally::OnUnpriced::assume);
  CHECK(read->assume_input == Decimal{1, 0});
  CHECK(read->assume_output == Decimal{0, 420'000'000'000'000'000});
  CHECK(read->assume_max_tokens == 5'000'000'000);
  CHECK(read->most_in_flight == 4);
  CHECK(read->requests_per_minute == 60);

  for (int i = 0; i <= static_cast<int>(tally::BudgetWindow::total); ++i) {
    Budget budget;
    budget.id = "b";
    budget.window = static_cast<tally::BudgetWindow>(i);
    const auto again = tally::budget_from_json(tally::budget_to_json(budget));
    REQUIRE(again);
    CHECK(again->window == budget.window);
    CHECK(to_string(again->zone) == "UTC");
  }
}

TEST_CASE("row text: a stored budget that is broken says which member") {
  const auto broken = [](const std::string& from, const std::string& to) {
    std::string json = tally::budget_to_json(full_budget());
    json.replace(json.find(from), from.size(), to);
    const auto read = tally::budget_from_json(json);
    REQUIRE(!read.has_value());
    CHECK(read.error().kind == tally::ErrorKind::ledger);
    return read.error().message;
  };
  CHECK(broken("\"limit\"", "\"limits\"").find("\"limit\"") != std::string::npos);
  CHECK(broken("\"CNY\"", "\"yuan\"").find("\"currency\"") != std::string::npos);
  CHECK(broken("\"week\"", "\"year\"").find("\"window\"") != std::string::npos);
  CHECK(broken("CET-1CEST,", "CET-1CEST;").find("\"zone\"") != std::string::npos);
  CHECK(broken("\"smith\"", "1").find("\"scope\"") != std::string::npos);
  CHECK(broken(":800", ":8e9").find("\"soft_permille\"") != std::string::npos);
  CHECK(broken(":4,", ":4000000000,").find("\"most_in_flight\"") != std::string::npos);
  CHECK(!tally::budget_from_json("").has_value());
  CHECK(!tally::budget_from_json("[]").has_value());
}

}  // namespace
