// SPDX-License-Identifier: MIT
#include "money/wide.hpp"

#include <doctest/doctest.h>

#include <random>

namespace {

using tally::Division;
using tally::Wide;

constexpr std::uint64_t all_ones = 0xffffffffffffffff;

void check_product(std::uint64_t a, std::uint64_t b, std::uint64_t high, std::uint64_t low) {
  const Wide ours = tally::portable::multiply_wide(a, b);
  CHECK(ours.high == high);
  CHECK(ours.low == low);
  const Wide native = tally::multiply_wide(a, b);
  CHECK(native.high == high);
  CHECK(native.low == low);
}

void check_quotient(Wide dividend, std::uint64_t divisor, std::uint64_t quotient,
                    std::uint64_t remainder) {
  const Division ours = tally::portable::divide_wide(dividend, divisor);
  CHECK(ours.quotient == quotient);
  CHECK(ours.remainder == remainder);
  const Division native = tally::divide_wide(dividend, divisor);
  CHECK(native.quotient == quotient);
  CHECK(native.remainder == remainder);
}

TEST_CASE("wide: products are whole, with a 128-bit type of the compiler's and without") {
  check_product(0, all_ones, 0, 0);
  check_product(1, all_ones, 0, all_ones);
  check_product(2, all_ones, 1, all_ones - 1);
  check_product(all_ones, all_ones, all_ones - 1, 1);
  check_product(std::uint64_t{1} << 32, std::uint64_t{1} << 32, 1, 0);
  // 10^18 * 10^18 = 10^36 = 0xC097CE7BC90715 * 2^64 + 0xB34B9F1000000000.
  check_product(1000000000000000000, 1000000000000000000, 0xC097CE7BC90715, 0xB34B9F1000000000);
}

TEST_CASE("wide: quotients and remainders, up to the largest that fit") {
  check_quotient({0, 7}, 2, 3, 1);
  check_quotient({0, 0}, all_ones, 0, 0);
  check_quotient({1, 0}, 2, std::uint64_t{1} << 63, 0);
  check_quotient({1, 0}, 3, 0x5555555555555555, 1);
  check_quotient({all_ones - 1, all_ones}, all_ones, all_ones, all_ones - 1);
  check_quotient({0xC097CE7BC90715, 0xB34B9F1000000000}, 1000000000000000000, 1000000000000000000,
                 0);
}

TEST_CASE("wide: a carry out of the low half is kept") {
  CHECK(tally::add_wide({0, all_ones}, 1).high == 1);
  CHECK(tally::add_wide({0, all_ones}, 1).low == 0);
  CHECK(tally::add_wide({5, 1}, 2).high == 5);
  CHECK(tally::add_wide({5, 1}, 2).low == 3);
}

TEST_CASE("wide: the portable form and the compiler's own agree, and undo each other") {
  std::mt19937_64 random(20261121);
  int wrong = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t a = random() >> (random() % 64);
    const std::uint64_t b = (random() >> (random() % 64)) | 1;
    const std::uint64_t rest = random() % b;
    const Wide product = tally::portable::multiply_wide(a, b);
    const Wide native = tally::multiply_wide(a, b);
    if (product.high != native.high || product.low != native.low) ++wrong;
    const Division division = tally::portable::divide_wide(tally::add_wide(product, rest), b);
    const Division check = tally::divide_wide(tally::add_wide(product, rest), b);
    if (division.quotient != a || division.remainder != rest) ++wrong;
    if (check.quotient != a || check.remainder != rest) ++wrong;
  }
  CHECK(wrong == 0);
}

}  // namespace
