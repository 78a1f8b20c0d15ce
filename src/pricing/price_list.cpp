// SPDX-License-Identifier: MIT
#include "pricing/price_list.hpp"

#include <algorithm>
#include <iterator>

#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

struct ProviderName {
  std::string_view listed;
  std::string_view id;
};

/// Those that only lists call so.
constexpr ProviderName provider_names[] = {
    {"azure_ai", "azure"},
    {"azure_text", "azure"},
    {"codestral", "mistral"},
    {"fireworks-ai", "fireworks"},
    {"fireworks_ai", "fireworks"},
    {"moonshot-ai", "moonshot"},
    {"moonshotai", "moonshot"},
    {"text-completion-codestral", "mistral"},
    {"text-completion-openai", "openai"},
    {"together_ai", "together"},
    {"togetherai", "together"},
    {"x-ai", "xai"},
};

// Clean lists need no more per token; a double that was computed has up to 23.
constexpr std::int64_t attos_of_12_decimals = 1000000;

/// Every chat call has these, so that a model without them cannot be billed.
constexpr Bucket needed[] = {Bucket::input_cache_miss, Bucket::output};

bool is_needed(Bucket bucket) {
  return std::find(std::begin(needed), std::end(needed), bucket) != std::end(needed);
}

bool has_price(const Rates& rates, Bucket bucket) {
  return rates[bucket] && !rates[bucket]->is_zero();
}

bool is_all_zero(const Rates& rates) {
  return std::all_of(rates.per_token.begin(), rates.per_token.end(),
                     [](const auto& rate) { return !rate || rate->is_zero(); });
}

/// Some needed price is there, as 0.
bool has_needed_zero(const Rates& rates) {
  return std::any_of(std::begin(needed), std::end(needed),
                     [&rates](Bucket bucket) { return rates[bucket] && rates[bucket]->is_zero(); });
}

/// Where a chat call would have no price: the bucket's name; empty if it has all.
std::string missing_in(const Rates& rates) {
  for (const Bucket bucket : needed) {
    if (!has_price(rates, bucket)) return std::string(to_string(bucket));
  }
  return "";
}

std::string beyond(const ListedTier& tier) {
  return " beyond " + std::to_string(tier.threshold) + " tokens";
}

