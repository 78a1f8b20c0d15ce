// SPDX-License-Identifier: MIT
#include "c_api/bill.hpp"

#include "c_api/boundary.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

const tally_billed_unit* unit_of(const BilledUnit& unit, Storage& storage) {
  tally_billed_unit* made = storage.make<tally_billed_unit>();
  made->name = view(unit.name);
  made->has_count = unit.count.has_value();
  made->count = unit.count.value_or(0);
  return made;
}

tally_rate* rate_of(Bucket bucket, std::string_view name, Decimal price, Storage& storage) {
  tally_rate* made = storage.make<tally_rate>();
  made->bucket = static_cast<std::int32_t>(bucket);
  made->name = view(name);
  made->price_of_one = amount_of(price);
  return made;
}

void put_rates(const Price& price, tally_price* made, Storage& storage) {
  std::vector<const tally_rate*> rates;
  for (int i = 0; price.rates != nullptr && i < bucket_count; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    if (const auto& rate = (*price.rates)[bucket]) {
      rates.push_back(rate_of(bucket, to_string(bucket), *rate, storage));
    }
  }
  for (const UnitPrice& unit : price.entry->units) {
    rates.push_back(rate_of(Bucket::unit, unit.name, unit.price_of_one, storage));
  }
  storage.each<tally_rate>(rates, &made->rates, &made->rates_count, [](auto rate) { return rate; });
}

template <class Line>
tally_cost_line* line_of(const Line& line, Storage& storage) {
  tally_cost_line* made = storage.make<tally_cost_line>();
  made->bucket = static_cast<std::int32_t>(line.bucket);
  made->name = view(line.name());
  made->quantity = line.quantity;
  return made;
}

void put_lines(const Cost& cost, tally_cost* made, Storage& storage) {
  std::vector<const tally_cost_line*> lines;
  for (const CostLine& line : cost.lines) {
    tally_cost_line* priced = line_of(line, storage);
    priced->is_priced = 1;
    priced->per_token = amount_of(line.per_token);
    priced->amount = amount_of(line.amount);
    lines.push_back(priced);
  }
  for (const UnpricedQuantity& line : cost.without_price) lines.push_back(line_of(line, storage));
  storage.each<tally_cost_line>(lines, &made->lines, &made->lines_count,
                                [](auto line) { return line; });
}

const tally_attempt* attempt_of(const Attempt& attempt, Storage& storage) {
  tally_attempt* made = storage.make<tally_attempt>();
  made->number = attempt.number;
  made->attempt_id = view(attempt.attempt_id);
  made->state = static_cast<std::int32_t>(attempt.state);
  made->http_status = attempt.http_status;
  made->reason = view(attempt.reason);
  made->request_id = view(attempt.request_id);
  made->model_reported = view(attempt.model_reported);
  made->started_us = us_of(attempt.started);
  made->completed_us = us_of(attempt.completed);
  made->has_first_byte_after = attempt.first_byte_after.has_value();
  if (attempt.first_byte_after) made->first_byte_after_us = attempt.first_byte_after->count();
  made->usage = usage_of(attempt.usage, storage);
  made->cost = cost_of(attempt.cost, storage);
  return made;
}

const tally_budget_refusal* refusal_of(const BudgetRefusal& refusal, Storage& storage) {
  tally_budget_refusal* made = storage.make<tally_budget_refusal>();
  made->reason = static_cast<std::int32_t>(refusal.reason);
  made->status = status_of(refusal.status, storage);
  made->has_could_cost = refusal.could_cost.has_value();
  if (refusal.could_cost) made->could_cost = money_of(*refusal.could_cost);
  made->text = storage.keep(to_string(refusal));
  return made;
}

}  // namespace

const tally_usage* usage_of(const Usage& usage, Storage& storage) {
  tally_usage* made = storage.make<tally_usage>();
  std::uint32_t* has = &made->has;
  put(usage.prompt_tokens, TALLY_HAS_PROMPT_TOKENS, has, &made->prompt_tokens);
  put(usage.prompt_cache_hit_tokens, TALLY_HAS_PROMPT_CACHE_HIT_TOKENS, has,
      &made->prompt_cache_hit_tokens);
  put(usage.prompt_cache_miss_tokens, TALLY_HAS_PROMPT_CACHE_MISS_TOKENS, has,
      &made->prompt_cache_miss_tokens);
  put(usage.cache_write_tokens, TALLY_HAS_CACHE_WRITE_TOKENS, has, &made->cache_write_tokens);
  put(usage.completion_tokens, TALLY_HAS_COMPLETION_TOKENS, has, &made->completion_tokens);
  put(usage.reasoning_tokens, TALLY_HAS_REASONING_TOKENS, has, &made->reasoning_tokens);
  put(usage.total_tokens, TALLY_HAS_TOTAL_TOKENS, has, &made->total_tokens);
  put(usage.billed.cache_miss, TALLY_HAS_BILLED_CACHE_MISS, has, &made->billed_cache_miss);
  put(usage.billed.cache_hit, TALLY_HAS_BILLED_CACHE_HIT, has, &made->billed_cache_hit);
  put(usage.billed.cache_write, TALLY_HAS_BILLED_CACHE_WRITE, has, &made->billed_cache_write);
  put(usage.billed.output, TALLY_HAS_BILLED_OUTPUT, has, &made->billed_output);
  const BilledTokens::Parts& parts = usage.billed.parts;
  made->billed_audio_miss = parts.audio_miss;
  made->billed_image_miss = parts.image_miss;
  made->billed_audio_hit = parts.audio_hit;
  made->billed_write_1h = parts.write_1h;
  made->billed_audio_output = parts.audio_output;
  made->billed_image_output = parts.image_output;
  made->source = static_cast<std::int32_t>(usage.source);
  made->anomalies = bits_of(usage.anomalies);
  made->service_tier = view(usage.service_tier);
  made->raw = view(usage.raw);
  storage.each<tally_billed_unit>(usage.units, &made->units, &made->units_count,
                                  [&](const BilledUnit& unit) { return unit_of(unit, storage); });
  return made;
}

