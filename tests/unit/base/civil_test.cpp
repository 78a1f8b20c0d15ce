// SPDX-License-Identifier: MIT
#include "base/civil.hpp"

#include <doctest/doctest.h>

namespace {

using tally::civil_from_days;
using tally::CivilDate;
using tally::days_from_civil;
using tally::is_valid;
using tally::weekday;

TEST_CASE("civil: days count from 1970-01-01, both ways") {
  CHECK(days_from_civil({1970, 1, 1}) == 0);
  CHECK(days_from_civil({1969, 12, 31}) == -1);
  CHECK(days_from_civil({2000, 2, 29}) == 11016);
  CHECK(days_from_civil({2000, 3, 1}) == 11017);
  CHECK(days_from_civil({2026, 11, 21}) == 20778);
  CHECK(days_from_civil({0, 3, 1}) == -719468);
  CHECK(civil_from_days(20778) == CivilDate{2026, 11, 21});
}

TEST_CASE("civil: every day of four thousand years is the day after the one before") {
  CivilDate expected{0, 1, 1};
  int wrong = 0;
  for (std::int64_t days = days_from_civil({0, 1, 1}); expected.year < 4000; ++days) {
    const CivilDate date = civil_from_days(days);
    if (date != expected || days_from_civil(date) != days) ++wrong;
    if (++expected.day > tally::days_in_month(expected.year, expected.month)) {
      expected.day = 1;
      if (++expected.month > 12) expected = {expected.year + 1, 1, 1};
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("civil: weeks begin on Monday, which is day 1") {
  CHECK(weekday(0) == 4);  // 1970-01-01, a Thursday.
  CHECK(weekday(-1) == 3);
  CHECK(weekday(-4) == 7);
  CHECK(weekday(-3) == 1);
  CHECK(weekday(days_from_civil({2026, 10, 1})) == 4);
  CHECK(weekday(days_from_civil({2026, 11, 22})) == 7);
}

TEST_CASE("civil: a day that does not exist is not valid") {
  CHECK(is_valid({2024, 2, 29}));
  CHECK_FALSE(is_valid({2025, 2, 29}));
  CHECK_FALSE(is_valid({1900, 2, 29}));
  CHECK(is_valid({2000, 2, 29}));
  CHECK_FALSE(is_valid({2026, 4, 31}));
  CHECK_FALSE(is_valid({2026, 0, 1}));
  CHECK_FALSE(is_valid({2026, 13, 1}));
  CHECK_FALSE(is_valid({2026, 1, 0}));
}

static_assert(days_from_civil({1970, 1, 2}) == 1, "usable in constant tables");

}  // namespace
