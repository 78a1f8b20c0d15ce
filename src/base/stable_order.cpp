// SPDX-License-Identifier: MIT
#include "base/stable_order.hpp"

#include <algorithm>
#include <numeric>

namespace tally {
inline namespace TALLY_ABI {

std::vector<std::size_t> stable_order(
    std::size_t count, const std::function<bool(std::size_t, std::size_t)>& is_before) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&is_before](std::size_t a, std::size_t b) { return is_before(a, b); });
  return order;
}

}  // namespace TALLY_ABI
}  // namespace tally
