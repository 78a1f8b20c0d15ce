// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>
#include <utility>

#include "money/exact.hpp"
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

void add_flag(std::vector<CostFlag>& flags, CostFlag flag) {
  if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.push_back(flag);
}

bool has(const std::vector<Anomaly>& anomalies, Anomaly anomaly) {
  return std::find(anomalies.begin(), anomalies.end(), anomaly) != anomalies.end();
}

bool is_estimate(const Usage& usage) {
  return usage.source == UsageSource::estimator || usage.source == UsageSource::mixed;
}

bool has_no_counts(const BilledTokens& billed) {
  return !billed.cache_miss && !billed.cache_hit && !billed.cache_write && !billed.output;
}

void set_unpriced(Cost& cost, UnpricedReason reason, std::string message) {
  cost.total.reset();
  cost.bounds.reset();
  cost.reported_difference.reset();
  cost.lines.clear();
  cost.unpriced_reason = reason;
  cost.unpriced_message = std::move(message);
}

void set_overflow(Cost& cost) {
  set_unpriced(cost, UnpricedReason::overflow, "the amount is too large to be held exactly");
}

/// Adds up one usage. Nothing is rounded; what does not fit ends the sum.
class Bill {
 public:
  Bill(Cost& cost, const Rates& rates) : cost_(cost), rates_(rates) {}

  void add(Bucket bucket, std::int64_t quantity) {
    // Of the eleven buckets three are in most bills: the test stands where the bucket is added.
    if (quantity > 0) add_some(bucket, quantity);
  }

  /// Those of `quantity` that leave `whole` because they have a price of their own. The others stay
  /// in it, at the least that they can cost.
  std::int64_t taken(Bucket own, std::int64_t quantity, std::int64_t& whole) {
    quantity = std::min(quantity, whole);
    if (quantity <= 0) return 0;
    if (!rates_[own]) {
      // Pictures cost what text does unless a list says otherwise; audio never did.
      if (own != Bucket::input_image) cost_.without_price.push_back({own, quantity});
      return 0;
    }
    whole -= quantity;
    return quantity;
  }

  void add_unit(const UnitPrice& price, std::int64_t count) {
    if (count <= 0) return;
    add_line(Bucket::unit, count, price.price_of_one);
    if (fits_) cost_.lines.back().unit = price.name;
  }

  void add_unpriced_unit(const std::string& name, std::int64_t count) {
    cost_.without_price.push_back({Bucket::unit, count, name});
  }

  /// False: the sum cannot be held.
  bool fits() const { return fits_; }
  Decimal total() const { return total_; }

 private:
  void add_some(Bucket bucket, std::int64_t quantity) {
    const std::optional<Decimal>& per_token = rates_[bucket];
    if (per_token) {
      add_line(bucket, quantity, *per_token);
    } else {
      cost_.without_price.push_back({bucket, quantity});
    }
  }

  void add_line(Bucket bucket, std::int64_t quantity, Decimal price_of_one) {
    Decimal amount;
    fits_ = fits_ && exact::multiply(price_of_one, quantity, amount) &&
            exact::add(total_, amount, total_);
    if (!fits_) return;
    CostLine& line = cost_.lines.emplace_back();
    line.bucket = bucket;
    line.quantity = quantity;
    line.per_token = price_of_one;
    line.amount = amount;
  }

  Cost& cost_;
  const Rates& rates_;
  Decimal total_;
  bool fits_ = true;
};

void add_input(Bill& bill, const BilledTokens& billed) {
  const BilledTokens::Parts& parts = billed.parts;
  std::int64_t hit = billed.cache_hit.value_or(0);
  std::int64_t miss = billed.cache_miss.value_or(0);
  std::int64_t write = billed.cache_write.value_or(0);
  const std::int64_t audio_hit = bill.taken(Bucket::input_audio_cache_hit, parts.audio_hit, hit);
  const std::int64_t audio = bill.taken(Bucket::input_audio, parts.audio_miss, miss);
  const std::int64_t image = bill.taken(Bucket::input_image, parts.image_miss, miss);
  const std::int64_t write_1h = bill.taken(Bucket::cache_write_1h, parts.write_1h, write);
  bill.add(Bucket::input_cache_hit, hit);
  bill.add(Bucket::input_cache_miss, miss);
  bill.add(Bucket::cache_write, write);
  bill.add(Bucket::cache_write_1h, write_1h);
  bill.add(Bucket::input_audio_cache_hit, audio_hit);
  bill.add(Bucket::input_audio, audio);
  bill.add(Bucket::input_image, image);
}

