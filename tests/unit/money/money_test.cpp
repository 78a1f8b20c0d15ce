// SPDX-License-Identifier: MIT
#include "tally/money.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <string_view>

namespace {

using tally::cny;
using tally::Currency;
using tally::Decimal;
using tally::Money;
using tally::usd;

Money money(std::string_view amount, Currency currency = usd) {
  const auto parsed = Decimal::parse(amount);
  REQUIRE_MESSAGE(parsed.has_value(), amount);
  return {*parsed, currency};
}

std::string rounded(std::string_view amount, int decimals) {
  return to_string_rounded(money(amount), decimals);
}

TEST_CASE("money: a currency is three capital letters") {
  const auto eur = Currency::parse("EUR");
  REQUIRE(eur);
  CHECK(eur->view() == "EUR");
  CHECK(*Currency::parse("USD") == usd);
  CHECK(*Currency::parse("CNY") == cny);
  CHECK(usd != cny);
  for (const char* text : {"", "US", "USDT", "usd", "US1", "U D"}) {
    const auto parsed = Currency::parse(text);
    CHECK_MESSAGE(!parsed, text);
    if (!parsed) CHECK(parsed.error().kind == tally::ErrorKind::invalid_argument);
  }
}

TEST_CASE("money: amounts of one currency add up exactly") {
  CHECK(*add(money("0.00224"), money("0.0056")) == money("0.00784"));
  CHECK(*subtract(money("0.00784"), money("0.0056")) == money("0.00224"));
  CHECK(*subtract(money("1", cny), money("2", cny)) == money("-1", cny));
}

TEST_CASE("money: two currencies never mix") {
  const auto sum = add(money("1"), money("1", cny));
  REQUIRE_FALSE(sum);
  CHECK(sum.error().kind == tally::ErrorKind::invalid_argument);
  CHECK(sum.error().message.find("USD and CNY") != std::string::npos);
  CHECK_FALSE(subtract(money("1", cny), money("1")));
  CHECK_FALSE(add(money("0"), money("0", cny)));
  CHECK(money("1") != money("1", cny));
}

TEST_CASE("money: a sum that does not fit is an error") {
  const auto sum = add(money("9223372036854775807"), money("1"));
  REQUIRE_FALSE(sum);
  CHECK(sum.error().kind == tally::ErrorKind::limit_exceeded);
  CHECK_FALSE(subtract(money("-9223372036854775807"), money("2")));
}

TEST_CASE("money: dollars and yuan have their sign, others their code") {
  CHECK(to_string(money("0.00868")) == "$0.00868");
  CHECK(to_string(money("0.06", cny)) ==
        "\xC2\xA5"
        "0.06");
  CHECK(to_string(money("0.5", *Currency::parse("EUR"))) == "0.5 EUR");
  CHECK(to_string(money("-0.5")) == "-$0.5");
  CHECK(to_string(money("-2", cny)) ==
        "-\xC2\xA5"
        "2");
  CHECK(to_string(money("-0.5", *Currency::parse("JPY"))) == "-0.5 JPY");
  CHECK(to_string(Money{}) == "$0");
}

TEST_CASE("money: a stream gets the exact amount") {
  std::ostringstream out;
  out << money("0.0000279");
  CHECK(out.str() == "$0.0000279");
}

TEST_CASE("money: a small cost is never shown as nothing") {
  CHECK(rounded("0.0000279", 2) == "$0.000028");
  CHECK(rounded("0.00001", 2) == "$0.00001");
  CHECK(rounded("0.000000003625", 6) == "$0.0000000036");
  CHECK(rounded("0.000000000000000001", 2) == "$0.000000000000000001");
  CHECK(rounded("-0.0000279", 2) == "-$0.000028");
  CHECK(rounded("0.0996", 2) == "$0.100");
}

TEST_CASE("money: digits for people are as many as asked for where that is enough") {
  CHECK(rounded("0", 2) == "$0.00");
  CHECK(rounded("3", 2) == "$3.00");
  CHECK(rounded("0.25", 4) == "$0.2500");
  CHECK(rounded("12.3456", 2) == "$12.35");
  CHECK(rounded("12.3456", 0) == "$12");
  CHECK(rounded("1.26", 0) == "$1.3");
  CHECK(rounded("5", 0) == "$5");
  CHECK(rounded("0.125", 2) == "$0.12");
  CHECK(to_string_rounded(money("0.125", *Currency::parse("EUR")), 2) == "0.12 EUR");
}

TEST_CASE("money: cents are hundredths, below 0 too") {
  CHECK(tally::cents(0) == money("0"));
  CHECK(tally::cents(40) == money("0.40"));
  CHECK(tally::cents(1234, cny) == money("12.34", cny));
  CHECK(tally::cents(-1) == money("-0.01"));
  CHECK(tally::cents(-250) == money("-2.50"));
  CHECK(tally::cents(9'223'372'036'854'775'807) == money("92233720368547758.07"));
  CHECK(tally::cents(-9'223'372'036'854'775'807 - 1) == money("-92233720368547758.08"));
  static_assert(tally::cents(-105) == Money{Decimal{-1, -50'000'000'000'000'000}, usd});
}

TEST_CASE("money: ten million bills of 0.000000003625 are 0.03625") {
  const Money bill = money("0.000000003625");
  Money total = money("0");
  for (int i = 0; i < 10'000'000; ++i) total = *add(total, bill);
  CHECK(to_string(total) == "$0.03625");
}

TEST_CASE("money: an atto is not lost beside a billion dollars") {
  const Money atto = money("0.000000000000000001");
  Money total = money("1000000000");
  for (int i = 0; i < 1000; ++i) total = *add(total, atto);
  CHECK(to_string(total) == "$1000000000.000000000000001");
  total = *add(total, money("1000000000"));
  CHECK(to_string(total) == "$2000000000.000000000000001");
  for (int i = 0; i < 1000; ++i) total = *subtract(total, atto);
  CHECK(to_string(total) == "$2000000000");
}

}  // namespace
