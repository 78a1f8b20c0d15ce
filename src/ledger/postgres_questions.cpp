// SPDX-License-Identifier: MIT
#include "ledger/postgres_questions.hpp"

#include <utility>

#include "base/json.hpp"
#include "ledger/json_object.hpp"
#include "ledger/postgres_row.hpp"
#include "ledger/postgres_schema.hpp"
#include "ledger/row_text.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// So many rows are held at once while they are handed over.
constexpr int page = 256;

std::string amounts_json(const std::vector<BalanceAmount>& amounts) {
  std::string json = "[";
  for (const BalanceAmount& amount : amounts) {
    if (json.size() > 1) json += ',';
    JsonObject object;
    object.text("currency", amount.total.currency.view())
        .text("total", to_string(amount.total.amount));
    if (amount.granted) object.text("granted", to_string(*amount.granted));
    if (amount.topped_up) object.text("topped_up", to_string(*amount.topped_up));
    json += object.take();
  }
  return json + "]";
}

std::optional<Decimal> amount_in(const JsonValue& object, std::string_view name) {
  const std::string_view* text = object.find_string(name);
  if (text == nullptr) return std::nullopt;
  const auto value = Decimal::parse(*text);
  return value ? std::optional<Decimal>(*value) : std::nullopt;
}

Result<std::vector<BalanceAmount>> amounts_of(std::string_view json) {
  auto parsed = parse_json(json);
  if (!parsed) return std::move(parsed).error();
  std::vector<BalanceAmount> amounts;
  for (const JsonValue& object : parsed->root().children()) {
    const std::string_view* code = object.find_string("currency");
    const auto currency = Currency::parse(code != nullptr ? *code : std::string_view());
    const auto total = amount_in(object, "total");
    if (!currency || !total) return postgres_error("a balance that cannot be read");
    amounts.push_back(
        {Money{*total, *currency}, amount_in(object, "granted"), amount_in(object, "topped_up")});
  }
  return amounts;
}

}  // namespace

void PostgresCondition::add(const char* before, std::string value, const char* after) {
  parameters.add(std::move(value));
  text += std::string(" AND ") + before + "$" + std::to_string(parameters.size()) + after;
}

PostgresCondition condition_of(const LedgerFilter& filter) {
  PostgresCondition condition;
  const auto microseconds = [](Instant at) { return std::to_string(microseconds_of(at)); };
  if (filter.from) condition.add("coalesce(billed_us, started_us) >= ", microseconds(*filter.from));
  if (filter.to) condition.add("coalesce(billed_us, started_us) < ", microseconds(*filter.to));
  if (!filter.provider.empty()) condition.add("provider = ", clean_text(filter.provider));
  if (!filter.model.empty()) condition.add("model_requested = ", clean_text(filter.model));
  if (!filter.labels.empty()) condition.add("labels @> ", labels_to_json(filter.labels), "::jsonb");
  if (filter.state) condition.add("state = ", std::string(to_string(*filter.state)));
  if (!filter.call_id.empty()) condition.add("call_id = ", clean_text(filter.call_id));
  return condition;
}

Result<PostgresResult> PostgresQuestions::ask(const std::string& statement,
                                              const PostgresParameters& parameters) {
  std::lock_guard<std::mutex> lock(mutex_);
  return connection_.ask(statement, parameters);
}

Result<std::int64_t> PostgresQuestions::count(const std::string& statement,
                                              const PostgresParameters& parameters) {
  auto answer = ask(statement, parameters);
  if (!answer) return std::move(answer).error();
  return whole_of(answer->get(), 0, 0);
}

Result<void> PostgresQuestions::ensure_schema() {
  std::lock_guard<std::mutex> lock(mutex_);
  return ensure_postgres_schema(connection_);
}

Result<void> PostgresQuestions::each_row(const LedgerFilter& filter,
                                         const std::function<bool(const LedgerRow&)>& keep) {
  std::int64_t last = 0;
  while (true) {
    PostgresCondition condition = condition_of(filter);
    condition.add("row_id > ", std::to_string(last));
    auto rows = ask("SELECT row_id, " + row_columns() + " FROM tally_ledger WHERE " +
                        condition.text + " ORDER BY row_id LIMIT " + std::to_string(page),
                    condition.parameters);
    if (!rows) return std::move(rows).error();
    const int found = PQntuples(rows->get());
    for (int i = 0; i < found; ++i) {
      auto row = read_row(rows->get(), i, 1);
      if (!row) return std::move(row).error();
      if (!keep(*row)) return {};
      last = whole_of(rows->get(), i, 0);
    }
    if (found < page) return {};
  }
}