void add_output(Bill& bill, const Usage& usage, const Rates& rates) {
  const BilledTokens::Parts& parts = usage.billed.parts;
  std::int64_t output = usage.billed.output.value_or(0);
  const std::int64_t audio = bill.taken(Bucket::output_audio, parts.audio_output, output);
  const std::int64_t image = bill.taken(Bucket::output_image, parts.image_output, output);
  // Reasoning is a part of the output: priced apart it leaves the output, else it stays inside.
  const std::int64_t reasoning =
      rates[Bucket::reasoning]
          ? bill.taken(Bucket::reasoning, usage.reasoning_tokens.value_or(0), output)
          : 0;
  bill.add(Bucket::output, output);
  bill.add(Bucket::reasoning, reasoning);
  bill.add(Bucket::output_audio, audio);
  bill.add(Bucket::output_image, image);
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// What was sent is in the prompt's tokens, and costs apart only where an entry says so.
bool is_in_tokens(std::string_view unit) { return unit == "image" || unit == "page"; }

/// Such a unit stands in no bill unless the request asked for it, or the usage counts it.
bool is_asked_for(std::string_view unit) {
  if (is_in_tokens(unit) || starts_with(unit, "search_")) return true;
  for (const std::string_view other : {"storage_search", "fetch", "code_interpreter_session",
                                       "audio_second", "character", "citation_token"}) {
    if (unit == other) return true;
  }
  return false;
}

/// Perplexity tells the size of the search that is in every answer, and its fee stands in lists as
/// that of a search or of the request.
bool is_fee_of_request(std::string_view unit) { return starts_with(unit, "search_query_"); }

void add_used_unit(Bill& bill, const BilledUnit& unit, const PriceEntry& entry) {
  const UnitPrice* price = entry.find_unit(unit.name);
  if (price && unit.count) return bill.add_unit(*price, *unit.count);
  if (unit.count == 0) return;
  if (!price && is_in_tokens(unit.name)) return;
  if (!price && is_fee_of_request(unit.name) && entry.find_unit("request")) return;
  bill.add_unpriced_unit(unit.name, unit.count.value_or(0));
}

void add_units(Bill& bill, const Usage& usage, const PriceEntry& entry) {
  for (const UnitPrice& price : entry.units) {
    if (price.name == "request") {
      bill.add_unit(price, 1);
      continue;
    }
    const bool is_counted =
        std::any_of(usage.units.begin(), usage.units.end(),
                    [&price](const BilledUnit& unit) { return unit.name == price.name; });
    if (!is_counted && !is_asked_for(price.name)) bill.add_unpriced_unit(price.name, 0);
  }
  for (const BilledUnit& unit : usage.units) add_used_unit(bill, unit, entry);
}

std::optional<Money> reported_difference(const Cost& cost) {
  if (!cost.reported || !cost.total) return std::nullopt;
  const auto difference = subtract(cost.reported->money, *cost.total);
  if (!difference) return std::nullopt;
  return *difference;
}

std::string names_of(const std::vector<UnpricedQuantity>& quantities) {
  std::string names;
  for (const UnpricedQuantity& part : quantities) {
    names.append(names.empty() ? "" : ", ").append(part.name());
  }
  return names;
}

/// What the usage leaves open makes the total a lower bound.
void mark_gaps(Cost& cost, const Usage& usage) {
  if (!usage.billed.cache_miss || !usage.billed.output) {
    add_flag(cost.flags, CostFlag::missing_quantity);
  }
  // Audio that is nowhere among the tokens is billed nowhere.
  if (has(usage.anomalies, Anomaly::total_residual) ||
      has(usage.anomalies, Anomaly::other_modality)) {
    add_flag(cost.flags, CostFlag::unexplained_total);
  }
  cost.is_lower_bound = !cost.flags.empty() || !cost.without_price.empty();
}

/// No total and no reason for it: nothing was billed, so it adds nothing.
bool is_neutral(const Cost& cost) {
  return !cost.total && cost.unpriced_reason == UnpricedReason::none;
}

bool is_same_price(const Price& a, const Price& b) {
  return a.entry == b.entry && a.band == b.band && a.service_tier == b.service_tier &&
         a.context_tier == b.context_tier;
}

/// False: an amount does not fit.
bool add_line(std::vector<CostLine>& lines, const CostLine& line) {
  const auto same = std::find_if(lines.begin(), lines.end(), [&line](const CostLine& other) {
    return other.bucket == line.bucket && other.per_token == line.per_token &&
           other.unit == line.unit;
  });
  if (same == lines.end()) {
    lines.push_back(line);
    return true;
  }
  const auto amount = checked_add(same->amount, line.amount);
  const bool fits = line.quantity <= std::numeric_limits<std::int64_t>::max() - same->quantity;
  if (!amount || !fits) return false;
  same->amount = *amount;
  same->quantity += line.quantity;
  return true;
}

void add_without_price(std::vector<UnpricedQuantity>& parts, const UnpricedQuantity& part) {
  const auto same =
      std::find_if(parts.begin(), parts.end(), [&part](const UnpricedQuantity& other) {
        return other.bucket == part.bucket && other.unit == part.unit &&
               part.quantity <= std::numeric_limits<std::int64_t>::max() - other.quantity;
      });
  if (same == parts.end()) {
    parts.push_back(part);
  } else {
    same->quantity += part.quantity;
  }
}

/// Of a cost without bounds, its total is both; nothing where no upper bound is known.
std::optional<CostBounds> bounds_of(const Cost& cost) {
  if (cost.bounds) return cost.bounds;
  if (!cost.total || cost.is_lower_bound) return std::nullopt;
  return CostBounds{*cost.total, *cost.total};
}

std::optional<CostBounds> sum_of_bounds(const Cost& a, const Cost& b) {
  if (!a.bounds && !b.bounds) return std::nullopt;
  const auto bounds_a = bounds_of(a);
  const auto bounds_b = bounds_of(b);
  if (!bounds_a || !bounds_b) return std::nullopt;
  const auto low = add(bounds_a->low, bounds_b->low);
  const auto high = add(bounds_a->high, bounds_b->high);
  if (!low || !high) return std::nullopt;
  return CostBounds{*low, *high};
}

std::optional<ReportedCost> sum_of_reported(const Cost& a, const Cost& b) {
  if (!a.reported || !b.reported) return a.reported ? a.reported : b.reported;
  const auto money = add(a.reported->money, b.reported->money);
  if (!money) return std::nullopt;
  return ReportedCost{*money, to_string(money->amount), a.reported->rounded || b.reported->rounded};
}

/// Of two known ones only: a figure for one attempt, held against the total of both, is no
/// difference.
std::optional<Money> sum_of_differences(const Cost& a, const Cost& b) {
  if (!a.reported_difference || !b.reported_difference) return std::nullopt;
  const auto difference = add(*a.reported_difference, *b.reported_difference);
  if (!difference) return std::nullopt;
  return *difference;
}

bool is_mixed(const Cost& a, const Cost& b) {
  return a.unpriced_reason == UnpricedReason::mixed_currencies ||
         b.unpriced_reason == UnpricedReason::mixed_currencies ||
         (a.total && b.total && a.total->currency != b.total->currency);
}

bool has_overflowed(const Cost& a, const Cost& b) {
  return a.unpriced_reason == UnpricedReason::overflow ||
         b.unpriced_reason == UnpricedReason::overflow;
}

void add_totals(Cost& sum, const Cost& added) {
  // One unpriced attempt makes the sum a lower bound, and its reason says why.
  if (sum.unpriced_reason == UnpricedReason::none) {
    sum.unpriced_reason = added.unpriced_reason;
    sum.unpriced_message = added.unpriced_message;
  }
  sum.is_lower_bound = sum.is_lower_bound || added.is_lower_bound || !sum.total || !added.total;
  if (!added.total) return;
  if (!sum.total) {
    sum.total = added.total;
    return;
  }
  const auto total = add(*sum.total, *added.total);
  if (!total) return set_overflow(sum);
  sum.total = *total;
}

}  // namespace

