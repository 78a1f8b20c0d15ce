// SPDX-License-Identifier: MIT
#include "tally/import.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/stable_order.hpp"
#include "pricing/difference.hpp"
#include "pricing/price_list.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::string_view name_of(PriceList list) {
  switch (list) {
    case PriceList::litellm:
      return "LiteLLM";
    case PriceList::genai_prices:
      return "genai-prices";
    case PriceList::models_dev:
      return "models.dev";
    case PriceList::llm_prices:
      return "llm-prices";
  }
  return "";
}

bool read_list(PriceList list, const JsonValue& root, Instant at, PriceListing& listing) {
  switch (list) {
    case PriceList::litellm:
      return read_litellm(root, listing);
    case PriceList::genai_prices:
      return read_genai_prices(root, at, listing);
    case PriceList::models_dev:
      return read_models_dev(root, listing);
    case PriceList::llm_prices:
      return read_llm_prices(root, listing);
  }
  return false;
}

Error no_such_list(PriceList list, const std::string& why) {
  Error error;
  error.kind = ErrorKind::invalid_catalog;
  error.message = "not a list of " + std::string(name_of(list)) + ": " + why;
  return error;
}

auto key_of(const ListedCard& card) {
  return std::pair<std::string_view, std::string_view>(card.provider, card.model);
}

std::string name_in(const ListedCard& card, std::string_view name) {
  return card.provider + ':' + std::string(name);
}

/// Moves the cards for which `why` finds a reason to the refused ones.
template <class Why>
void refuse_where(PriceListing& listing, Why why) {
  const auto refuse = [&](const ListedCard& card) {
    std::optional<RefusedPrice> refusal = why(card);
    if (!refusal) return false;
    refusal->name = card.listed_as;
    listing.refused.push_back(*std::move(refusal));
    return true;
  };
  // Not remove_if: it may ask a copy, and out of order.
  std::vector<ListedCard> kept;
  for (ListedCard& card : listing.cards) {
    if (!refuse(card)) kept.push_back(std::move(card));
  }
  listing.cards = std::move(kept);
}

void refuse_excluded(PriceListing& listing, const std::vector<std::string>& excluded) {
  refuse_where(listing, [&](const ListedCard& card) -> std::optional<RefusedPrice> {
    if (std::find(excluded.begin(), excluded.end(), card.provider) == excluded.end()) return {};
    return RefusedPrice{"", ImportRefusal::excluded_provider, card.provider};
  });
}

/// Of entries that say the same about one model the first is kept. Of those that do not, or that
/// claim one name, none is: nothing tells which is right.
void refuse_repeated(PriceListing& listing) {
  sort_stably(listing.cards,
              [](const ListedCard& a, const ListedCard& b) { return key_of(a) < key_of(b); });
  std::map<std::string, int> claims;
  const ListedCard* first = nullptr;
  for (const ListedCard& card : listing.cards) {
    if (first && key_of(*first) == key_of(card)) {
      const bool is_same = first->prices == card.prices && first->aliases == card.aliases;
      claims[name_in(card, card.model)] += is_same ? 0 : 1;
      continue;
    }
    first = &card;
    ++claims[name_in(card, card.model)];
    for (const std::string& alias : card.aliases) ++claims[name_in(card, alias)];
  }
  std::string last;
  refuse_where(listing, [&](const ListedCard& card) -> std::optional<RefusedPrice> {
    const std::string model = name_in(card, card.model);
    if (claims[model] > 1) {
      return RefusedPrice{"", ImportRefusal::contradictory, "several entries for " + model};
    }
    for (const std::string& alias : card.aliases) {
      const std::string name = name_in(card, alias);
      if (claims[name] < 2) continue;
      return RefusedPrice{"", ImportRefusal::contradictory, "several entries for " + name};
    }
    // Those of one model stand side by side.
    if (last == model) return RefusedPrice{"", ImportRefusal::duplicate, model};
    last = model;
    return {};
  });
}

