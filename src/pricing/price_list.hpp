// SPDX-License-Identifier: MIT
#pragma once

// Public price lists: what a list says, in the one form that lies between their formats and the
// text of a catalogue.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "tally/import.hpp"

namespace tally {
inline namespace TALLY_ABI {

struct ListedTier {
  std::int64_t threshold = 0;
  bool holds_at_threshold = false;  ///< `ge`, else `gt`.
  Rates rates;
};

struct ListedServiceTier {
  std::string name;
  Rates rates;
  std::vector<ListedTier> tiers;
};

struct ListedUnit {
  std::string name;
  Decimal price;
  std::int64_t per = 1;
};

/// What a model costs from one instant to another.
struct ListedPrices {
  std::optional<Instant> from;
  std::optional<Instant> to;
  Rates rates;
  std::vector<ListedTier> tiers;  ///< Ascending.
  std::vector<ListedServiceTier> service_tiers;
  std::vector<ListedUnit> units;
};

// Equal where they price everything alike.
bool operator==(const ListedTier& a, const ListedTier& b);
bool operator==(const ListedServiceTier& a, const ListedServiceTier& b);
bool operator==(const ListedUnit& a, const ListedUnit& b);
bool operator==(const ListedPrices& a, const ListedPrices& b);

struct ListedCard {
  std::string listed_as;
  std::string provider;  ///< tally's id.
  std::string model;
  std::vector<std::string> aliases;
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> max_output;
  std::string note;
  bool is_free = false;
  std::vector<ListedPrices> prices;
};

/// A whole list.
struct PriceListing {
  std::vector<ListedCard> cards;
  std::vector<RefusedPrice> refused;
  std::vector<RefusedPrice> left_out;
};

/// Collects what a list says about one model, and what is wrong with it. One fault in a price that
/// every chat call needs refuses the model; elsewhere that price is left out.
class CardReader {
 public:
  CardReader(PriceListing& listing, std::string listed_as) : listing_(listing) {
    card.listed_as = std::move(listed_as);
  }

  /// Sets a bucket to a JSON number divided by `per`. `field` is what faults call it. Null is no
  /// price.
  void read_rate(Rates& rates, Bucket bucket, const JsonValue& value, std::int64_t per,
                 std::string_view field);
  /// Adds the price of something that is no token.
  void read_unit(ListedPrices& prices, std::string_view name, const JsonValue& value,
                 std::int64_t per, std::string_view field);

  /// The first reason is the one that is told.
  void refuse(ImportRefusal reason, std::string detail);
  void leave_out(ImportRefusal reason, std::string detail);
  bool is_refused() const { return refusal_.has_value(); }

  /// Gives the card to the listing if a chat call can be billed by it, else the refusal.
  void finish();

  ListedCard card;

 private:
  std::optional<Decimal> exact(const JsonValue& value, std::int64_t per, std::string_view field,
                               bool is_needed);
  void check(ListedPrices& prices);
  void check_service_tiers(ListedPrices& prices);
  void drop_zeros(Rates& rates, std::string_view where);

  PriceListing& listing_;
  std::optional<RefusedPrice> refusal_;
  std::vector<RefusedPrice> left_out_;
};

/// tally's id for the provider that a list calls so: one table, since no two lists use one name
/// differently. An unknown name is kept.
std::string provider_of_list(std::string_view name);

/// A whole number above 0, where the member is one.
std::optional<std::int64_t> positive_member(const JsonValue& object, std::string_view name);

/// The formats. False: the text is no such list. `at` is the day of the import.
bool read_litellm(const JsonValue& root, PriceListing& listing);
bool read_genai_prices(const JsonValue& root, Instant at, PriceListing& listing);
bool read_models_dev(const JsonValue& root, PriceListing& listing);
bool read_llm_prices(const JsonValue& root, PriceListing& listing);

/// The cards as a `tally.prices/1` text.
std::string catalog_text(const std::vector<ListedCard>& cards, const PriceSource& source,
                         Instant at);

}  // namespace TALLY_ABI
}  // namespace tally
