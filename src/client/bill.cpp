// SPDX-License-Identifier: MIT
#include "client/bill.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "client/units.hpp"
#include "wire/request_estimate.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Lookup = Result<Price, Unpriced>;

Cost cost_at(const Usage& usage, const Lookup& price) {
  return price ? cost_of(usage, *price) : cost_of(usage, price.error());
}

PriceQuery query_of(const ClientSettings& settings, const BillFacts& facts, const Usage& usage) {
  PriceQuery query;
  query.provider = settings.provider.id;
  query.model = facts.model_requested;
  query.reported_model = facts.reply->model;
  query.at = facts.completed;
  query.currency = settings.options.currency;
  query.host = settings.price_host;
  query.service_tier =
      usage.service_tier.empty() ? std::string_view(facts.reply->service_tier) : usage.service_tier;
  query.prompt_tokens = usage.prompt_tokens;
  return query;
}

/// The prices at both ends of a call, the one that decides first.
struct PricePair {
  Lookup decides;
  Lookup other;
  Instant billed_at;
};

PricePair prices_of(const ClientSettings& settings, const BillFacts& facts, PriceQuery query) {
  const PriceCatalog& catalog = settings.prices();
  query.at = facts.completed;
  Lookup at_end = catalog.price_at(query);
  query.at = facts.started;
  Lookup at_start = catalog.price_at(query);
  BillingInstant rule = settings.options.billing_instant;
  if (rule == BillingInstant::by_catalog && at_end) rule = at_end->entry->billing_instant;
  if (rule == BillingInstant::started) {
    return {std::move(at_start), std::move(at_end), facts.started};
  }
  return {std::move(at_end), std::move(at_start), facts.completed};
}

void widen(Cost& cost, const Cost& other) {
  if (!cost.total || !other.total || cost.total->currency != other.total->currency) return;
  if (!cost.bounds) cost.bounds = CostBounds{*cost.total, *cost.total};
  if (other.total->amount < cost.bounds->low.amount) cost.bounds->low = *other.total;
  if (other.total->amount > cost.bounds->high.amount) cost.bounds->high = *other.total;
}

/// A call that began in one band and ended in another carries both amounts.
void mark_straddling(Cost& cost, const Usage& usage, const PricePair& prices) {
  if (!prices.decides || !prices.other || prices.decides->rates == prices.other->rates) return;
  cost.flags.push_back(CostFlag::straddles_bands);
  widen(cost, cost_of(usage, *prices.other));
}

/// The estimated usage of a broken answer, and the two ends between which the truth lies.
struct EstimatedUsage {
  Usage likely;
  Usage low;   ///< The whole prompt came from the cache, and as few tokens as the text allows.
  Usage high;  ///< Nothing was cached, and every byte was a token.
};

enum class CacheGuess { all_missed, all_hit };

Usage usage_of_counts(std::int64_t prompt, std::int64_t output, CacheGuess guess) {
  Usage usage;
  usage.prompt_tokens = prompt;
  usage.completion_tokens = output;
  usage.total_tokens = prompt + output;
  (guess == CacheGuess::all_hit ? usage.billed.cache_hit : usage.billed.cache_miss) = prompt;
  usage.billed.output = output;
  usage.source = UsageSource::estimator;
  return usage;
}

void add_text(const Message& message, const std::string& refusal, std::string& text) {
  if (message.reasoning_content) text += *message.reasoning_content;
  text += message.content;
  text += refusal;
  for (const ToolCall& call : message.tool_calls) text += call.name + call.arguments;
}

TokenEstimate output_estimate(const BillFacts& facts) {
  const Reply& reply = *facts.reply;
  std::string text;
  add_text(reply.message, reply.refusal, text);
  for (const Choice& choice : reply.more_choices) add_text(choice.message, choice.refusal, text);
  const std::string echoed = echoed_prompt(facts.request_body);
  if (echoed.empty()) return estimate_output(text, facts.output_deltas);
  // What was only said again is no output, and nobody knows how many of the deltas it took.
  const auto own = std::mismatch(text.begin(), text.end(), echoed.begin(), echoed.end()).first;
  text.erase(text.begin(), own);
  return estimate_output(text, 0);
}

/// A prompt is never empty: a count of 0 is one that had not begun when the answer broke off.
bool has_prompt_count(const Usage& seen) { return seen.prompt_tokens.value_or(0) > 0; }

/// Beside the estimated counts, what the server did say.
void keep_reported(Usage& estimate, const Usage& seen) {
  estimate.source = UsageSource::mixed;
  estimate.raw = seen.raw;
  estimate.anomalies = seen.anomalies;
  estimate.reported_cost = seen.reported_cost;
  estimate.service_tier = seen.service_tier;
  estimate.units = seen.units;
  if (!has_prompt_count(seen)) return;
  estimate.prompt_cache_hit_tokens = seen.prompt_cache_hit_tokens;
  estimate.prompt_cache_miss_tokens = seen.prompt_cache_miss_tokens;
  estimate.cache_write_tokens = seen.cache_write_tokens;
  const auto output = estimate.billed.output;
  estimate.billed = seen.billed;
  estimate.billed.output = output;
}

