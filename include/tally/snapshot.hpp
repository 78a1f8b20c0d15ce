// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "tally/error.hpp"
#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Where a client stands, for an overlay that is drawn each frame: numbers only, so that reading it
/// allocates nothing. Sums are over the calls of this client since it was opened. Plain data.
struct Snapshot {
  Money spent{};      ///< Bills with an amount, in the account's currency, estimates included.
  Money estimated{};  ///< The part of `spent` that is estimates: print a "~" if it is not 0.
  std::int64_t unpriced_attempts = 0;  ///< Their amounts are not known: print ">=" if not 0.

  /// The budget with the least left of those that the last call was held in, as it stood then.
  struct BudgetLeft {
    Money limit{};
    Decimal spent{};
    Decimal left{};  ///< limit - spent - held; below 0 after an overshoot.
  };
  std::optional<BudgetLeft> budget{};

  std::int64_t calls_begun = 0;
  std::int64_t calls_ended = 0;
  /// Calls of all kinds that have begun and not ended.
  std::int64_t in_flight() const { return calls_begun - calls_ended; }

  std::int64_t prompt_tokens = 0;  ///< Of ended attempts; so below.
  std::int64_t cache_hit_tokens = 0;
  std::int64_t output_tokens = 0;
  /// Of all streams together over the last two seconds, by deltas: an estimate.
  std::int64_t tokens_per_second = 0;

  std::optional<ErrorKind> last_error{};

  /// Of 1000 prompt tokens, those that came from the provider's cache; absent before the first.
  std::optional<int> cache_hit_permille() const {
    if (prompt_tokens == 0) return std::nullopt;
    return static_cast<int>(cache_hit_tokens * 1000 / prompt_tokens);
  }
};

}  // namespace TALLY_ABI
}  // namespace tally