const tally_price* price_of(const Price& price, Storage& storage) {
  tally_price* made = storage.make<tally_price>();
  const PriceEntry& entry = *price.entry;
  made->flags = bits_of(price.flags);
  made->entry_id = view(entry.id);
  made->provider = view(entry.provider);
  made->model = view(entry.model);
  made->band = view(price.band);
  made->service_tier = view(price.service_tier);
  made->catalog_version = view(entry.catalog_version);
  made->sha256 = view(entry.sha256);
  made->source_name = view(entry.source.name);
  made->source_url = view(entry.source.url);
  made->verified_at = view(entry.source.verified_at);
  made->text = storage.keep(to_string(price));
  made->has_context_tier = price.context_tier.has_value();
  made->context_tier = price.context_tier.value_or(0);
  const tally_money in_currency = money_of({{}, entry.currency});
  std::memcpy(made->currency, in_currency.currency, sizeof(made->currency));
  put_rates(price, made, storage);
  return made;
}

const tally_cost* cost_of(const Cost& cost, Storage& storage) {
  tally_cost* made = storage.make<tally_cost>();
  put(cost.total, TALLY_HAS_TOTAL, &made->has, &made->total);
  if (cost.bounds) {
    made->has |= TALLY_HAS_BOUNDS;
    made->low = money_of(cost.bounds->low);
    made->high = money_of(cost.bounds->high);
  }
  if (cost.reported) {
    made->has |= TALLY_HAS_REPORTED;
    made->reported = money_of(cost.reported->money);
  }
  put(cost.reported_difference, TALLY_HAS_REPORTED_DIFFERENCE, &made->has,
      &made->reported_difference);
  made->text = storage.keep(to_string(cost));
  made->is_estimate = cost.is_estimate;
  made->is_lower_bound = cost.is_lower_bound;
  made->unpriced_reason = static_cast<std::int32_t>(cost.unpriced_reason);
  made->flags = bits_of(cost.flags);
  made->unpriced_message = view(cost.unpriced_message);
  put_lines(cost, made, storage);
  if (cost.price && cost.price->entry) made->price = price_of(*cost.price, storage);
  return made;
}

const tally_budget_status* status_of(const BudgetStatus& status, Storage& storage) {
  tally_budget_status* made = storage.make<tally_budget_status>();
  made->in_flight = status.in_flight;
  made->id = view(status.id);
  made->limit = money_of(status.limit);
  made->window_begin_us = us_of(status.window.begin);
  made->window_end_us = us_of(status.window.end);
  made->spent = amount_of(status.spent);
  made->held = amount_of(status.held);
  made->estimated = amount_of(status.estimated);
  made->left = amount_of(status.left());
  made->unpriced_calls = status.unpriced_calls;
  return made;
}

const tally_receipt* receipt_of(const Receipt& receipt, Storage& storage) {
  tally_receipt* made = storage.make<tally_receipt>();
  made->state = static_cast<std::int32_t>(receipt.state);
  made->call_id = view(receipt.call_id);
  made->provider = view(receipt.provider);
  made->model = view(receipt.model);
  made->text = storage.keep(to_string(receipt));
  storage.each<tally_attempt>(receipt.attempts, &made->attempts, &made->attempts_count,
                              [&](const Attempt& attempt) { return attempt_of(attempt, storage); });
  made->usage = usage_of(receipt.usage, storage);
  made->cost = cost_of(receipt.cost, storage);
  if (receipt.ledger_error) made->ledger_error = error_of(*receipt.ledger_error, storage);
  if (receipt.refusal) made->refusal = refusal_of(*receipt.refusal, storage);
  return made;
}

const tally_error* error_of(const Error& error, Storage& storage) {
  tally_error* made = storage.make<tally_error>();
  *made = error_of(error);
  return made;
}

}  // namespace TALLY_ABI
}  // namespace tally
