// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "tally/balance.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error bad(const std::string& what) {
  return Error{ErrorKind::malformed_reply, "not an answer of /user/balance: " + what};
}

/// `"110.00"`; a server that writes a number instead says the same.
std::optional<Decimal> amount_in(const JsonValue& row, std::string_view name) {
  const JsonValue* value = row.find(name);
  const bool has_digits =
      value != nullptr && (value->type == JsonType::string || value->type == JsonType::number);
  if (!has_digits) return std::nullopt;
  const auto amount = Decimal::parse(value->text);
  return amount ? std::optional<Decimal>(*amount) : std::nullopt;
}

Result<BalanceAmount> read_row(const JsonValue& row) {
  const std::string_view* code = row.find_string("currency");
  if (code == nullptr) return bad("a row has no currency");
  const auto currency = Currency::parse(*code);
  if (!currency) return bad("a row's currency is no ISO code");
  const auto total = amount_in(row, "total_balance");
  if (!total) return bad("the row in " + std::string(*code) + " has no readable total_balance");
  return BalanceAmount{
      {*total, *currency}, amount_in(row, "granted_balance"), amount_in(row, "topped_up_balance")};
}

}  // namespace

const BalanceAmount* Balance::in(Currency currency) const {
  const auto row = std::find_if(amounts.begin(), amounts.end(), [&](const BalanceAmount& amount) {
    return amount.total.currency == currency;
  });
  return row == amounts.end() ? nullptr : &*row;
}

Result<Balance> parse_balance(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return bad(parsed.error().message);
  const JsonValue& root = parsed->root();
  const JsonValue* available = root.find("is_available");
  if (available == nullptr || available->type != JsonType::boolean) {
    return bad("it has no is_available");
  }
  const JsonValue* rows = root.find("balance_infos");
  if (rows == nullptr || !rows->is_array()) return bad("it has no balance_infos");

  Balance balance;
  balance.is_available = available->boolean;
  balance.raw = json;
  for (const JsonValue& row : rows->children()) {
    auto amount = read_row(row);
    if (!amount) return std::move(amount).error();
    balance.amounts.push_back(*amount);
  }
  return balance;
}

}  // namespace TALLY_ABI
}  // namespace tally
