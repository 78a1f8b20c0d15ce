// SPDX-License-Identifier: MIT
#pragma once

// What a request is billed for beside tokens: what it asks for itself, and what a server does for
// it.

#include <optional>
#include <string>
#include <string_view>

#include "tally/pricing.hpp"
#include "tally/usage.hpp"
#include "wire/request_bound.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Whether a model searches for every answer, asked or not: Perplexity's, OpenAI's search previews,
/// OpenRouter's names that end so.
bool searches_by_itself(std::string_view model);

/// Adds what the request asked for, where the usage is silent of it: pictures with their number,
/// pages and runs of the server's tools without one. Audio that it does not count is an anomaly,
/// and what was written into the cache stays there for as long as was asked.
void add_asked_units(Usage& usage, const RequestBound& bound, std::string_view model);

/// What every attempt costs beside its tokens, for certain: the request, and the pictures in it.
/// Nothing: it does not fit.
std::optional<Decimal> fee_of_attempt(const PriceEntry& entry, const RequestBound& bound);

/// What it can cost at most; an error says which unit has no bound, or no price.
Result<Decimal, std::string> highest_fee(const PriceEntry& entry, const RequestBound& bound,
                                         std::string_view model);

}  // namespace TALLY_ABI
}  // namespace tally
