// SPDX-License-Identifier: MIT
#include "tally/budget.hpp"

namespace tally {
inline namespace TALLY_ABI {

TimeSpan window_at(BudgetWindow window, const TimeZone& zone, Instant at) {
  switch (window) {
    case BudgetWindow::call:
      return {at, at};
    case BudgetWindow::day:
      return local_day(zone, at).span;
    default:
      return {Instant{}, Instant::max()};
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
