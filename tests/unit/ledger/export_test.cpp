// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "told_store.hpp"

namespace {

using tally::BillState;
using tally::Decimal;
using tally::ExportFormat;
using tally::Ledger;

bool holds(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  CHECK_MESSAGE(found, part << " in\n" << text);
  return found;
}

tally::LedgerRow row_of(std::string model) {
  tally::LedgerRow row;
  row.attempt_id = "a-1";
  row.call_id = "c-1";
  row.state = BillState::estimated;
  row.model_requested = std::move(model);
  row.labels = {{"npc", "smith"}};
  row.usage.prompt_tokens = 18;
  row.cost.is_estimate = true;
  row.cost.total = tally::Money{Decimal{0, 27'900'000'000'000}, tally::usd};
  row.cost.reported_difference = tally::cents(-1);
  return row;
}

std::string exported(const tally::LedgerRow& row, ExportFormat format) {
  auto store = std::make_shared<ToldStore>();
  store->rows = {row};
  std::ostringstream out;
  REQUIRE(Ledger(store).export_rows(out, format));
  return out.str();
}

TEST_CASE("export: CSV has a line of names, and as many fields in each row") {
  const std::string text = exported(row_of("deepseek-flash"), ExportFormat::csv);
  const std::size_t end = text.find("\r\n");
  const std::string names = text.substr(0, end);
  const std::string row = text.substr(end + 2);
  CHECK(names.substr(0, 52) == "attempt_id,call_id,attempt_number,revision,state,est");
  CHECK(row.substr(0, 26) == "a-1,c-1,1,0,estimated,true");
  CHECK(row.substr(row.size() - 2) == "\r\n");
  // No field of this row has a comma in it.
  CHECK(std::count(names.begin(), names.end(), ',') == std::count(row.begin(), row.end(), ','));
  holds(row, R"(,"{""npc"":""smith""}",)");
  holds(row, ",0.0000279,");
  holds(row, ",-0.01,");  // An amount is no formula.
}

TEST_CASE("export: a name that begins like a formula is text in CSV, and quotes are doubled") {
  holds(exported(row_of("=1+2"), ExportFormat::csv), ",'=1+2,");
  holds(exported(row_of("+1"), ExportFormat::csv), ",'+1,");
  holds(exported(row_of("-1"), ExportFormat::csv), ",'-1,");
  holds(exported(row_of("@sum"), ExportFormat::csv), ",'@sum,");
  holds(exported(row_of("=a,\"b\"\n"), ExportFormat::csv), ",\"'=a,\"\"b\"\"\n\",");
  holds(exported(row_of("a=b"), ExportFormat::csv), ",a=b,");
}

TEST_CASE("export: a JSON line has amounts as strings, and leaves out what is not known") {
  const std::string text = exported(row_of("=1"), ExportFormat::json_lines);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.back() == '\n');
  holds(text, R"({"attempt_id":"a-1","call_id":"c-1","attempt_number":1,)");
  holds(text, R"("state":"estimated","estimated":true,)");
  holds(text, R"("model_requested":"=1")");
  holds(text, R"("labels":{"npc":"smith"})");
  holds(text, R"("cost":"0.0000279")");
  holds(text, R"("prompt_tokens":18)");
  CHECK(text.find("completion_tokens") == std::string::npos);
  CHECK(text.find("null") == std::string::npos);
}

TEST_CASE("export: a stream that takes no more is an error") {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  const auto done = Ledger(std::make_shared<ToldStore>()).export_rows(out, ExportFormat::csv);
  REQUIRE(!done);
  CHECK(done.error().kind == tally::ErrorKind::ledger);
}

TEST_CASE("export: Prometheus gets costs by state, tokens by kind, and what budgets have left") {
  auto store = std::make_shared<ToldStore>();
  store->sums = [](const tally::LedgerFilter&) {
    tally::LedgerTotal settled;
    settled.provider = "deepseek";
    settled.model = "a\"b\\c\nd";
    settled.state = BillState::settled;
    settled.currency = tally::usd;
    settled.settled = Decimal{0, 8'680'000'000'000'000};
    settled.cache_hit_tokens = 80;
    settled.output_tokens = 2;
    tally::LedgerTotal unpriced = settled;
    unpriced.state = BillState::unpriced;
    unpriced.settled = Decimal{};
    unpriced.output_tokens = 5;
    unpriced.unpriced_attempts = 3;
    return std::vector<tally::LedgerTotal>{settled, unpriced};
  };
  tally::Budget budget;
  budget.id = "npc-day";
  budget.limit = tally::cents(40);
  store->known_budgets = {budget};
  store->status.limit = budget.limit;
  store->status.spent = Decimal{0, 390'000'000'000'000'000};
  store->status.held = Decimal{0, 30'000'000'000'000'000};
  const auto text = Ledger(store).prometheus();
  REQUIRE(text);
  holds(*text, "# TYPE tally_cost_total counter\n");
  holds(*text, "for rates, not for books.\n");
  holds(
      *text,
      R"(tally_cost_total{currency="USD",provider="deepseek",model="a\"b\\c\nd",state="settled"} 0.00868)"
      "\n");
  CHECK(text->find("state=\"unpriced\"") == std::string::npos);
  holds(*text, R"(kind="cache_hit"} 160)");
  holds(*text, R"(kind="output"} 7)");
  holds(*text, "tally_unpriced_calls_total{provider=\"deepseek\",model=\"a\\\"b\\\\c\\nd\"} 3\n");
  holds(*text, "tally_budget_remaining{budget=\"npc-day\",currency=\"USD\"} -0.02\n");
}

}  // namespace