/// What was read from the cache, as if it had not been there.
void miss_cache(BilledTokens& billed) {
  BilledTokens::Parts& parts = billed.parts;
  billed.cache_miss = billed.cache_miss.value_or(0) + billed.cache_hit.value_or(0);
  parts.audio_miss += parts.audio_hit;
  billed.cache_hit = parts.audio_hit = 0;
}

/// Both sides of the bill were counted by the server. One that is missing or unreadable is
/// estimated.
bool has_counts(const Usage& usage) { return usage.prompt_tokens && usage.billed.output; }

EstimatedUsage estimated_usage(const BillFacts& facts) {
  TokenEstimate prompt = estimate_prompt(facts.request_body);
  TokenEstimate output = output_estimate(facts);
  if (facts.max_tokens) output.high = std::max(output.high, *facts.max_tokens);
  // A server that counts as it goes had told part of the truth before it broke off.
  const Usage* seen = facts.usage ? &*facts.usage : nullptr;
  if (seen != nullptr && has_prompt_count(*seen)) {
    prompt.low = prompt.likely = prompt.high = *seen->prompt_tokens;
  }
  if (seen != nullptr && seen->billed.output) {
    output.low = std::max(output.low, *seen->billed.output);
    output.likely = std::max(output.likely, output.low);
    output.high = std::max(output.high, output.likely);
  }
  EstimatedUsage usage;
  usage.likely = usage_of_counts(prompt.likely, output.likely, CacheGuess::all_missed);
  usage.low = usage_of_counts(prompt.low, output.low, CacheGuess::all_hit);
  usage.high = usage_of_counts(prompt.high, output.high, CacheGuess::all_missed);
  if (seen != nullptr) keep_reported(usage.likely, *seen);
  if (facts.bound) add_asked_units(usage.likely, *facts.bound, facts.model_requested);
  usage.low.units = usage.high.units = usage.likely.units;
  if (seen != nullptr && has_prompt_count(*seen)) {
    // What the server told apart has prices of its own, higher ones too.
    usage.high.billed = usage.likely.billed;
    usage.high.billed.output = output.high;
    miss_cache(usage.high.billed);
  }
  return usage;
}

Instant bill_estimate(Attempt& attempt, const ClientSettings& settings, const BillFacts& facts) {
  EstimatedUsage usage = estimated_usage(facts);
  const PricePair prices = prices_of(settings, facts, query_of(settings, facts, usage.likely));
  Cost& cost = attempt.cost;
  cost = cost_at(usage.likely, prices.decides);
  if (prices.decides) {
    Cost low = cost_of(usage.low, *prices.decides);
    // Without a price for cached input the low end is the missed one; it must not look like 0.
    if (!(*prices.decides->rates)[Bucket::input_cache_hit]) {
      std::swap(usage.low.billed.cache_hit, usage.low.billed.cache_miss);
      low = cost_of(usage.low, *prices.decides);
    }
    widen(cost, low);
    widen(cost, cost_of(usage.high, *prices.decides));
    if (prices.other && prices.other->rates != prices.decides->rates) {
      cost.flags.push_back(CostFlag::straddles_bands);
      widen(cost, cost_of(usage.low, *prices.other));
      widen(cost, cost_of(usage.high, *prices.other));
    }
  }
  // A part without a price has no upper bound either.
  if (!cost.without_price.empty()) cost.bounds.reset();
  if (!facts.max_tokens) cost.flags.push_back(CostFlag::output_unbounded);
  attempt.usage = std::move(usage.likely);
  attempt.state = bill_state(attempt.usage, cost);
  return prices.billed_at;
}

Instant bill_usage(Attempt& attempt, const ClientSettings& settings, BillFacts& facts) {
  attempt.usage = *std::move(facts.usage);
  if (facts.bound) add_asked_units(attempt.usage, *facts.bound, facts.model_requested);
  const PricePair prices = prices_of(settings, facts, query_of(settings, facts, attempt.usage));
  attempt.cost = cost_at(attempt.usage, prices.decides);
  mark_straddling(attempt.cost, attempt.usage, prices);
  attempt.state = bill_state(attempt.usage, attempt.cost);
  return prices.billed_at;
}

}  // namespace

Instant bill(Attempt& attempt, const ClientSettings& settings, BillFacts facts) {
  if (facts.is_free) {
    attempt.state = BillState::not_billed;
    attempt.cost.total = Money{Decimal{}, settings.options.currency};
    return facts.completed;
  }
  if (facts.usage && facts.usage_is_final && has_counts(*facts.usage)) {
    return bill_usage(attempt, settings, facts);
  }
  return bill_estimate(attempt, settings, facts);
}

}  // namespace TALLY_ABI
}  // namespace tally