/// What was in force at the import without a date of its own begins there: nobody knows since when
/// it holds. What was over by then keeps its open beginning.
void refuse_undatable(PriceListing& listing, Instant at) {
  for (ListedCard& card : listing.cards) {
    for (ListedPrices& prices : card.prices) {
      if (!prices.from && (!prices.to || *prices.to > at)) prices.from = at;
    }
  }
  refuse_where(listing, [&](const ListedCard& card) -> std::optional<RefusedPrice> {
    std::map<Instant, Instant> intervals;
    for (const ListedPrices& prices : card.prices) {
      const Instant from = prices.from.value_or(Instant::min());
      const Instant to = prices.to.value_or(Instant::max());
      if (from >= to)
        return RefusedPrice{"", ImportRefusal::contradictory, "ends before it begins"};
      if (from > at) continue;  // Announced ones may overlap.
      if (!intervals.emplace(from, to).second) {
        return RefusedPrice{"", ImportRefusal::contradictory, "two prices at one time"};
      }
    }
    for (auto next = intervals.begin(); next != intervals.end();) {
      const auto earlier = next++;
      if (next != intervals.end() && earlier->second > next->first) {
        return RefusedPrice{"", ImportRefusal::contradictory, "two prices at one time"};
      }
    }
    return {};
  });
}

std::optional<PriceChange> large_change(const PriceCatalog& in_use, const PriceCatalog& imported,
                                        const ListedCard& card, Instant at) {
  std::vector<std::string> names = card.aliases;
  names.push_back(card.model);
  for (const std::string& name : names) {
    for (const PriceChange& change : changes_of(in_use, imported, card.provider, name, usd, at)) {
      if (change.is_large()) return change;
    }
  }
  return std::nullopt;
}

void refuse_large_changes(PriceListing& listing, const PriceCatalog& in_use,
                          const PriceCatalog& imported, Instant at) {
  refuse_where(listing, [&](const ListedCard& card) -> std::optional<RefusedPrice> {
    const auto change = large_change(in_use, imported, card, at);
    if (!change) return {};
    return RefusedPrice{"", ImportRefusal::large_change, to_string(*change)};
  });
}

/// Reads the cards back through the loader of all catalogues, so that each of its rules holds.
std::optional<Error> build(const PriceListing& listing, const PriceSource& source, Instant at,
                           ImportedPrices& imported) {
  imported.json = catalog_text(listing.cards, source, at);
  auto catalog = PriceCatalog::parse(imported.json, source.name);
  if (!catalog) return std::move(catalog).error();
  imported.catalog = *std::move(catalog);
  return std::nullopt;
}

/// Of models that were refused later nothing is left out.
void drop_refused(PriceListing& listing) {
  std::set<std::string_view> taken;
  for (const ListedCard& card : listing.cards) taken.insert(card.listed_as);
  auto& parts = listing.left_out;
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [&](const RefusedPrice& part) { return taken.count(part.name) == 0; }),
              parts.end());
}

}  // namespace

std::string_view to_string(ImportRefusal reason) {
  switch (reason) {
    case ImportRefusal::excluded_provider:
      return "excluded_provider";
    case ImportRefusal::not_chat:
      return "not_chat";
    case ImportRefusal::no_price:
      return "no_price";
    case ImportRefusal::zero_price:
      return "zero_price";
    case ImportRefusal::negative_price:
      return "negative_price";
    case ImportRefusal::inexact_price:
      return "inexact_price";
    case ImportRefusal::malformed:
      return "malformed";
    case ImportRefusal::unsupported:
      return "unsupported";
    case ImportRefusal::contradictory:
      return "contradictory";
    case ImportRefusal::duplicate:
      return "duplicate";
    case ImportRefusal::large_change:
      return "large_change";
  }
  return "";
}

Result<ImportedPrices> import_prices(PriceList list, std::string_view json,
                                     const ImportOptions& options) {
  const auto parsed = parse_json(json);
  if (!parsed) return no_such_list(list, parsed.error().message);
  const Instant at = options.imported_at ? *options.imported_at : system_clock()->wall();
  PriceSource source = options.source;
  if (source.name.empty()) {
    source.name = std::string(name_of(list)) + " at " + local_day(TimeZone(), at).date;
  }
  PriceListing listing;
  if (!read_list(list, parsed->root(), at, listing)) {
    return no_such_list(list, "its members are others");
  }
  refuse_excluded(listing, options.excluded_providers);
  refuse_repeated(listing);
  refuse_undatable(listing, at);

  ImportedPrices imported;
  if (auto error = build(listing, source, at, imported)) return *std::move(error);
  if (options.in_use && !options.allow_large_changes) {
    const std::size_t all = listing.cards.size();
    refuse_large_changes(listing, *options.in_use, imported.catalog, at);
    if (listing.cards.size() != all) {
      if (auto error = build(listing, source, at, imported)) return *std::move(error);
    }
  }
  drop_refused(listing);
  imported.taken = listing.cards.size();
  imported.refused = std::move(listing.refused);
  imported.left_out = std::move(listing.left_out);
  return imported;
}

}  // namespace TALLY_ABI
}  // namespace tally
