// SPDX-License-Identifier: MIT
#include "ledger/samples.hpp"

#include <utility>

#include "base/uuid.hpp"
#include "ledger/ledger_state.hpp"

namespace ledger_tests {

using tally::LedgerWrite;

tally::LedgerRow reserved_row(const tally::Money& hold) {
  const tally::Instant now = tally::system_clock()->wall();
  tally::LedgerRow row;
  row.attempt_id = tally::uuid_v7(now);
  row.call_id = row.attempt_id;
  row.provider = "deepseek";
  row.host = "127.0.0.1";
  row.model_requested = "deepseek-flash";
  row.labels = {{"player", "p-117"}, {"npc", "smith"}};
  row.started = now;
  row.hold = hold;
  row.cost.is_estimate = true;
  row.cost.bounds = tally::CostBounds{{{}, hold.currency}, hold};
  return row;
}

tally::LedgerRow settled_row(tally::LedgerRow row, const tally::Money& bill) {
  row.state = tally::BillState::settled;
  row.revision = 1;
  row.completed = row.billed_at = row.started + std::chrono::milliseconds(1);
  row.usage.prompt_tokens = 18;
  row.usage.completion_tokens = 9;
  row.usage.total_tokens = 27;
  row.usage.billed = {18, 0, std::nullopt, 9};
  row.usage.source = tally::UsageSource::provider;
  row.usage.raw = R"({"prompt_tokens":18,"completion_tokens":9,"total_tokens":27})";
  row.cost = {};
  row.cost.total = bill;
  row.http_status = 200;
  row.finish_reason = "stop";
  return row;
}

tally::Budget total_budget(const std::string& id, const tally::Money& limit) {
  tally::Budget budget;
  budget.id = id;
  budget.limit = limit;
  return budget;
}

std::uint64_t submit(const tally::Ledger& ledger, LedgerWrite::Kind kind, tally::LedgerRow row) {
  LedgerWrite write;
  write.kind = kind;
  const tally::Instant at = row.billed_at.value_or(row.started);
  for (const auto& budget :
       ledger.state()->budgets_for(row.labels, row.provider, row.model_requested)) {
    tally::BudgetHold hold;
    hold.budget = budget;
    hold.window = tally::window_at(budget->window, budget->zone, at);
    if (row.hold) hold.amount = row.hold->amount;
    write.budgets.push_back(std::move(hold));
  }
  write.row = std::move(row);
  return ledger.state()->submit(std::move(write));
}

tally::LedgerDone answer_to(const tally::Ledger& ledger, std::uint64_t ticket) {
  while (true) {
    ledger.state()->collect();
    if (auto done = ledger.state()->ask(ticket)) return *std::move(done);
    ledger.state()->store->await(std::chrono::milliseconds(1));
  }
}

tally::LedgerDone reserve(const tally::Ledger& ledger, tally::LedgerRow row) {
  return answer_to(ledger, submit(ledger, LedgerWrite::Kind::reserve, std::move(row)));
}

tally::LedgerDone settle(const tally::Ledger& ledger, tally::LedgerRow row) {
  return answer_to(ledger, submit(ledger, LedgerWrite::Kind::settle, std::move(row)));
}

tally::ClientOptions options_for(const std::string& url, const tally::Ledger& ledger) {
  tally::ClientOptions options;
  options.api_key = "sk-test";
  options.base_url = url;
  options.provider = "deepseek";
  options.ledger = ledger;
  options.retries.most = 0;
  return options;
}

tally::ChatRequest asking(const std::string& text) {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user(text)};
  request.max_tokens = 30;
  return request;
}

tally::PriceCatalog cent_prices() {
  constexpr std::string_view text = R"({
    "schema": "tally.prices/1",
    "catalog_version": "cents",
    "models": [{
      "provider": "deepseek",
      "model": "deepseek-flash",
      "entries": [{
        "id": "cents", "currency": "USD", "from": null, "to": null, "free": true, "unit": 1000000,
        "rates": {"default": {"input_cache_hit": "0", "input_cache_miss": "0", "output": "10000"}},
        "source": {"name": "made up", "url": "", "verified_at": "2026-11-22"}
      }]
    }]
  })";
  return *tally::PriceCatalog::builtin().overlaid(text);
}

std::string drift_of(const tally::Ledger& ledger) {
  const auto drifts = ledger.verify_budgets();
  if (!drifts) return drifts.error().message;
  std::string text;
  for (const tally::BudgetDrift& drift : *drifts) {
    text += drift.stored.id + ": spent " + to_string(drift.stored.spent) + ", by rows " +
            to_string(drift.spent) + "; held " + to_string(drift.stored.held) + ", by rows " +
            to_string(drift.held) + "\n";
  }
  return text;
}

}  // namespace ledger_tests
