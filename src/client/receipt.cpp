// SPDX-License-Identifier: MIT
#include "tally/receipt.hpp"

#include <algorithm>
#include <ostream>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// How bad a state is for the reader of a sum; `not_billed` adds nothing and decides nothing.
int badness(BillState state) {
  switch (state) {
    case BillState::not_billed:
      return 0;
    case BillState::settled:
      return 1;
    case BillState::estimated:
      return 2;
    case BillState::partial:
      return 3;
    case BillState::unpriced:
      return 4;
    case BillState::reserved:
      return 5;
  }
  return 5;
}

std::string count(const std::optional<std::int64_t>& tokens) {
  return tokens ? std::to_string(*tokens) : "?";
}

std::string band_for_people(std::string_view band) {
  return band == "offpeak" ? "off-peak" : std::string(band);
}

const char* mark_of(const Usage& usage) {
  return usage.source == UsageSource::estimator || usage.source == UsageSource::mixed ? "~" : "";
}

std::string day_of(const PriceSource& source) {
  return source.verified_at.empty() ? "never checked" : "checked " + source.verified_at;
}

void append_price(std::string& out, const Price& price) {
  const PriceEntry& entry = *price.entry;
  out += "  price: " + entry.id + " (" + entry.model + ", " + band_for_people(price.band);
  if (!price.service_tier.empty()) out += ", tier " + std::string(price.service_tier);
  if (price.context_tier) out += ", above " + std::to_string(*price.context_tier) + " tokens";
  out += "), " + day_of(entry.source);
  if (!entry.source.name.empty()) out += ", " + entry.source.name;
  out += ", catalogue " + entry.catalog_version + "\n";
  for (const PriceFlag flag : price.flags) out += "  note: " + std::string(to_string(flag)) + "\n";
}

void append_lines(std::string& out, const Cost& cost, Currency currency) {
  for (const CostLine& line : cost.lines) {
    out += "  " + std::string(line.name()) + ": " + std::to_string(line.quantity) + " x " +
           to_string(Money{line.per_token, currency}) + " = " +
           to_string(Money{line.amount, currency}) + "\n";
  }
  for (const UnpricedQuantity& quantity : cost.without_price) {
    out += "  " + std::string(quantity.name()) + ": ";
    const bool is_uncounted = quantity.bucket == Bucket::unit && quantity.quantity == 0;
    out += is_uncounted ? "not counted" : std::to_string(quantity.quantity);
    out += quantity.bucket == Bucket::unit ? "" : " tokens";
    out += is_uncounted ? "\n" : " without a price of their own\n";
  }
}

void append_attempt(std::string& out, const Attempt& attempt) {
  out += "attempt " + std::to_string(attempt.number) + ": " + std::string(to_string(attempt.state));
  if (!attempt.reason.empty()) out += " (" + attempt.reason + ")";
  out += ", counts from " + std::string(to_string(attempt.usage.source)) + "\n";
  const Cost& cost = attempt.cost;
  const Currency currency = cost.price ? cost.price->entry->currency : usd;
  append_lines(out, cost, currency);
  if (cost.bounds) {
    out +=
        "  between " + to_string(cost.bounds->low) + " and " + to_string(cost.bounds->high) + "\n";
  }
  if (cost.price) append_price(out, *cost.price);
  if (!cost.total && !cost.unpriced_message.empty()) out += "  " + cost.unpriced_message + "\n";
  if (cost.reported) {
    out += "  the provider's own figure: " + to_string(cost.reported->money) + "\n";
  }
  for (const CostFlag flag : cost.flags) out += "  note: " + std::string(to_string(flag)) + "\n";
  for (const Anomaly anomaly : attempt.usage.anomalies) {
    out += "  anomaly: " + std::string(to_string(anomaly)) + "\n";
  }
}

}  // namespace

void sum_attempts(Receipt& receipt) {
  receipt.state = BillState::not_billed;
  const auto is_billed = [](const Attempt& each) { return each.state != BillState::not_billed; };
  auto attempt = std::find_if(receipt.attempts.begin(), receipt.attempts.end(), is_billed);
  if (attempt == receipt.attempts.end()) {
    receipt.usage = Usage{};
    // If all were free, so is the sum: a known amount of 0.
    receipt.cost = receipt.attempts.empty() ? Cost{} : receipt.attempts.front().cost;
    return;
  }
  receipt.state = attempt->state;
  receipt.usage = attempt->usage;
  receipt.cost = attempt->cost;
  while (++attempt != receipt.attempts.end()) {
    // An attempt that cost nothing has no price; adding it would make the sum look unpriced.
    if (!is_billed(*attempt)) continue;
    if (badness(attempt->state) > badness(receipt.state)) receipt.state = attempt->state;
    receipt.usage = sum(receipt.usage, attempt->usage);
    receipt.cost = sum(receipt.cost, attempt->cost);
  }
}

std::string to_string(const Receipt& receipt) {
  const std::string state(to_string(receipt.state));
  if (receipt.state == BillState::not_billed) {
    const std::string reason = receipt.attempts.empty() ? "" : receipt.attempts.back().reason;
    return receipt.model + ", " + state + (reason.empty() ? "" : " (" + reason + ")");
  }
  const Usage& usage = receipt.usage;
  const std::string mark = mark_of(usage);
  std::string out = mark + count(usage.prompt_tokens) + " in";
  if (usage.prompt_cache_hit_tokens)
    out += " (" + count(usage.prompt_cache_hit_tokens) + " cached)";
  out += " + " + mark + count(usage.completion_tokens) + " out = " + to_string(receipt.cost);
  out += "  " + receipt.model;
  if (receipt.cost.price && receipt.cost.price->band != "default") {
    out += " " + band_for_people(receipt.cost.price->band);
  }
  if (receipt.attempts.size() > 1)
    out += ", " + std::to_string(receipt.attempts.size()) + " attempts";
  return out + ", " + state;
}

std::ostream& operator<<(std::ostream& out, const Receipt& receipt) {
  return out << to_string(receipt);
}

std::string explain(const Receipt& receipt) {
  std::string out = to_string(receipt) + "\n";
  for (const Attempt& attempt : receipt.attempts) append_attempt(out, attempt);
  return out;
}

}  // namespace TALLY_ABI
}  // namespace tally
