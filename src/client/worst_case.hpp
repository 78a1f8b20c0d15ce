// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tally/budget.hpp"
#include "tally/pricing.hpp"
#include "wire/request_bound.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What an attempt can cost, before it is sent. Plain data.
struct WorstCase {
  std::optional<Price> price;  ///< In force when it begins.
  std::optional<Money> low;    ///< The whole prompt from the cache, and no output.
  std::optional<Money> high;   ///< Nothing from the cache, and all the output there may be.
  std::int64_t prompt_tokens = 0;
  std::int64_t output_tokens = 0;
  bool output_is_assumed = false;  ///< Nothing in the request bounds it.
  std::string unknown;             ///< Why there is no `high`.
};

/// The dearest of all bands, tiers and entries in force from `query.at` to `until`.
WorstCase worst_case(const PriceCatalog& prices, PriceQuery query, Instant until,
                     const RequestBound& bound, std::int64_t least_prompt_tokens);

/// What `budget` holds for an attempt that begins at `at`; nothing: that is not known, and allowed.
/// Or its refusal, where it wants to know. Its counters were not asked for then, and are 0.
Result<std::optional<Decimal>, BudgetRefusal> hold_of(const Budget& budget, const WorstCase& worst,
                                                      Instant at);

}  // namespace TALLY_ABI
}  // namespace tally