Result<std::vector<LedgerHistory>> PostgresQuestions::history(const std::string& attempt_id) {
  auto rows = ask(
      "SELECT attempt_id, revision, replaced_us, reason, state, cost, currency FROM tally_history"
      " WHERE attempt_id = $1 ORDER BY revision",
      PostgresParameters().add(clean_text(attempt_id)));
  if (!rows) return std::move(rows).error();
  std::vector<LedgerHistory> all;
  for (int i = 0; i < PQntuples(rows->get()); ++i) {
    LedgerHistory one;
    one.attempt_id = std::string(field_of(rows->get(), i, 0).value_or(""));
    one.revision = static_cast<int>(whole_of(rows->get(), i, 1));
    one.replaced = instant_of(whole_of(rows->get(), i, 2));
    one.reason = std::string(field_of(rows->get(), i, 3).value_or(""));
    one.state = bill_state_from_text(field_of(rows->get(), i, 4).value_or(""))
                    .value_or(BillState::reserved);
    const auto amount = Decimal::parse(field_of(rows->get(), i, 5).value_or(""));
    const auto currency = Currency::parse(field_of(rows->get(), i, 6).value_or(""));
    if (amount && currency) one.cost = Money{*amount, *currency};
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::string> PostgresQuestions::price_entry(const std::string& sha256) {
  auto found = ask("SELECT json FROM tally_price WHERE sha256 = $1",
                   PostgresParameters().add(clean_text(sha256)));
  if (!found) return std::move(found).error();
  if (PQntuples(found->get()) == 0) {
    return Error{ErrorKind::invalid_argument, "the ledger has no price of that hash: " + sha256};
  }
  return std::string(field_of(found->get(), 0, 0).value_or(""));
}

Result<void> PostgresQuestions::put_balance(const BalanceCheck& check) {
  PostgresParameters parameters;
  parameters.add(clean_text(check.provider))
      .add(clean_text(check.account))
      .add(microseconds_of(check.at))
      .add(check.balance.is_available ? "t" : "f")
      .add(amounts_json(check.balance.amounts))
      .add(clean_text(check.balance.raw));
  auto stored =
      ask("INSERT INTO tally_balance VALUES ($1, $2, $3, $4, $5, $6)"
          " ON CONFLICT (provider, account, at_us) DO UPDATE"
          " SET available = excluded.available, amounts = excluded.amounts, raw = excluded.raw",
          parameters);
  return stored ? Result<void>() : Result<void>(std::move(stored).error());
}

Result<std::vector<BalanceCheck>> PostgresQuestions::balances(const std::string& provider,
                                                              const std::string& account,
                                                              TimeSpan span) {
  PostgresParameters parameters;
  parameters.add(clean_text(provider))
      .add(clean_text(account))
      .add(microseconds_of(span.begin))
      .add(microseconds_of(span.end));
  auto rows =
      ask("SELECT at_us, available, amounts, raw FROM tally_balance"
          " WHERE provider = $1 AND account = $2 AND at_us >= $3 AND at_us < $4 ORDER BY at_us",
          parameters);
  if (!rows) return std::move(rows).error();
  std::vector<BalanceCheck> all;
  for (int i = 0; i < PQntuples(rows->get()); ++i) {
    auto amounts = amounts_of(field_of(rows->get(), i, 2).value_or(""));
    if (!amounts) return std::move(amounts).error();
    BalanceCheck check{provider, account, instant_of(whole_of(rows->get(), i, 0)), {}};
    check.balance.is_available = field_of(rows->get(), i, 1) == "t";
    check.balance.amounts = std::move(*amounts);
    check.balance.raw = std::string(field_of(rows->get(), i, 3).value_or(""));
    all.push_back(std::move(check));
  }
  return all;
}

}  // namespace TALLY_ABI
}  // namespace tally
