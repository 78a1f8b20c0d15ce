// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "tally/budget.hpp"
#include "tally/receipt.hpp"
#include "tally/snapshot.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What `Client::snapshot` shows: calls add to it as they go. May be shared by threads; no lock is
/// held for longer than a few additions.
class Meter {
 public:
  explicit Meter(Currency account);

  void begin_call();
  void end_call(std::optional<ErrorKind> error);
  void count(const Attempt& attempt);
  /// Where the budgets of a call stand: the one with the least left is shown.
  void show_budgets(const std::vector<BudgetStatus>& budgets);
  void count_output(std::int64_t tokens, SteadyInstant now);

  Snapshot read(SteadyInstant now) const;

 private:
  /// Tokens of a quarter of a second; eight of them are the two seconds of the rate.
  struct Slice {
    std::int64_t number = -1;  ///< Since the clock's beginning.
    std::int64_t tokens = 0;
  };

  mutable std::mutex mutex_;
  Snapshot sums_;
  std::array<Slice, 8> slices_;
};

}  // namespace TALLY_ABI
}  // namespace tally
