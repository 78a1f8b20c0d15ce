// SPDX-License-Identifier: MIT
//
// Many game servers, one PostgreSQL: every call is labelled with its player, every player has a
// budget for the day, and what each of them spent is one question.
//
//     ./10_fleet_postgres "host=db.example dbname=tally" [base URL]
//
// Reads DEEPSEEK_API_KEY.
#include <cstdlib>
#include <iostream>
#include <tally/postgres.hpp>
#include <tally/tally.hpp>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: 10_fleet_postgres \"host=... dbname=...\" [base URL]\n"
                 "It needs a PostgreSQL server, and DEEPSEEK_API_KEY.\n";
    return 2;
  }
  auto store = tally::open_postgres_store(argv[1]);
  if (!store) {
    std::cerr << store.error().message << '\n';
    return 1;
  }
  const tally::Ledger ledger(*store);

  const std::string players[] = {"p-117", "p-118"};
  for (const std::string& player : players) {
    tally::Budget budget;
    budget.id = "day of " + player;
    budget.limit = tally::cents(40);
    budget.window = tally::BudgetWindow::day;
    budget.scope = {{"player", player}};
    if (auto set = ledger.set_budget(budget); !set) {
      std::cerr << set.error().message << '\n';
      return 1;
    }
  }

  tally::ClientOptions options;
  if (const char* key = std::getenv("DEEPSEEK_API_KEY")) options.api_key = key;
  if (argc > 2) options.base_url = argv[2];
  options.provider = "deepseek";  // Whose prices and fields it has, wherever it is reached.
  options.ledger = ledger;
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.max_tokens = 60;
  request.messages = {tally::user("The smith greets a traveller, in one sentence.")};
  for (const std::string& player : players) {
    tally::CallOptions call;
    call.labels = {{"player", player}, {"npc", "smith"}};
    const tally::Completion answer = client->chat(request, call);
    std::cout << player << ": "
              << (answer.reply ? answer.reply->text() : answer.reply.error().message) << '\n';
  }

  tally::LedgerGrouping by_player;
  by_player.by_label = "player";
  const auto totals = ledger.totals({}, by_player);
  if (!totals) {
    std::cerr << totals.error().message << '\n';
    return 1;
  }
  for (const tally::LedgerTotal& total : *totals) {
    if (!total.currency) continue;
    std::cout << total.label << ": " << total.calls << " calls, "
              << tally::Money{total.total(), *total.currency} << '\n';
  }
}
