// SPDX-License-Identifier: MIT
#include "client/worst_case.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "client/units.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Where neither the request nor the model's card bounds the output.
constexpr std::int64_t assumed_output = 8192;

// Bands change every few hours, so a window of an hour has two or three; a call without a total
// clock that is given a year must not walk them all.
constexpr int most_changes = 64;

/// The prompt's tokens with what servers add to it. False: some part has no bound.
bool add_allowance(const TokenAllowance* allowance, const RequestBound& bound,
                   std::int64_t& tokens) {
  const TokenAllowance none;
  const TokenAllowance& more = allowance != nullptr ? *allowance : none;
  tokens += more.per_request + bound.messages * more.per_message + bound.tools * more.per_tool;
  if (bound.may_think) tokens += more.thinking;
  if (bound.tools > 0) tokens += more.tools;
  bool is_bounded = true;
  const auto add_parts = [&](std::int64_t count, const std::optional<std::int64_t>& each) {
    tokens += count * each.value_or(0);
    is_bounded = is_bounded && (count == 0 || each);
  };
  add_parts(bound.images, more.per_image);
  add_parts(bound.files, more.per_file);
  add_parts(bound.server_tools, more.per_server_tool);
  return is_bounded;
}

/// The dearest of those buckets; nothing if the first has no price.
std::optional<Decimal> dearest(const Rates& rates, std::initializer_list<Bucket> buckets) {
  std::optional<Decimal> most = rates[*buckets.begin()];
  for (const Bucket bucket : buckets) {
    if (most && rates[bucket]) most = std::max(*most, *rates[bucket]);
  }
  return most;
}

std::optional<Decimal> cost_of_both(Decimal input, Decimal output, const WorstCase& worst) {
  const auto prompt = checked_multiply(input, worst.prompt_tokens);
  const auto answer = checked_multiply(output, worst.output_tokens);
  return prompt && answer ? checked_add(*prompt, *answer) : std::nullopt;
}

/// Looks at one price after another, and keeps the two ends.
class Ends {
 public:
  Ends(WorstCase& worst, const RequestBound& bound, std::string_view model,
       std::int64_t least_prompt)
      : worst_(worst), bound_(bound), model_(model), least_prompt_(least_prompt) {}

  void add(const Price& price) {
    const Rates& rates = *price.rates;
    const auto input =
        dearest(rates, {Bucket::input_cache_miss, Bucket::cache_write,
                        bound_.images > 0 ? Bucket::input_image : Bucket::cache_write,
                        bound_.may_write_1h ? Bucket::cache_write_1h : Bucket::cache_write});
    // Audio comes only where it is asked for, which has no bound; pictures a model draws unasked.
    const auto output = dearest(rates, {Bucket::output, Bucket::reasoning, Bucket::output_image});
    if (!input || !output) return fail("its price has no part for all of its tokens");
    const auto fee = highest_fee(*price.entry, bound_, model_);
    if (!fee) return fail(fee.error());
    const auto high = plus(cost_of_both(*input, *output, worst_), *fee);
    const auto low =
        plus(checked_multiply(rates[Bucket::input_cache_hit].value_or(*input), least_prompt_),
             fee_of_attempt(*price.entry, bound_));
    if (!high || !low) return fail("the amount is too large to be held exactly");
    const Currency currency = price.entry->currency;
    if (!worst_.high || worst_.high->amount < *high) worst_.high = Money{*high, currency};
    if (!worst_.low || *low < worst_.low->amount) worst_.low = Money{*low, currency};
  }

  void fail(std::string why) {
    if (worst_.unknown.empty()) worst_.unknown = std::move(why);
  }

 private:
  static std::optional<Decimal> plus(std::optional<Decimal> a, std::optional<Decimal> b) {
    return a && b ? checked_add(*a, *b) : std::nullopt;
  }

  WorstCase& worst_;
  const RequestBound& bound_;
  const std::string_view model_;
  const std::int64_t least_prompt_;
};

