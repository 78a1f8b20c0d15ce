// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "tally/money.hpp"

namespace {

using tally::Decimal;

constexpr std::int64_t max_units = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t min_units = std::numeric_limits<std::int64_t>::min();

Decimal decimal(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

std::string text_of(std::optional<Decimal> value) { return value ? to_string(*value) : "none"; }
std::string sum(std::string_view a, std::string_view b) {
  return text_of(checked_add(decimal(a), decimal(b)));
}
std::string difference(std::string_view a, std::string_view b) {
  return text_of(checked_subtract(decimal(a), decimal(b)));
}
std::string product(std::string_view a, std::int64_t factor) {
  return text_of(checked_multiply(decimal(a), factor));
}
std::string quotient(std::string_view a, std::int64_t divisor) {
  return text_of(checked_divide(decimal(a), divisor));
}

TEST_CASE("decimal: a number is read digit by digit, as JSON writes it") {
  CHECK(decimal("0") == Decimal{0, 0});
  CHECK(decimal("7") == Decimal{7, 0});
  CHECK(decimal("0.003625") == Decimal{0, 3625000000000000});
  CHECK(decimal("-12") == Decimal{-12, 0});
  CHECK(decimal("-0.5") == Decimal{0, -500000000000000000});
  CHECK(decimal("-1.5") == Decimal{-1, -500000000000000000});
  CHECK(decimal("110.00") == Decimal{110, 0});
  CHECK(decimal("0.000000000000000001") == Decimal{0, 1});
  CHECK(decimal("0.0000000000000000010000") == Decimal{0, 1});
}

TEST_CASE("decimal: an exponent moves the point") {
  CHECK(decimal("3.5e-7") == Decimal{0, 350000000000});
  CHECK(decimal("3.5E-7") == Decimal{0, 350000000000});
  CHECK(decimal("1e3") == Decimal{1000, 0});
  CHECK(decimal("1e+3") == Decimal{1000, 0});
  CHECK(decimal("1.25e1") == Decimal{12, 500000000000000000});
  CHECK(decimal("1200e-2") == Decimal{12, 0});
  CHECK(decimal("1e-18") == Decimal{0, 1});
  CHECK(decimal("1e0018") == Decimal{1000000000000000000, 0});
  CHECK(decimal("0e999999999") == Decimal{0, 0});
  CHECK(decimal("0.0e-999999999") == Decimal{0, 0});
}

TEST_CASE("decimal: minus zero is zero") {
  CHECK(decimal("-0") == Decimal{0, 0});
  CHECK(decimal("-0.00e5") == Decimal{0, 0});
  CHECK(to_string(decimal("-0")) == "0");
}

TEST_CASE("decimal: what is no number in JSON is refused") {
  for (const char* text :
       {"",     "-",     "+1",  ".5",    "1.",    "01",    "-01",  "00",   "1e",       "1e+",
        "1e-",  "1.e5",  " 1",  "1 ",    "1,5",   "1_000", "0x10", "NaN",  "Infinity", "-Infinity",
        "null", "1.5.2", "--1", "1e5.0", "1e5e5", "\"1\"", "$1",   "1USD", "\xD9\xA1"}) {
    const auto parsed = Decimal::parse(text);
    CHECK_MESSAGE(!parsed, text);
    if (!parsed) CHECK(parsed.error().kind == tally::ErrorKind::invalid_argument);
    CHECK_FALSE(Decimal::parse_rounded(text));
  }
  CHECK_FALSE(Decimal::parse(std::string_view("1\0", 2)));
}

TEST_CASE("decimal: a price with a digit beyond the 18th decimal is refused, not cut") {
  CHECK_FALSE(Decimal::parse("0.0000000000000000001"));
  CHECK_FALSE(Decimal::parse("1e-19"));
  CHECK_FALSE(Decimal::parse("1e-999999999999999999999"));
  const auto noise = Decimal::parse("3.3450000000000004e-07");
  REQUIRE_FALSE(noise);
  CHECK(noise.error().message == "more than 18 decimals: '3.3450000000000004e-07'");
}

TEST_CASE("decimal: a figure that others state is rounded there, and says so") {
  bool rounded = false;
  CHECK(*Decimal::parse_rounded("3.3450000000000004e-07", &rounded) == Decimal{0, 334500000000});
  CHECK(rounded);
  CHECK(*Decimal::parse_rounded("0.000027", &rounded) == Decimal{0, 27000000000000});
  CHECK_FALSE(rounded);
  CHECK(*Decimal::parse_rounded("1e-999999999999999999999", &rounded) == Decimal{0, 0});
  CHECK(rounded);
  CHECK_FALSE(Decimal::parse_rounded("1e999999999", &rounded));
  CHECK_FALSE(rounded);
  CHECK(*Decimal::parse_rounded("0.5") == Decimal{0, 500000000000000000});
}

TEST_CASE("decimal: reading rounds half to even") {
  CHECK(Decimal::parse_rounded("0.0000000000000000005")->attos == 0);
  CHECK(Decimal::parse_rounded("0.0000000000000000015")->attos == 2);
  CHECK(Decimal::parse_rounded("0.0000000000000000025")->attos == 2);
  CHECK(Decimal::parse_rounded("0.00000000000000000050000001")->attos == 1);
  CHECK(Decimal::parse_rounded("0.0000000000000000004999999")->attos == 0);
  CHECK(Decimal::parse_rounded("-0.0000000000000000015")->attos == -2);
  CHECK(*Decimal::parse_rounded("0.9999999999999999995") == Decimal{1, 0});
  CHECK(*Decimal::parse_rounded("-1.9999999999999999995") == Decimal{-2, 0});
}

TEST_CASE("decimal: both ends of the range are read, and one step beyond is refused") {
  CHECK(decimal("9223372036854775807.999999999999999999") ==
        Decimal{max_units, 999999999999999999});
  CHECK(decimal("-9223372036854775808.999999999999999999") ==
        Decimal{min_units, -999999999999999999});
  CHECK_FALSE(Decimal::parse("9223372036854775808"));
  CHECK_FALSE(Decimal::parse("-9223372036854775809"));
  CHECK_FALSE(Decimal::parse("99999999999999999999"));
  CHECK_FALSE(Decimal::parse("1e19"));
  CHECK_FALSE(Decimal::parse("1e999999999"));
  CHECK_FALSE(Decimal::parse("1e99999999999999999999999999"));
  CHECK_FALSE(Decimal::parse_rounded("9223372036854775807.9999999999999999995"));
  CHECK(Decimal::parse("1e999999999").error().message == "number too large: '1e999999999'");
}

TEST_CASE("decimal: very long texts are read, whatever their digits cancel to") {
  const std::string zeros(100000, '0');
  CHECK(decimal("1." + zeros) == Decimal{1, 0});
  CHECK(decimal("0." + zeros + "1e100000") == Decimal{0, 100000000000000000});
  CHECK(decimal("1" + zeros + "e-100000") == Decimal{1, 0});
  CHECK_FALSE(Decimal::parse("0." + zeros + "1"));
  CHECK_FALSE(Decimal::parse("1" + zeros));
  const auto refused = Decimal::parse(std::string(100000, '9'));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.size() < 100);
}

TEST_CASE("decimal: 0.1 + 0.2 is 0.3") { CHECK(sum("0.1", "0.2") == "0.3"); }

TEST_CASE("decimal: a sum carries and borrows across the point") {
  CHECK(sum("0.9", "0.9") == "1.8");
  CHECK(sum("-0.9", "-0.9") == "-1.8");
  CHECK(sum("0.999999999999999999", "0.000000000000000001") == "1");
  CHECK(sum("1.5", "-0.7") == "0.8");
  CHECK(sum("-1.5", "0.7") == "-0.8");
  CHECK(sum("2.3", "-0.7") == "1.6");
  CHECK(sum("-2.3", "0.7") == "-1.6");
  CHECK(sum("1", "-0.000000000000000001") == "0.999999999999999999");
  CHECK(sum("0.3", "-0.5") == "-0.2");
  CHECK(sum("5", "-5") == "0");
  CHECK(difference("1", "0.000000000000000001") == "0.999999999999999999");
  CHECK(difference("0.3", "0.5") == "-0.2");
  CHECK(difference("-0.3", "-0.5") == "0.2");
  CHECK(difference("1.2", "2.1") == "-0.9");
}

TEST_CASE("decimal: a sum beyond either end is nothing, not a wrap") {
  CHECK(sum("9223372036854775807", "0.999999999999999999") ==
        "9223372036854775807.999999999999999999");
  CHECK(sum("9223372036854775807.9", "0.1") == "none");
  CHECK(sum("9223372036854775807", "1") == "none");
  CHECK(sum("-9223372036854775808", "-1") == "none");
  CHECK(sum("-9223372036854775808.9", "-0.1") == "none");
  CHECK(sum("-9223372036854775808.9", "0.1") == "-9223372036854775808.8");
  CHECK(sum("9223372036854775807", "-9223372036854775808") == "-1");
  CHECK(difference("-9223372036854775808", "1") == "none");
  CHECK(difference("9223372036854775807.5", "-0.5") == "none");
  CHECK(difference("0", "-9223372036854775808") == "none");
  CHECK(difference("-1", "-9223372036854775808") == "9223372036854775807");
  CHECK(difference("-0.5", "-9223372036854775808") == "9223372036854775807.5");
  CHECK(difference("-0.5", "-9223372036854775808.6") == "none");
  CHECK(difference("-0.5", "9223372036854775807.1") == "-9223372036854775807.6");
}

TEST_CASE("decimal: sums of a billion dollars keep every digit") {
  Decimal total;
  for (int i = 0; i < 20; ++i) total = *checked_add(total, decimal("999999999.999999999999999999"));
  CHECK(to_string(total) == "19999999999.99999999999999998");
}

TEST_CASE("decimal: a price times a count is exact") {
  CHECK(product("0.000000003625", 1) == "0.000000003625");
  CHECK(product("0.000000003625", 1000000000) == "3.625");
  CHECK(product("0.0000000018125", 3) == "0.0000000054375");
  CHECK(product("0.00000028", 20000) == "0.0056");
  CHECK(product("-1.5", 3) == "-4.5");
  CHECK(product("-1.5", -3) == "4.5");
  CHECK(product("1.5", 0) == "0");
  CHECK(product("0.999999999999999999", max_units) == "9223372036854775797.776627963145224193");
}

TEST_CASE("decimal: a product beyond the range is nothing, not a wrap") {
  CHECK(product("1", max_units) == "9223372036854775807");
  CHECK(product("1", min_units) == "-9223372036854775808");
  CHECK(product("-1", min_units) == "none");
  CHECK(product("1.5", max_units) == "none");
  CHECK(product("2", 4611686018427387904) == "none");
  CHECK(product("-2", 4611686018427387904) == "-9223372036854775808");
  CHECK(product("9223372036854775807", 9223372036854775807) == "none");
}

TEST_CASE("decimal: a quotient is given only where it is exact") {
  CHECK(quotient("0.28", 1000000) == "0.00000028");
  CHECK(quotient("0.003625", 1000000) == "0.000000003625");
  CHECK(quotient("1", 3) == "none");
  CHECK(quotient("0.000000000000000001", 2) == "none");
  CHECK(quotient("1", 0) == "none");
  CHECK(quotient("-7.5", 2) == "-3.75");
  CHECK(quotient("7.5", -2) == "-3.75");
  CHECK(quotient("9223372036854775807", 9223372036854775807) == "1");
  CHECK(quotient("-9223372036854775808", -1) == "none");
  CHECK(quotient("-9223372036854775808", min_units) == "1");
  CHECK(quotient("9223372036854775806", 4611686018427387903) == "2");
}

TEST_CASE("decimal: the exact text has no digit too many") {
  CHECK(to_string(Decimal{0, 8680000000000000}) == "0.00868");
  CHECK(to_string(Decimal{-3, 0}) == "-3");
  CHECK(to_string(Decimal{0, -1}) == "-0.000000000000000001");
  CHECK(to_string(Decimal{100, 0}) == "100");
  CHECK(to_string(Decimal{min_units, 0}) == "-9223372036854775808");
}

TEST_CASE("decimal: digits for people are rounded half to even") {
  CHECK(to_string_rounded(decimal("0.125"), 2) == "0.12");
  CHECK(to_string_rounded(decimal("0.135"), 2) == "0.14");
  CHECK(to_string_rounded(decimal("0.1250000001"), 2) == "0.13");
  CHECK(to_string_rounded(decimal("0.5"), 0) == "0");
  CHECK(to_string_rounded(decimal("1.5"), 0) == "2");
  CHECK(to_string_rounded(decimal("2.5"), 0) == "2");
  CHECK(to_string_rounded(decimal("-2.51"), 0) == "-3");
  CHECK(to_string_rounded(decimal("9.999"), 2) == "10.00");
  CHECK(to_string_rounded(decimal("3"), 2) == "3.00");
  CHECK(to_string_rounded(decimal("0.000000000000000001"), 18) == "0.000000000000000001");
  CHECK(to_string_rounded(decimal("9223372036854775807.9"), 0) == "9223372036854775808");
}

TEST_CASE("decimal: a negative number that rounds to zero has no sign") {
  CHECK(to_string_rounded(decimal("-0.001"), 2) == "0.00");
}

TEST_CASE("decimal: more or fewer decimals than there can be are taken as the nearest") {
  CHECK(to_string_rounded(decimal("1.5"), -1) == "2");
  CHECK(to_string_rounded(decimal("1.5"), 99) == "1.500000000000000000");
}

TEST_CASE("decimal: the order is that of the numbers") {
  CHECK(decimal("-1.5") < decimal("-1.4"));
  CHECK(decimal("-0.1") < decimal("0"));
  CHECK(decimal("-0.1") < decimal("0.1"));
  CHECK(decimal("0.999") < decimal("1"));
  CHECK(decimal("1.1") > decimal("1.01"));
  CHECK(decimal("2") >= decimal("2.0"));
  CHECK(decimal("2") == decimal("2.00"));
}

}  // namespace
