// SPDX-License-Identifier: MIT
#include "pricing/lookup.hpp"

#include <algorithm>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// Two words, which a function returns in registers; null: nothing was found.
struct Place {
  const std::shared_ptr<const Layer>* layer = nullptr;
  const EntryRecord* record = nullptr;
  explicit operator bool() const { return record != nullptr; }
};

Place entry_of_card(const std::shared_ptr<const Layer>& layer, const Card* card,
                    const PriceQuery& query) {
  if (!card || !card->is_for_host(query.host)) return {};
  const EntryRecord* record = card->entry_at(query.at, query.currency);
  if (!record || !record->prices_tokens()) return {};
  return {&layer, record};
}

/// `own`: the layer of the alias.
Place entry_of_model(const PriceCatalog::Data& data, const Alias& alias, const Layer& own,
                     const PriceQuery& query) {
  for (const auto& layer : data.layers) {
    const KnownName* name =
        layer.get() == &own ? alias.meant : layer->find(query.provider, alias.model);
    if (!name) continue;
    if (const Place found = entry_of_card(layer, name->card, query)) return found;
  }
  return {};
}

Place entry_of_name(const PriceCatalog::Data& data, std::string_view wanted,
                    const PriceQuery& query) {
  for (const auto& layer : data.layers) {
    const KnownName* name = layer->find(query.provider, wanted);
    if (!name) continue;
    if (const Alias* alias = name->alias_at(query.at)) {
      if (const Place found = entry_of_model(data, *alias, *layer, query)) return found;
    }
    if (const Place found = entry_of_card(layer, name->card, query)) return found;
  }
  return {};
}

bool has_reported_model(const PriceQuery& query) {
  return !query.reported_model.empty() && query.reported_model != query.model;
}

/// What the layers know about a name that has no price.
struct Knowledge {
  bool has_alias = false;
  bool has_card = false;                       ///< At the instant, and for the host.
  const Card* other_host = nullptr;            ///< A card that is for other hosts.
  const EntryRecord* without_rates = nullptr;  ///< In force, but priced by the unit.
  std::vector<std::string_view> currencies;    ///< In which there is a price at the instant.
  std::optional<Instant> known_until;          ///< The last end of a validity before the instant.
  std::optional<Instant> known_from;           ///< The first begin of one after it.
};

void learn_validity(Knowledge& known, Instant at, std::optional<Instant> from,
                    std::optional<Instant> to) {
  if (to && *to <= at) known.known_until = std::max(known.known_until.value_or(*to), *to);
  if (from && *from > at) known.known_from = std::min(known.known_from.value_or(*from), *from);
}

void learn_card(Knowledge& known, const Card& card, const PriceQuery& query) {
  if (!card.is_for_host(query.host)) {
    known.other_host = &card;
    return;
  }
  known.has_card = true;
  for (const EntryRecord& record : card.entries) {
    learn_validity(known, query.at, record.entry.from, record.entry.to);
    if (query.at < record.begins() || query.at >= record.ends()) continue;
    if (!record.prices_tokens()) {
      known.without_rates = &record;
    } else {
      known.currencies.push_back(record.entry.currency.view());
    }
  }
}

void learn_model(Knowledge& known, const PriceCatalog::Data& data, std::string_view model,
                 const PriceQuery& query) {
  for (const auto& layer : data.layers) {
    const KnownName* name = layer->find(query.provider, model);
    if (name && name->card) learn_card(known, *name->card, query);
  }
}

Knowledge knowledge_of(const PriceCatalog::Data& data, std::string_view wanted,
                       const PriceQuery& query) {
  Knowledge known;
  for (const auto& layer : data.layers) {
    const KnownName* name = layer->find(query.provider, wanted);
    if (!name) continue;
    for (const Alias* alias = name->first_alias; alias != name->last_alias; ++alias) {
      known.has_alias = true;
      learn_validity(known, query.at, alias->from, alias->to);
    }
    if (const Alias* alias = name->alias_at(query.at))
      learn_model(known, data, alias->model, query);
    if (name->card) learn_card(known, *name->card, query);
  }
  return known;
}

UnpricedReason reason_of(const Knowledge& known) {
  if (!known.currencies.empty()) return UnpricedReason::no_price_in_currency;
  if (known.has_card) return UnpricedReason::no_price_at_instant;
  if (known.has_alias && !known.other_host) return UnpricedReason::alias_out_of_date;
  return UnpricedReason::unknown_model;
}

