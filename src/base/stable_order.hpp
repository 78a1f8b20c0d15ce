// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// The numbers below `count`, in the order in which std::stable_sort puts what they stand for.
std::vector<std::size_t> stable_order(
    std::size_t count, const std::function<bool(std::size_t, std::size_t)>& is_before);

/// As std::stable_sort, whose code is some 3 KB for each type: here that is there once.
template <class T, class IsBefore>
void sort_stably(std::vector<T>& items, IsBefore is_before) {
  std::vector<T> sorted;
  sorted.reserve(items.size());
  const auto is_item_before = [&](std::size_t a, std::size_t b) {
    return is_before(items[a], items[b]);
  };
  for (const std::size_t item : stable_order(items.size(), is_item_before)) {
    sorted.push_back(std::move(items[item]));
  }
  items = std::move(sorted);
}

}  // namespace TALLY_ABI
}  // namespace tally
