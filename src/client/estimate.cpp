// SPDX-License-Identifier: MIT
#include "client/estimate.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "client/booking.hpp"
#include "client/units.hpp"
#include "wire/request_estimate.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// What servers were seen to add once; the allowance for their templates is a bound, several times
/// what is likely, and is in `high` alone.
std::int64_t likely_addition(const TokenAllowance* allowance, const RequestBound& bound) {
  if (allowance == nullptr) return 0;
  return (bound.may_think ? allowance->thinking : 0) + (bound.tools > 0 ? allowance->tools : 0);
}

/// With what the request itself costs.
std::optional<Money> amount(const Price& price, Bucket bucket, std::int64_t tokens,
                            const RequestBound& bound) {
  const std::optional<Decimal>& rate = (*price.rates)[bucket];
  const auto fee = fee_of_attempt(*price.entry, bound);
  if (!rate || !fee) return std::nullopt;
  const auto product = checked_multiply(*rate, tokens);
  const auto total = product ? checked_add(*product, *fee) : std::nullopt;
  if (!total) return std::nullopt;
  return Money{*total, price.entry->currency};
}

void add_price(Estimate& estimate, const PriceCatalog& prices, const PriceQuery& query,
               const RequestBound& bound) {
  auto price = prices.price_at(query);
  if (!price) return;  // `worst_case` has said why.
  estimate.cold_cache = amount(*price, Bucket::input_cache_miss, estimate.prompt.likely, bound);
  estimate.warm_cache = amount(*price, Bucket::input_cache_hit, estimate.prompt.likely, bound);
  if (!estimate.warm_cache && estimate.unknown.empty()) {
    estimate.unknown = "its price has no part for input from the cache";
  }
  estimate.price = *std::move(price);
}

}  // namespace

Estimate estimate_call(const ClientSettings& settings, CallOrder order,
                       const CallOptions& options) {
  Estimate estimate;
  if (!order.body) {
    estimate.unknown = order.body.error().message;
    return estimate;
  }
  Booking& booking = order.booking;
  const Instant now = settings.clock->wall();
  const Clocks clocks = options.clocks.value_or(settings.options.clocks);
  // A budget that refuses what it cannot hold has no say here.
  (void)booking.assess(settings, order.model, now, clocks.total);
  const WorstCase& worst = booking.worst();
  estimate.most_output = worst.output_tokens;
  estimate.output_is_assumed = worst.output_is_assumed;
  estimate.worst_case = worst.high;
  estimate.unknown = worst.unknown;

  PriceQuery query = price_query(settings, order.model, now);
  const TokenAllowance* allowance = settings.prices().allowance_at(query.provider, now);
  estimate.prompt = estimate_prompt(**order.body);
  estimate.prompt.high = worst.prompt_tokens;
  estimate.prompt.likely = std::min(
      estimate.prompt.likely + likely_addition(allowance, booking.bound()), estimate.prompt.high);
  query.service_tier = booking.bound().service_tier;
  query.prompt_tokens = estimate.prompt.likely;
  add_price(estimate, settings.prices(), query, booking.bound());
  return estimate;
}

std::string to_string(const Estimate& estimate) {
  const TokenEstimate& prompt = estimate.prompt;
  std::string text = "~" + std::to_string(prompt.likely) + " in (" + std::to_string(prompt.low) +
                     " to " + std::to_string(prompt.high) + ")";
  if (estimate.cold_cache) text += " = ~" + to_string(*estimate.cold_cache);
  if (estimate.warm_cache) text += " (~" + to_string(*estimate.warm_cache) + " from the cache)";
  text += ", up to " + std::to_string(estimate.most_output) + " out";
  if (estimate.worst_case) return text + ": at worst ~" + to_string(*estimate.worst_case);
  return text + ": worst case unknown (" + estimate.unknown + ")";
}

}  // namespace TALLY_ABI
}  // namespace tally
