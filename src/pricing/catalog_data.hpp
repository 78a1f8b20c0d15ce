// SPDX-License-Identifier: MIT
#pragma once

// A catalogue in memory, as catalog_json.cpp builds it and catalog.cpp searches it. Nothing changes
// after a layer is built, so threads share it without a lock.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pricing/calendar.hpp"
#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The prices of one band.
struct RateSet {
  std::string band;
  Rates rates;
};

/// One set per band, in the order of `Schedule::bands`; without a schedule a single one, `default`.
using RateTable = std::vector<RateSet>;

/// Rates that replace the whole table where the prompt is long.
struct ContextTier {
  std::int64_t threshold = 0;     ///< As the catalogue writes it.
  std::int64_t first_tokens = 0;  ///< The shortest prompt that is in the tier.
  RateTable rates;
};

/// Rates that replace the whole table for a service tier, context tiers included: it has its own or
/// none.
struct ServiceTier {
  std::string name;
  RateTable rates;
  std::vector<ContextTier> tiers;  ///< By `first_tokens`, ascending.
};

struct EntryRecord {
  PriceEntry entry;
  std::shared_ptr<const Schedule> schedule;
  RateTable rates;                 ///< Empty: priced by `units` only.
  std::vector<ContextTier> tiers;  ///< By `first_tokens`, ascending.
  std::vector<ServiceTier> service_tiers;
  std::optional<std::int64_t> verified_day;  ///< Days since 1970-01-01.

  Instant begins() const { return entry.from.value_or(Instant::min()); }
  Instant ends() const { return entry.to.value_or(Instant::max()); }
  bool prices_tokens() const { return !rates.empty(); }
};

/// What a model costs: its intervals, by currency and `from`. Announced ones are not among them.
struct Card {
  std::string provider;
  std::string model;
  std::vector<std::string> hosts;  ///< Empty: any.
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> max_output;
  std::vector<EntryRecord> entries;

  bool is_for_host(std::string_view host) const;
  /// The entry in force, whatever it prices; null if there is none.
  const EntryRecord* entry_at(Instant at, Currency currency) const;
  /// An entry in force, in any currency, that prices tokens.
  bool prices_tokens_at(Instant at) const;
};

struct Alias;

/// Everything that a name is in a layer.
struct KnownName {
  const Card* card = nullptr;
  const Alias* first_alias = nullptr;  ///< In `Layer::aliases`, by `from`.
  const Alias* last_alias = nullptr;   ///< One behind the last.

  /// The alias that is valid at that instant; null if there is none.
  const Alias* alias_at(Instant at) const;
};

/// What a name means from one instant to another.
struct Alias {
  std::string provider;
  std::string name;
  std::string model;
  std::optional<Instant> from;
  std::optional<Instant> to;
  const KnownName* meant = nullptr;  ///< What `model` is in the alias's own layer; null: nothing.

  Instant begins() const { return from.value_or(Instant::min()); }
  Instant ends() const { return to.value_or(Instant::max()); }
};

/// Its high bits differ where names do. Of a provider its name's length and last letter do: few
/// sell a model of the same name.
std::uint64_t hash_of_name(std::string_view provider, std::string_view name);

/// One catalogue text.
struct Layer {
  std::string version;
  std::map<std::string, std::shared_ptr<const Calendar>, std::less<>> calendars;
  std::map<std::string, std::shared_ptr<const Schedule>, std::less<>> schedules;
  std::vector<Card> cards;
  std::vector<Alias> aliases;              ///< By provider, name and `from`.
  std::vector<TokenAllowance> allowances;  ///< By provider and `from`.
  std::vector<EntryRecord> announced;      ///< These never price; they only warn.

  /// To be called once everything stands at its last place: the index looks into it.
  void index();
  /// Some validity of this layer begins or ends within a day of `at`.
  bool has_change_near(Instant at) const;
  /// Null if this layer does not know the name.
  const KnownName* find(std::string_view provider, std::string_view name) const;

 private:
  struct NamePlace {
    std::string_view provider;
    std::string_view name;
    KnownName known;

    bool is_free() const { return !known.card && !known.first_alias; }
  };
  /// Where the name stands, else the free place that is for it.
  std::size_t place_of(std::string_view provider, std::string_view name) const;
  /// What is known of the name, which gets its place here.
  KnownName& place(std::string_view provider, std::string_view name);

  /// A name stands at the first free place from the one on that the high bits of its hash number.
  /// A power of two, half of them free.
  std::vector<NamePlace> names_;
  int low_bits_ = 0;              ///< Those of the hash that number no place.
  std::vector<Instant> changes_;  ///< Of all its parts, ascending, each once.
};

struct PriceCatalog::Data {
  std::vector<std::shared_ptr<const Layer>> layers;  ///< Uppermost first.

  std::string version() const;  ///< As `PriceCatalog::version`.
};

}  // namespace TALLY_ABI
}  // namespace tally
