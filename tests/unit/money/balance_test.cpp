// SPDX-License-Identifier: MIT
#include "tally/balance.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using tally::Decimal;
using tally::parse_balance;

// The shape that DeepSeek documents.
constexpr std::string_view documented =
    R"({"is_available":true,"balance_infos":[)"
    R"({"currency":"USD","total_balance":"0.00","granted_balance":"0.00","topped_up_balance":"0.00"},)"
    R"({"currency":"CNY","total_balance":"110.00","granted_balance":"10.00","topped_up_balance":"100.00"}]})";

std::string error_of(std::string_view json) {
  const auto balance = parse_balance(json);
  REQUIRE_MESSAGE(!balance.has_value(), json);
  CHECK(balance.error().kind == tally::ErrorKind::malformed_reply);
  return balance.error().message;
}

bool says(const std::string& message, std::string_view part) {
  const bool found = message.find(part) != std::string::npos;
  CHECK_MESSAGE(found, message);
  return found;
}

TEST_CASE("balance: every currency has its row, in the server's order, whatever is on it") {
  const auto balance = parse_balance(documented);
  REQUIRE(balance);
  CHECK(balance->is_available);
  REQUIRE(balance->amounts.size() == 2);
  CHECK(balance->amounts[0].total.currency == tally::usd);
  const tally::BalanceAmount* yuan = balance->in(tally::cny);
  REQUIRE(yuan != nullptr);
  CHECK(yuan->total.amount == Decimal{110, 0});
  CHECK(yuan->granted == Decimal{10, 0});
  CHECK(yuan->topped_up == Decimal{100, 0});
  CHECK(balance->in(*tally::Currency::parse("EUR")) == nullptr);
  CHECK(balance->raw == documented);
}

TEST_CASE("balance: digits stay what they were, below 0 and as numbers too") {
  const auto balance = parse_balance(
      R"({"is_available":false,"balance_infos":[{"currency":"USD","total_balance":"-0.0100"},)"
      R"({"currency":"CNY","total_balance":0.3,"granted_balance":null}]})");
  REQUIRE(balance);
  CHECK(!balance->is_available);
  CHECK(balance->in(tally::usd)->total == tally::cents(-1));
  CHECK(balance->in(tally::cny)->total == tally::cents(30, tally::cny));
  CHECK(!balance->in(tally::cny)->granted);
  CHECK(!balance->in(tally::usd)->topped_up);
}

TEST_CASE("balance: an answer without rows is a balance without amounts") {
  const auto balance = parse_balance(R"({"is_available":false,"balance_infos":[]})");
  REQUIRE(balance);
  CHECK(balance->amounts.empty());
}

TEST_CASE("balance: what is no balance says what is missing") {
  CHECK(says(error_of(""), "not an answer of /user/balance"));
  CHECK(says(error_of("<html>"), "not an answer of /user/balance"));
  CHECK(says(error_of("[]"), "is_available"));
  CHECK(says(error_of(R"({"is_available":"yes","balance_infos":[]})"), "is_available"));
  CHECK(says(error_of(R"({"is_available":true})"), "balance_infos"));
  CHECK(says(error_of(R"({"is_available":true,"balance_infos":[1]})"), "no currency"));
  CHECK(says(error_of(R"({"is_available":true,"balance_infos":[{"currency":"Dollar"}]})"), "ISO"));
  CHECK(says(error_of(R"({"is_available":true,"balance_infos":[{"currency":"USD"}]})"),
             "USD has no readable total_balance"));
  CHECK(says(error_of(R"({"is_available":true,"balance_infos":[)"
                      R"({"currency":"USD","total_balance":"a lot"}]})"),
             "total_balance"));
}

TEST_CASE("balance: an answer that is cut anywhere is refused") {
  for (std::size_t size = 0; size < documented.size(); ++size) {
    CHECK(!parse_balance(documented.substr(0, size)));
  }
}

}  // namespace
