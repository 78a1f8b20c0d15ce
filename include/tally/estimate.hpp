// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tally/pricing.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a request would take and cost, worked out before it is sent. It plans; it is never a bill,
/// and is printed with `~`. Plain data.
struct Estimate {
  /// With what the server is known to add by itself. `high` is a bound, unless `unknown` says that
  /// there is none.
  TokenEstimate prompt{};
  std::int64_t most_output = 0;    ///< `max_tokens` times the choices, or what takes its place.
  bool output_is_assumed = false;  ///< The request bounds no output: the model's most was taken.

  /// In force now; absent: `unknown` says why, and there are no amounts.
  std::optional<Price> price{};
  std::optional<Money> cold_cache{};  ///< `prompt.likely`, none of it cached; without an answer.
  std::optional<Money> warm_cache{};  ///< The same, all of it cached.
  /// Prompt and answer, as dear as they can be at any price in force while the call may last: what
  /// a budget holds for a stream. For `chat` it holds no more: that request is some bytes shorter.
  std::optional<Money> worst_case{};
  std::string unknown{};  ///< Why an amount or a bound is not known; empty: all are.
};

/// `~40 in (11 to 270) = ~$0.000006 (~$0.00000012 from the cache), up to 50 out: at worst
/// ~$0.0000705`
TALLY_API std::string to_string(const Estimate& estimate);

}  // namespace TALLY_ABI
}  // namespace tally
