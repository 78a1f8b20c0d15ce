// SPDX-License-Identifier: MIT

// What an NPC may cost a day, and a ledger that knows what it did cost. Asks until the budget says
// no. The file stays: run it again, and the day's budget is still spent.
//
//   DEEPSEEK_API_KEY=sk-... ./05_budget_and_ledger

#include <iostream>
#include <tally/tally.hpp>

namespace {

int fail(const tally::Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

// The totals of each NPC, and the first call as CSV.
int report(const tally::Ledger& ledger, const std::string& first_call) {
  tally::LedgerGrouping grouping;
  grouping.by_label = "npc";
  auto totals = ledger.totals({}, grouping);
  if (!totals) return fail(totals.error());
  for (const tally::LedgerTotal& total : *totals) {
    std::cout << total.label << ": " << total.calls << " calls";
    if (total.currency) std::cout << ", " << tally::Money{total.total(), *total.currency};
    std::cout << '\n';
  }

  tally::LedgerFilter filter;
  filter.call_id = first_call;
  auto exported = ledger.export_rows(std::cout, tally::ExportFormat::csv, filter);
  return exported ? 0 : fail(exported.error());
}

}  // namespace

int main() {
  auto ledger = tally::Ledger::open("game.db");
  if (!ledger) return fail(ledger.error());

  tally::Budget budget;
  budget.id = "smith-day";
  budget.limit = {*tally::Decimal::parse("0.0002"), tally::usd};
  budget.window = tally::BudgetWindow::day;
  budget.scope = {{"npc", "smith"}};
  budget.assume_max_tokens = 50;  // Written into requests that set no max_tokens.
  if (auto set = ledger->set_budget(budget); !set) return fail(set.error());

  auto options = tally::options_from_environment();
  options.ledger = *ledger;
  auto client = tally::Client::open(options);
  if (!client) return fail(client.error());

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  tally::CallOptions call;
  call.labels = {{"npc", "smith"}, {"player", "p-117"}};

  std::string first_call;
  while (true) {
    auto [reply, receipt] = client->chat(request, call);
    std::cout << receipt << '\n';
    if (first_call.empty()) first_call = receipt.call_id;
    if (receipt.refusal) {
      std::cout << to_string(*receipt.refusal) << '\n';
      break;
    }
    if (!reply) return fail(reply.error());
  }
  return report(*ledger, first_call);
}
