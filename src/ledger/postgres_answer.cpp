// SPDX-License-Identifier: MIT
#include "ledger/postgres_answer.hpp"

#include <utility>

#include "ledger/budget_rules.hpp"
#include "ledger/json_object.hpp"
#include "ledger/postgres_row.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::optional<Decimal> decimal_of(const JsonValue& object, std::string_view name) {
  const JsonValue* digits = object.find(name);
  if (digits == nullptr || digits->type != JsonType::number) return std::nullopt;
  const auto value = Decimal::parse(digits->text);
  return value ? std::optional<Decimal>(*value) : std::nullopt;
}

std::int64_t whole_in(const JsonValue& object, std::string_view name) {
  const JsonValue* number = object.find(name);
  return number != nullptr ? number->as_int().value_or(0) : 0;
}

bool flag_in(const JsonValue& object, std::string_view name) {
  const JsonValue* flag = object.find(name);
  return flag != nullptr && flag->boolean;
}

const BudgetHold* hold_of(const LedgerWrite& write, const std::string_view* id) {
  for (const BudgetHold& hold : write.budgets) {
    if (id != nullptr && clean_text(hold.budget->id) == *id) return &hold;
  }
  return nullptr;
}

LedgerDone failed(LedgerDone done, const std::string& what) {
  done.error = Error{ErrorKind::ledger, what};
  return done;
}

/// The entry that was made, and where the window stood before it and after.
void add_notices(LedgerDone& done, const LedgerWrite& write, const JsonValue& part) {
  const BudgetHold* hold = hold_of(write, part.find_string("id"));
  const JsonValue* counted_before = part.find("before");
  if (hold == nullptr || counted_before == nullptr) return;
  const auto before = read_status(*counted_before, *hold->budget, hold->window);
  WindowEntry entry;
  entry.charged = decimal_of(part, "charged");
  entry.held = entry.charged ? decimal_of(part, "held").value_or(Decimal{})
                             : hold->amount.value_or(Decimal{});
  entry.is_estimate = flag_in(part, "is_estimate");
  entry.is_unpriced = flag_in(part, "is_unpriced");
  const JsonValue* counted_after = part.find("after");
  const bool is_by_itself = hold->budget->window == BudgetWindow::call;
  std::optional<BudgetStatus> after;
  if (counted_after != nullptr && !is_by_itself) {
    after = read_status(*counted_after, *hold->budget, hold->window);
  } else if (before) {
    after = with_entry(*before, entry);
  }
  if (!before || !after) {
    done.error = Error{ErrorKind::ledger, "the counters of budget \"" + hold->budget->id +
                                              "\" are more than an amount can hold; the row is "
                                              "kept"};
    return;
  }
  note_change(done, *hold->budget, *before, *after, entry);
}

}  // namespace

std::string budget_json(const Budget& budget, TimeSpan window, std::optional<Decimal> amount) {
  JsonObject json;
  json.text("id", clean_text(budget.id))
      .text("currency", budget.limit.currency.view())
      .text("limit", to_string(budget.limit.amount))
      .number("begin", microseconds_of(window.begin))
      .number("end", microseconds_of(window.end))
      .json("scope", labels_to_json(budget.scope))
      .boolean("refuses", budget.on_exceed == OnExceed::refuse)
      .number("most_in_flight", budget.most_in_flight)
      .number("requests_per_minute", budget.requests_per_minute);
  if (amount) json.text("amount", to_string(*amount));
  return json.take();
}

std::string budgets_json(const std::vector<BudgetHold>& budgets) {
  std::string json = "[";
  for (const BudgetHold& hold : budgets) {
    if (json.size() > 1) json += ',';
    json += budget_json(*hold.budget, hold.window, hold.amount);
  }
  return json + "]";
}

std::optional<BudgetStatus> read_status(const JsonValue& json, const Budget& budget,
                                        TimeSpan window) {
  const auto spent = decimal_of(json, "spent");
  const auto held = decimal_of(json, "held");
  const auto estimated = decimal_of(json, "estimated");
  if (!spent || !held || !estimated) return std::nullopt;
  BudgetStatus status;
  status.id = budget.id;
  status.limit = budget.limit;
  status.window = window;
  status.spent = *spent;
  status.held = *held;
  status.estimated = *estimated;
  status.unpriced_calls = whole_in(json, "unpriced_calls");
  status.in_flight = static_cast<int>(whole_in(json, "in_flight"));
  return status;
}

LedgerDone read_answer(const LedgerWrite& write, std::string_view answer) {
  LedgerDone done;
  done.ticket = write.ticket;
  if (answer.empty()) return done;
  const auto parsed = parse_json(answer);
  if (!parsed) return failed(std::move(done), "PostgreSQL: an answer that cannot be read");
  const JsonValue& json = parsed->root();
  if (json.is_array()) {
    for (const JsonValue& part : json.children()) add_notices(done, write, part);
    return done;
  }
  if (flag_in(json, "changed")) {
    return failed(std::move(done),
                  "the row has changed meanwhile, or is not there: " + write.row.attempt_id +
                      " is not of revision " + std::to_string(write.row.revision - 1));
  }
  const BudgetHold* hold = hold_of(write, json.find_string("refused"));
  const JsonValue* before = json.find("before");
  if (hold == nullptr || before == nullptr) {
    return failed(std::move(done), "PostgreSQL: an answer that cannot be read");
  }
  const auto status = read_status(*before, *hold->budget, hold->window);
  if (status) {
    done.refusal = refusal_of(*hold, *status, static_cast<int>(whole_in(json, "begun_lately")));
  }
  if (!done.refusal) {
    return failed(std::move(done), "the counters of budget \"" + hold->budget->id +
                                       "\" are more than an amount can hold");
  }
  return done;
}

}  // namespace TALLY_ABI
}  // namespace tally
