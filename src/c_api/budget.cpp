// SPDX-License-Identifier: MIT
#include "tally/budget.hpp"

#include <limits>

#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/ledger.hpp"
#include "c_api/list.hpp"
#include "c_api/prices.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

Budget budget_of(const tally_budget& read, Arguments& given) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  const auto count = [&](std::int32_t value, std::string_view name) {
    return static_cast<int>(given.between(0, value, most, name));
  };
  Budget made;
  made.id = given.string(read.id, "budget.id");
  made.limit = given.money(read.limit, "budget.limit");
  made.window = given.one_of<BudgetWindow>(read.window, 6, "budget.window");
  made.zone = zone_of(read.zone, "budget.zone", given);
  made.scope = given.labels(read.scope, read.scope_count, "budget.scope");
  made.soft_permille = count(read.soft_permille, "budget.soft_permille");
  made.on_exceed = given.one_of<OnExceed>(read.on_exceed, 2, "budget.on_exceed");
  made.on_unpriced = given.one_of<OnUnpriced>(read.on_unpriced, 3, "budget.on_unpriced");
  made.assume_input = given.decimal(read.assume_input, "budget.assume_input");
  made.assume_output = given.decimal(read.assume_output, "budget.assume_output");
  made.assume_max_tokens = read.assume_max_tokens;
  made.most_in_flight = count(read.most_in_flight, "budget.most_in_flight");
  made.requests_per_minute = count(read.requests_per_minute, "budget.requests_per_minute");
  return made;
}

const tally_budget* shown(const Budget& budget, Storage& storage) {
  tally_budget* made = storage.make<tally_budget>();
  made->id = view(budget.id);
  made->limit = money_of(budget.limit);
  made->window = static_cast<std::int32_t>(budget.window);
  made->zone = storage.keep(to_string(budget.zone));
  tally_pair* label = storage.array<tally_pair>(budget.scope.size());
  made->scope = label;
  made->scope_count = budget.scope.size();
  for (const auto& [key, value] : budget.scope) *label++ = {view(key), view(value)};
  made->soft_permille = budget.soft_permille;
  made->on_exceed = static_cast<std::int32_t>(budget.on_exceed);
  made->on_unpriced = static_cast<std::int32_t>(budget.on_unpriced);
  made->assume_input = amount_of(budget.assume_input);
  made->assume_output = amount_of(budget.assume_output);
  made->assume_max_tokens = budget.assume_max_tokens;
  made->most_in_flight = budget.most_in_flight;
  made->requests_per_minute = budget.requests_per_minute;
  return made;
}

const tally_budget_drift* drift_of(const BudgetDrift& drift, Storage& storage) {
  tally_budget_drift* made = storage.make<tally_budget_drift>();
  made->stored = status_of(drift.stored, storage);
  made->spent = amount_of(drift.spent);
  made->held = amount_of(drift.held);
  return made;
}

}  // namespace

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;
using tally::at_boundary;
using tally::Result;

extern "C" {

int32_t tally_budget_init(tally_budget* budget, uint32_t size) {
  const tally::Budget values;
  tally_budget defaults{};
  defaults.window = static_cast<int32_t>(values.window);
  defaults.assume_max_tokens = values.assume_max_tokens;
  return tally::init(budget, size, defaults);
}

int32_t tally_ledger_set_budget(const tally_ledger* ledger, const tally_budget* budget,
                                tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    tally::Budget set = tally::budget_of(given.in(budget, "budget"), given);
    if (!given.good()) return given.error();
    return tally::done(ledger->ledger.set_budget(std::move(set)));
  });
}

int32_t tally_ledger_remove_budget(const tally_ledger* ledger, const char* id, uint64_t size,
                                   tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    const std::string which(given.text(id, size, "id"));
    if (!given.good()) return given.error();
    return tally::done(ledger->ledger.remove_budget(which));
  });
}

int32_t tally_ledger_budgets(const tally_ledger* ledger, tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    if (!given.good()) return given.error();
    return tally::hand_out_all(ledger->ledger.budgets(), out, tally::shown);
  });
}

int32_t tally_ledger_budget_status(const tally_ledger* ledger, const char* id, uint64_t size,
                                   int64_t at_us, tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const std::string which(given.text(id, size, "id"));
    if (!given.good()) return given.error();
    return tally::hand_out_one(ledger->ledger.budget_status(which, tally::instant_or_now(at_us)),
                               out, tally::status_of);
  });
}

int32_t tally_ledger_verify_budgets(const tally_ledger* ledger, int32_t repair, tally_list** out,
                                    tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const auto how = given.one_of<tally::LedgerStore::Repair>(repair, 2, "repair");
    if (!given.good()) return given.error();
    return tally::hand_out_all(ledger->ledger.verify_budgets(how), out, tally::drift_of);
  });
}

}  // extern "C"