const UnitPrice* PriceEntry::find_unit(std::string_view name) const {
  for (const UnitPrice& unit : units) {
    if (unit.name == name) return &unit;
  }
  return starts_with(name, "search_query_") ? find_unit("search_query") : nullptr;
}

Cost cost_of(const Usage& usage, const Price& price) {
  Cost cost;
  cost.reported = usage.reported_cost;
  cost.is_estimate = is_estimate(usage);
  cost.price.emplace(price);
  if (!price.entry || !price.rates || has_no_counts(usage.billed)) {
    set_unpriced(cost, UnpricedReason::no_usage, "no token count is known");
    return cost;
  }
  const Rates& rates = *price.rates;
  cost.lines.reserve(4);
  Bill bill(cost, rates);
  add_input(bill, usage.billed);
  add_output(bill, usage, rates);
  add_units(bill, usage, *price.entry);
  if (!bill.fits()) {
    set_overflow(cost);
    return cost;
  }
  mark_gaps(cost, usage);
  if (cost.lines.empty() && !cost.without_price.empty()) {
    // The sum over no lines would be 0, and unknown is not 0.
    set_unpriced(cost, UnpricedReason::no_price_at_instant,
                 price.entry->id + " has no price for " + names_of(cost.without_price));
    return cost;
  }
  Money& total = cost.total.emplace();
  total.amount = bill.total();
  total.currency = price.entry->currency;
  if (cost.reported) cost.reported_difference = reported_difference(cost);
  return cost;
}

