// SPDX-License-Identifier: MIT
#include "base/stable_order.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using tally::sort_stably;
using tally::stable_order;

TEST_CASE("stable order: equal items keep their order, the others are sorted") {
  std::vector<std::string> words = {"pear", "fig", "apple", "kiwi", "yam", "date"};
  sort_stably(words, [](const auto& a, const auto& b) { return a.size() < b.size(); });
  CHECK(words == std::vector<std::string>{"fig", "yam", "pear", "kiwi", "date", "apple"});
}

TEST_CASE("stable order: many equal items keep their order too") {
  // Up to sixteen an unstable std::sort leaves them in order as well.
  const auto order = stable_order(40, [](auto a, auto b) { return a % 2 < b % 2; });
  REQUIRE(order.size() == 40);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(order[i] == 2 * i);
    CHECK(order[20 + i] == 2 * i + 1);
  }
}

TEST_CASE("stable order: nothing, one item and sorted items stay as they are") {
  const auto is_less = [](int a, int b) { return a < b; };
  std::vector<int> none;
  std::vector<int> one = {7};
  std::vector<int> sorted = {1, 2, 2, 3};
  sort_stably(none, is_less);
  sort_stably(one, is_less);
  sort_stably(sorted, is_less);
  CHECK(none.empty());
  CHECK(one == std::vector<int>{7});
  CHECK(sorted == std::vector<int>{1, 2, 2, 3});
}

TEST_CASE("stable order: it names the places from which items come") {
  const int values[] = {30, 10, 20, 10};
  const auto order = stable_order(4, [&](auto a, auto b) { return values[a] < values[b]; });
  CHECK(order == std::vector<std::size_t>{1, 3, 2, 0});
}