/// All prices that the call could fall into at `query.at`.
void add_prices(const PriceCatalog& prices, PriceQuery query, const std::string& service_tier,
                std::int64_t prompt_tokens, Ends& ends) {
  // A server may serve another tier than it was asked for; and a tier of long contexts need not be
  // the dearer one.
  for (const std::string_view tier : {std::string_view(service_tier), std::string_view()}) {
    query.service_tier = tier;
    query.prompt_tokens = prompt_tokens;
    const auto price = prices.price_at(query);
    if (!price) return;
    ends.add(*price);
    if (price->context_tier) {
      query.prompt_tokens.reset();
      if (const auto lowest = prices.price_at(query)) ends.add(*lowest);
    }
    if (tier.empty()) return;
  }
}

void bound_output(const PriceCatalog& prices, const PriceQuery& query, const RequestBound& bound,
                  WorstCase& worst) {
  std::optional<std::int64_t> each = bound.max_output;
  if (!each) {
    each = prices.limits_of(query).max_output.value_or(assumed_output);
    worst.output_is_assumed = true;
  }
  // A factor so large that the product does not fit is no bound at all.
  constexpr std::int64_t most = std::int64_t{1} << 40;
  const bool is_sane = *each < most && bound.choices < (std::int64_t{1} << 20);
  worst.output_tokens = is_sane ? *each * bound.choices : most;
  if (!is_sane) worst.unknown = "max_tokens times n is no bound";
}

BudgetRefusal unpriced_refusal(const Budget& budget, Instant at) {
  BudgetRefusal refusal;
  refusal.reason = BudgetReason::unpriced;
  refusal.status.id = budget.id;
  refusal.status.limit = budget.limit;
  refusal.status.window = window_at(budget.window, budget.zone, at);
  return refusal;
}

/// At the budget's own prices; nothing if those give no exact amount.
std::optional<Decimal> assumed_cost(const Budget& budget, const WorstCase& worst) {
  const auto millionfold = cost_of_both(budget.assume_input, budget.assume_output, worst);
  return millionfold ? checked_divide(*millionfold, 1'000'000) : std::nullopt;
}

}  // namespace

WorstCase worst_case(const PriceCatalog& prices, PriceQuery query, Instant until,
                     const RequestBound& bound, std::int64_t least_prompt_tokens) {
  WorstCase worst;
  worst.prompt_tokens = bound.text_bytes;
  const TokenAllowance* allowance = prices.allowance_at(query.provider, query.at);
  if (!add_allowance(allowance, bound, worst.prompt_tokens)) {
    worst.unknown = "it has a picture, a file or a tool of the server's";
  }
  if (!bound.unbounded.empty()) worst.unknown = bound.unbounded + " has no bound";
  bound_output(prices, query, bound, worst);

  auto first = prices.price_at(query);
  if (!first) {
    worst.unknown = first.error().message;
    return worst;
  }
  worst.price = *std::move(first);
  Ends ends(worst, bound, query.model, least_prompt_tokens);
  for (int i = 0; i < most_changes; ++i) {
    add_prices(prices, query, bound.service_tier, worst.prompt_tokens, ends);
    const auto change = prices.next_change(query);
    if (!change || *change > until) break;
    query.at = *change;
  }
  if (!worst.unknown.empty()) worst.high.reset();
  return worst;
}

Result<std::optional<Decimal>, BudgetRefusal> hold_of(const Budget& budget, const WorstCase& worst,
                                                      Instant at) {
  if (worst.high && worst.high->currency == budget.limit.currency) {
    return std::optional(worst.high->amount);
  }
  if (budget.on_unpriced == OnUnpriced::allow) return std::optional<Decimal>();
  if (budget.on_unpriced == OnUnpriced::refuse) return unpriced_refusal(budget, at);
  const auto assumed = assumed_cost(budget, worst);
  if (!assumed) return unpriced_refusal(budget, at);
  return assumed;
}

}  // namespace TALLY_ABI
}  // namespace tally