/// What a service tier does not price; empty if it prices all that the standard one does. Its table
/// replaces the standard one's tiers, so without tiers of its own long prompts would cost too
/// little.
std::string gap_of(const ListedServiceTier& service, const std::vector<ListedTier>& tiers) {
  const std::string missing = missing_in(service.rates);
  if (!missing.empty()) return missing;
  for (const ListedTier& tier : service.tiers) {
    if (const std::string above = missing_in(tier.rates); !above.empty())
      return above + beyond(tier);
  }
  for (const ListedTier& tier : tiers) {
    const auto same = [&tier](const ListedTier& own) { return own.threshold == tier.threshold; };
    if (std::none_of(service.tiers.begin(), service.tiers.end(), same)) {
      return "prompts" + beyond(tier);
    }
  }
  return "";
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

bool operator==(const ListedTier& a, const ListedTier& b) {
  return a.threshold == b.threshold && a.holds_at_threshold == b.holds_at_threshold &&
         a.rates.per_token == b.rates.per_token;
}

bool operator==(const ListedServiceTier& a, const ListedServiceTier& b) {
  return a.name == b.name && a.rates.per_token == b.rates.per_token && a.tiers == b.tiers;
}

bool operator==(const ListedUnit& a, const ListedUnit& b) {
  return a.name == b.name && a.price == b.price && a.per == b.per;
}

bool operator==(const ListedPrices& a, const ListedPrices& b) {
  return a.from == b.from && a.to == b.to && a.rates.per_token == b.rates.per_token &&
         a.tiers == b.tiers && a.service_tiers == b.service_tiers && a.units == b.units;
}

std::string provider_of_list(std::string_view name) {
  for (const ProviderName& provider : provider_names) {
    if (provider.listed == name) return std::string(provider.id);
  }
  const ProviderPreset* preset = find_preset(name);
  return std::string(preset ? preset->id : name);
}

std::optional<std::int64_t> positive_member(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.find(name);
  const auto number = member ? member->as_int() : std::nullopt;
  constexpr std::int64_t beyond_reason = 1000000000000;
  return number && *number > 0 && *number < beyond_reason ? number : std::nullopt;
}

void CardReader::refuse(ImportRefusal reason, std::string detail) {
  if (!refusal_) refusal_ = RefusedPrice{card.listed_as, reason, std::move(detail)};
}

void CardReader::leave_out(ImportRefusal reason, std::string detail) {
  left_out_.push_back({card.listed_as, reason, std::move(detail)});
}

std::optional<Decimal> CardReader::exact(const JsonValue& value, std::int64_t per,
                                         std::string_view field, bool is_needed) {
  if (value.is_null()) return std::nullopt;
  const std::string found = std::string(field) + ": " + std::string(value.text.substr(0, 60));
  bool is_rounded = false;
  const auto price = Decimal::parse_rounded(value.text, &is_rounded);
  if (value.type != JsonType::number || !price || !checked_multiply(*price, 1000000)) {
    refuse(ImportRefusal::malformed, found);
    return std::nullopt;
  }
  if (price->is_negative()) {
    refuse(ImportRefusal::negative_price, found);
    return std::nullopt;
  }
  const auto price_of_one = checked_divide(*price, per);
  if (!is_rounded && price_of_one && price_of_one->attos % attos_of_12_decimals == 0) {
    return price_of_one;
  }
  is_needed ? refuse(ImportRefusal::inexact_price, found)
            : leave_out(ImportRefusal::inexact_price, found);
  return std::nullopt;
}

void CardReader::read_rate(Rates& rates, Bucket bucket, const JsonValue& value, std::int64_t per,
                           std::string_view field) {
  const auto rate = exact(value, per, field, is_needed(bucket));
  if (rate) rates.per_token[static_cast<std::size_t>(bucket)] = *rate;
}

void CardReader::read_unit(ListedPrices& prices, std::string_view name, const JsonValue& value,
                           std::int64_t per, std::string_view field) {
  const auto price_of_one = exact(value, per, field, false);
  if (!price_of_one || price_of_one->is_zero()) return;
  const auto same = [name](const ListedUnit& unit) { return unit.name == name; };
  if (std::any_of(prices.units.begin(), prices.units.end(), same)) {
    return refuse(ImportRefusal::contradictory, std::string(field));
  }
  // `exact` has seen that this fits.
  prices.units.push_back({std::string(name), *checked_multiply(*price_of_one, per), per});
}

void CardReader::drop_zeros(Rates& rates, std::string_view where) {
  for (int i = 0; i < bucket_count; ++i) {
    auto& rate = rates.per_token[static_cast<std::size_t>(i)];
    if (!rate || !rate->is_zero()) continue;
    rate.reset();
    leave_out(ImportRefusal::zero_price,
              std::string(to_string(static_cast<Bucket>(i))) + std::string(where));
  }
}

void CardReader::check_service_tiers(ListedPrices& prices) {
  auto& services = prices.service_tiers;
  const auto has_gap = [&](const ListedServiceTier& service) {
    const std::string gap = gap_of(service, prices.tiers);
    if (gap.empty()) return false;
    leave_out(ImportRefusal::unsupported, "service tier " + service.name + ": no price for " + gap);
    return true;
  };
  services.erase(std::remove_if(services.begin(), services.end(), has_gap), services.end());
  for (ListedServiceTier& service : services) {
    const std::string where = " of service tier " + service.name;
    drop_zeros(service.rates, where);
    for (ListedTier& tier : service.tiers) drop_zeros(tier.rates, where + beyond(tier));
  }
}

void CardReader::check(ListedPrices& prices) {
  if (const std::string missing = missing_in(prices.rates); !missing.empty()) {
    const bool is_zero = has_needed_zero(prices.rates);
    return refuse(is_zero ? ImportRefusal::zero_price : ImportRefusal::no_price, missing);
  }
  drop_zeros(prices.rates, "");
  for (ListedTier& tier : prices.tiers) {
    // Left out, long prompts would be billed by the tier below.
    const std::string missing = missing_in(tier.rates);
    if (!missing.empty()) {
      refuse(ImportRefusal::unsupported, "no price for " + missing + beyond(tier));
    }
    drop_zeros(tier.rates, beyond(tier));
  }
  check_service_tiers(prices);
}

void CardReader::finish() {
  // The id of an entry is made of both, with a colon between.
  if (card.model.empty() || card.provider.empty() || card.provider.find(':') != std::string::npos) {
    refuse(ImportRefusal::malformed, "provider \"" + card.provider + "\"");
  }
  card.is_free =
      ends_with(card.model, ":free") &&
      std::all_of(card.prices.begin(), card.prices.end(), [](const ListedPrices& prices) {
        return prices.rates[Bucket::input_cache_miss] && prices.rates[Bucket::output] &&
               is_all_zero(prices.rates) && prices.tiers.empty() && prices.service_tiers.empty();
      });
  if (!card.is_free) {
    for (ListedPrices& prices : card.prices) check(prices);
  }
  if (card.prices.empty()) refuse(ImportRefusal::no_price, "");
  if (refusal_) {
    listing_.refused.push_back(*std::move(refusal_));
    return;
  }
  listing_.left_out.insert(listing_.left_out.end(), left_out_.begin(), left_out_.end());
  listing_.cards.push_back(std::move(card));
}

}  // namespace TALLY_ABI
}  // namespace tally
