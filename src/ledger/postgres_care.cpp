// SPDX-License-Identifier: MIT
#include <utility>

#include "ledger/charge.hpp"
#include "ledger/json_object.hpp"
#include "ledger/postgres_answer.hpp"
#include "ledger/postgres_questions.hpp"
#include "ledger/postgres_row.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// What of a budget decides which rows count, and how; a change of the rest keeps the counters.
std::string counted_json(const Budget& budget) {
  return JsonObject()
      .text("id", clean_text(budget.id))
      .text("currency", budget.limit.currency.view())
      .text("limit", to_string(budget.limit.amount))
      .text("window", to_string(budget.window))
      .text("zone", to_string(budget.zone))
      .json("scope", labels_to_json(budget.scope))
      .take();
}

Result<void> nothing_of(Result<PostgresResult> answer) {
  return answer ? Result<void>() : Result<void>(std::move(answer).error());
}

std::string text_in(const JsonValue& object, std::string_view name) {
  const std::string_view* text = object.find_string(name);
  return std::string(text != nullptr ? *text : std::string_view());
}

Instant instant_in(const JsonValue& object, std::string_view name) {
  const JsonValue* number = object.find(name);
  return instant_of(number != nullptr ? number->as_int().value_or(0) : 0);
}

std::optional<BudgetDrift> read_drift(const PGresult* result, int row) {
  const auto parsed = parse_json(field_of(result, row, 0).value_or(""));
  if (!parsed) return std::nullopt;
  const JsonValue& json = parsed->root();
  const auto currency = Currency::parse(text_in(json, "currency"));
  const auto spent = Decimal::parse(field_of(result, row, 1).value_or(""));
  const auto held = Decimal::parse(field_of(result, row, 2).value_or(""));
  if (!currency || !spent || !held) return std::nullopt;
  Budget budget;
  budget.id = text_in(json, "id");
  budget.limit = {Decimal::parse(text_in(json, "limit")).value_or(Decimal{}), *currency};
  const TimeSpan window{instant_in(json, "begin"), instant_in(json, "end")};
  const auto stored = read_status(json, budget, window);
  if (!stored) return std::nullopt;
  return BudgetDrift{*stored, *spent, *held};
}

}  // namespace

Result<void> PostgresQuestions::put_budget(const Budget& budget) {
  PostgresParameters parameters;
  parameters.add(counted_json(budget)).add(budget_to_json(budget));
  return nothing_of(ask("SELECT tally_put_budget($1, $2)", parameters));
}

Result<void> PostgresQuestions::remove_budget(const std::string& id) {
  return nothing_of(
      ask("SELECT tally_remove_budget($1)", PostgresParameters().add(clean_text(id))));
}

Result<std::vector<Budget>> PostgresQuestions::budgets() {
  auto rows = ask("SELECT json FROM tally_budget ORDER BY budget_id", {});
  if (!rows) return std::move(rows).error();
  std::vector<Budget> all;
  for (int i = 0; i < PQntuples(rows->get()); ++i) {
    auto budget = budget_from_json(field_of(rows->get(), i, 0).value_or(""));
    if (!budget) return std::move(budget).error();
    all.push_back(std::move(*budget));
  }
  return all;
}

Result<BudgetStatus> PostgresQuestions::budget_status(const Budget& budget, TimeSpan window) {
  auto answer = ask("SELECT tally_budget_status($1)",
                    PostgresParameters().add(budget_json(budget, window, std::nullopt)));
  if (!answer) return std::move(answer).error();
  const auto json = parse_json(field_of(answer->get(), 0, 0).value_or(""));
  const auto status = json ? read_status(json->root(), budget, window) : std::nullopt;
  if (!status) {
    return Error{ErrorKind::limit_exceeded,
                 "the counters of budget \"" + budget.id + "\" are more than an amount can hold"};
  }
  return *status;
}

Result<std::vector<BudgetDrift>> PostgresQuestions::verify_budgets(LedgerStore::Repair repair) {
  auto rows = ask("SELECT * FROM tally_verify($1)",
                  PostgresParameters().add(repair == LedgerStore::Repair::yes ? "t" : "f"));
  if (!rows) return std::move(rows).error();
  std::vector<BudgetDrift> drifts;
  for (int i = 0; i < PQntuples(rows->get()); ++i) {
    auto drift = read_drift(rows->get(), i);
    if (!drift) return postgres_error("a window's counters cannot be read");
    drifts.push_back(std::move(*drift));
  }
  return drifts;
}

Result<std::int64_t> PostgresQuestions::recover() {
  auto owners =
      ask("SELECT DISTINCT owner FROM tally_ledger WHERE state = 'reserved' AND owner <> $1",
          PostgresParameters().add(owner_));
  if (!owners) return std::move(owners).error();
  std::int64_t recovered = 0;
  for (int i = 0; i < PQntuples(owners->get()); ++i) {
    auto rows = recover_rows_of(whole_of(owners->get(), i, 0));
    if (!rows) return rows;
    recovered += *rows;
  }
  return recovered;
}

Result<std::int64_t> PostgresQuestions::recover_rows_of(std::int64_t owner) {
  // A client that lives holds its key. While it is held here, nobody else recovers these rows.
  const PostgresParameters key = PostgresParameters().add(owner);
  auto locked = ask("SELECT pg_try_advisory_lock($1)", key);
  if (!locked) return std::move(locked).error();
  if (field_of(locked->get(), 0, 0) != "t") return std::int64_t{0};
  auto rows = ask("SELECT " + row_columns() +
                      " FROM tally_ledger WHERE state = 'reserved' AND owner = $1 ORDER BY row_id",
                  key);
  Result<std::int64_t> recovered = std::int64_t{0};
  if (!rows) recovered = std::move(rows).error();
  const Instant now = system_clock()->wall();
  for (int i = 0; recovered && i < PQntuples(rows->get()); ++i) {
    auto row = read_row(rows->get(), i, 0);
    if (!row) {
      recovered = std::move(row).error();
      break;
    }
    const std::string attempt = array_of({row->attempt_id});
    PostgresParameters parameters;
    add_row(parameters, estimated_after_death(std::move(*row), "owner_gone", now));
    const std::string next = "$" + std::to_string(parameters.size() + 1);
    parameters.add(attempt).add(microseconds_of(now));
    const std::string then = "$" + std::to_string(parameters.size());
    auto settled = ask("SELECT tally_recover(ROW(" + row_placeholders() + ")::tally_row, " + next +
                           ", " + then + ")",
                       parameters);
    recovered = settled ? Result<std::int64_t>(*recovered + whole_of(settled->get(), 0, 0))
                        : Result<std::int64_t>(std::move(settled).error());
  }
  auto unlocked = ask("SELECT pg_advisory_unlock($1)", key);
  if (recovered && !unlocked) return std::move(unlocked).error();
  return recovered;
}

Result<std::int64_t> PostgresQuestions::prune(Instant before) {
  return count("SELECT tally_prune($1)", PostgresParameters().add(microseconds_of(before)));
}

Result<std::int64_t> PostgresQuestions::erase(const std::string& key, const std::string& value) {
  return count("SELECT tally_erase($1)", PostgresParameters().add(labels_to_json({{key, value}})));
}

}  // namespace TALLY_ABI
}  // namespace tally