Cost cost_of(const Usage& usage, const Unpriced& unpriced) {
  Cost cost;
  cost.reported = usage.reported_cost;
  cost.is_estimate = is_estimate(usage);
  cost.unpriced_reason = unpriced.reason;
  cost.unpriced_message = unpriced.message;
  return cost;
}

BillState bill_state(const Usage& usage, const Cost& cost) {
  if (!cost.total) return BillState::unpriced;
  if (cost.is_lower_bound) return BillState::partial;
  return cost.is_estimate || is_estimate(usage) ? BillState::estimated : BillState::settled;
}

Cost sum(const Cost& a, const Cost& b) {
  if (is_neutral(a)) return b;
  if (is_neutral(b)) return a;
  Cost sum = a;
  sum.is_estimate = a.is_estimate || b.is_estimate;
  for (const CostFlag flag : b.flags) add_flag(sum.flags, flag);
  for (const UnpricedQuantity& part : b.without_price) add_without_price(sum.without_price, part);
  if (!a.price || !b.price || !is_same_price(*a.price, *b.price)) sum.price.reset();
  sum.reported = sum_of_reported(a, b);
  sum.reported_difference = sum_of_differences(a, b);
  sum.bounds = sum_of_bounds(a, b);
  if (is_mixed(a, b)) {
    set_unpriced(sum, UnpricedReason::mixed_currencies,
                 "amounts in two currencies do not add up: nothing is converted");
  } else if (has_overflowed(a, b)) {
    set_overflow(sum);
  } else {
    const bool fits = std::all_of(b.lines.begin(), b.lines.end(), [&sum](const CostLine& line) {
      return add_line(sum.lines, line);
    });
    fits ? add_totals(sum, b) : set_overflow(sum);
  }
  return sum;
}

std::string to_string(const Cost& cost) {
  if (!cost.total) {
    return is_neutral(cost) ? "no cost" : "unpriced (" + cost.unpriced_message + ')';
  }
  std::string text = cost.is_lower_bound ? ">=" : "";
  if (cost.is_estimate) text += '~';
  return text + to_string(*cost.total);
}

}  // namespace TALLY_ABI
}  // namespace tally