template <class Texts>
std::string listed(const Texts& texts) {
  std::string list;
  for (const auto& text : texts) list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

std::string currency_message(Knowledge known, std::string head) {
  std::sort(known.currencies.begin(), known.currencies.end());
  known.currencies.erase(std::unique(known.currencies.begin(), known.currencies.end()),
                         known.currencies.end());
  return head + ", only in " + listed(known.currencies) + "; nothing is converted";
}

std::string validity_message(const Knowledge& known, std::string head) {
  if (known.known_until && known.known_from) {
    return head + ": the name is known until " + to_string(*known.known_until) +
           " and again from " + to_string(*known.known_from);
  }
  if (known.known_from) return head + ": the name is known from " + to_string(*known.known_from);
  if (known.known_until) return head + ": the name is known until " + to_string(*known.known_until);
  return head;
}

std::string message_of(const Knowledge& known, std::string_view name, const PriceQuery& query) {
  std::string head(name);
  switch (reason_of(known)) {
    case UnpricedReason::no_price_in_currency:
      head.append(" has no price in ").append(query.currency.view()).append(" at ");
      return currency_message(known, head + to_string(query.at));
    case UnpricedReason::unknown_model:
      if (known.other_host) {
        head.append(" is priced for ").append(listed(known.other_host->hosts));
        return head.append(", not for ").append(query.host);
      }
      return "no price is known for model '" + head + "' of provider '" +
             std::string(query.provider) + "'";
    default:
      if (known.without_rates) return head + " is not priced by the token";
      return validity_message(known, head + " has no price at " + to_string(query.at));
  }
}

void add_changes(std::vector<Instant>& changes, const std::optional<Instant>& from,
                 const std::optional<Instant>& to) {
  if (from) changes.push_back(*from);
  if (to) changes.push_back(*to);
}

void add_model_changes(std::vector<Instant>& changes, const PriceCatalog::Data& data,
                       std::string_view model, const PriceQuery& query) {
  for (const auto& layer : data.layers) {
    const KnownName* name = layer->find(query.provider, model);
    if (!name || !name->card) continue;
    for (const EntryRecord& record : name->card->entries) {
      if (record.entry.currency == query.currency) {
        add_changes(changes, record.entry.from, record.entry.to);
      }
    }
  }
}

void add_name_changes(std::vector<Instant>& changes, const PriceCatalog::Data& data,
                      std::string_view wanted, const PriceQuery& query) {
  add_model_changes(changes, data, wanted, query);
  for (const auto& layer : data.layers) {
    const KnownName* name = layer->find(query.provider, wanted);
    if (!name) continue;
    for (const Alias* alias = name->first_alias; alias != name->last_alias; ++alias) {
      add_changes(changes, alias->from, alias->to);
      add_model_changes(changes, data, alias->model, query);
    }
  }
}

}  // namespace

std::optional<FoundEntry> find_entry(const PriceCatalog::Data& data, const PriceQuery& query) {
  Place found = entry_of_name(data, query.model, query);
  const bool substituted = !found && has_reported_model(query);
  if (substituted) found = entry_of_name(data, query.reported_model, query);
  if (!found) return std::nullopt;
  return FoundEntry{found.layer, found.record, substituted};
}

Unpriced why_unpriced(const PriceCatalog::Data& data, const PriceQuery& query) {
  const Knowledge requested = knowledge_of(data, query.model, query);
  Unpriced unpriced{reason_of(requested), message_of(requested, query.model, query)};
  if (has_reported_model(query)) {
    const Knowledge reported = knowledge_of(data, query.reported_model, query);
    if (unpriced.reason == UnpricedReason::unknown_model) unpriced.reason = reason_of(reported);
    unpriced.message += "; as the server named it: ";
    unpriced.message += message_of(reported, query.reported_model, query);
  }
  const std::string version = data.version();
  unpriced.message += version.empty() ? " (no catalogue)" : " (catalogue " + version + ')';
  if (unpriced.reason == UnpricedReason::unknown_model) {
    unpriced.message += "; lay a price over it with PriceCatalog::overlaid";
  }
  return unpriced;
}

std::vector<Instant> possible_changes(const PriceCatalog::Data& data, const PriceQuery& query) {
  std::vector<Instant> changes;
  add_name_changes(changes, data, query.model, query);
  if (has_reported_model(query)) add_name_changes(changes, data, query.reported_model, query);
  std::sort(changes.begin(), changes.end());
  return changes;
}

}  // namespace TALLY_ABI
}  // namespace tally
