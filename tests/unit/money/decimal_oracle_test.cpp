// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>

#include "tally/money.hpp"

namespace {

/// What a command writes.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) {
    text.append(buffer, size);
  }
  pclose(pipe);
  return text;
}

std::string shown(const std::optional<tally::Decimal>& value) {
  return value ? to_string(*value) : "none";
}

std::string result_of(const std::string& op, const std::string& a, const std::string& b) {
  const auto left = tally::Decimal::parse(a);
  REQUIRE_MESSAGE(left, a);
  CHECK(to_string(*left) == a);
  if (op == "*") return shown(checked_multiply(*left, std::strtoll(b.c_str(), nullptr, 10)));
  if (op == "/") return shown(checked_divide(*left, std::strtoll(b.c_str(), nullptr, 10)));
  const auto right = tally::Decimal::parse(b);
  REQUIRE_MESSAGE(right, b);
  return shown(op == "+" ? checked_add(*left, *right) : checked_subtract(*left, *right));
}

}  // namespace

TEST_CASE("decimal: 40,000 random sums, differences, products and quotients are those of Python") {
  if (output_of("command -v python3").empty()) {
    MESSAGE("skipped: python3 is not found");
    return;
  }
  std::istringstream cases(
      output_of("python3 '" TALLY_SOURCE_DIR "/tests/unit/money/decimal_oracle.py'"));
  int count = 0;
  std::string op, a, b, expected;
  while (cases >> op >> a >> b >> expected) {
    ++count;
    const std::string result = result_of(op, a, b);
    if (result != expected)
      FAIL_CHECK(a << ' ' << op << ' ' << b << " is " << expected << ", not " << result);
  }
  CHECK(count == 40'000);
}
