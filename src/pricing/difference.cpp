// SPDX-License-Identifier: MIT
#include "pricing/difference.hpp"

#include <set>
#include <utility>

#include "pricing/catalog_data.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // Provider and model.

bool is_more_than_twice(Decimal a, Decimal b) {
  const auto twice = checked_multiply(b, 2);
  return twice && *twice < a;
}

void collect(const PriceCatalog& catalog, std::set<Name>& names,
             std::set<std::string_view>& currencies) {
  for (const auto& layer : catalog.data().layers) {
    for (const Alias& alias : layer->aliases) names.emplace(alias.provider, alias.name);
    for (const Card& card : layer->cards) {
      names.emplace(card.provider, card.model);
      for (const EntryRecord& record : card.entries)
        currencies.insert(record.entry.currency.view());
    }
  }
}

/// Without the digits behind the third decimal: a figure to look at.
std::string ratio_text(Decimal before, Decimal after) {
  const auto thousandths = checked_multiply(after, 1000);
  if (before.is_zero() || !thousandths) return "";
  // Of two decimals there is no quotient, so the largest factor is looked for that is not too much.
  std::int64_t low = 0;
  std::int64_t high = 1000000000;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    const auto product = checked_multiply(before, middle);
    if (product && *product <= *thousandths) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const auto ratio = checked_divide(Decimal{low, 0}, 1000);
  return ratio ? " (x " + to_string(*ratio) + ')' : "";
}

std::string price_text(const PriceChange& change, Decimal per_token) {
  const auto per_million = checked_multiply(per_token, 1000000);
  return per_million ? to_string(Money{*per_million, change.currency}) : "more than can be shown";
}

}  // namespace

bool PriceChange::is_large() const {
  if (!before || !after || *before == *after) return false;
  if (before->is_zero() || after->is_zero()) return true;
  return is_more_than_twice(*before, *after) || is_more_than_twice(*after, *before);
}

std::vector<PriceChange> changes_of(const PriceCatalog& before, const PriceCatalog& after,
                                    std::string_view provider, std::string_view model,
                                    Currency currency, Instant at) {
  PriceQuery query;
  query.provider = provider;
  query.model = model;
  query.at = at;
  query.currency = currency;
  const auto old_price = before.price_at(query);
  const auto new_price = after.price_at(query);
  std::vector<PriceChange> changes;
  for (int i = 0; i < bucket_count; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    const auto was = old_price ? (*old_price->rates)[bucket] : std::nullopt;
    const auto is = new_price ? (*new_price->rates)[bucket] : std::nullopt;
    if (was == is) continue;
    changes.push_back({std::string(provider), std::string(model), currency, bucket, was, is});
  }
  return changes;
}

std::vector<PriceChange> difference(const PriceCatalog& before, const PriceCatalog& after,
                                    Instant at) {
  std::set<Name> names;
  std::set<std::string_view> currencies;
  collect(before, names, currencies);
  collect(after, names, currencies);
  std::vector<PriceChange> changes;
  for (const auto& [provider, model] : names) {
    for (const std::string_view code : currencies) {
      const Currency currency = Currency::parse(code).value_or(usd);
      const auto found = changes_of(before, after, provider, model, currency, at);
      changes.insert(changes.end(), found.begin(), found.end());
    }
  }
  return changes;
}

std::string to_string(const PriceChange& change) {
  std::string text = !change.before ? "added" : !change.after ? "removed" : "changed";
  text += ' ' + change.provider + ' ' + change.model + ' ';
  text.append(to_string(change.bucket)).append(": ");
  if (change.before) text += price_text(change, *change.before);
  if (change.before && change.after) text += " -> ";
  if (change.after) text += price_text(change, *change.after);
  text += " per 1M tokens";
  if (change.before && change.after) text += ratio_text(*change.before, *change.after);
  return text;
}

}  // namespace TALLY_ABI
}  // namespace tally
