// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/money.hpp"
#include "tally/time.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A kind of quantity that has a price of its own. The names in a catalogue are the same.
enum class Bucket {
  input_cache_hit,
  input_cache_miss,
  cache_write,
  cache_write_1h,
  output,
  reasoning,
  input_audio,
  output_audio,
  input_image,
  input_audio_cache_hit,
  output_image,
  unit,  ///< No tokens: something with a name of its own, as `search_query`. In bills only.
};
inline constexpr int bucket_count = 11;  ///< Those of tokens, which `Rates` has.
TALLY_API std::string_view to_string(Bucket bucket);

/// The price of one token in each bucket; an absent price is unknown, not 0. Plain data.
struct Rates {
  std::array<std::optional<Decimal>, bucket_count> per_token;

  const std::optional<Decimal>& operator[](Bucket bucket) const {
    return per_token[static_cast<std::size_t>(bucket)];
  }
};

/// The price of one of something that is no token: `request`, `search_query`, `page`.
struct UnitPrice {
  std::string name;
  Decimal price_of_one;
};

/// Which instant of a call decides its tariff.
enum class BillingInstant {
  by_catalog,  ///< What the entry's schedule says; completion where it says nothing.
  completed,
  started,
};

/// Where a price was read, and the day on which somebody last checked it.
struct PriceSource {
  std::string name;
  std::string url;
  std::string verified_at;  ///< `2026-11-15`; empty if nobody confirmed it yet.
};

/// One priced interval of a catalogue: what a model cost from one instant to another. Plain data,
/// immutable once loaded.
struct PriceEntry {
  std::string id;
  std::string provider;
  std::string model;  ///< The card's model, after aliases.
  Currency currency;
  std::optional<Instant> from;  ///< Inclusive; absent: since ever.
  std::optional<Instant> to;    ///< Exclusive; absent: still in force.
  std::string kind;             ///< `list`, `promo` or `announced`; announced entries never price.
  std::string confidence;
  std::string note;
  PriceSource source;
  BillingInstant billing_instant = BillingInstant::completed;  ///< As its schedule says.
  std::int64_t unit = 1000000;  ///< The catalogue's price strings are per this many tokens.
  std::string catalog_version;
  std::string sha256;  ///< Of `json`: what a ledger keeps beside a cost.
  std::string json;    ///< The entry in canonical form: the members in order, no white space.
  std::vector<UnitPrice> units{};  ///< In every band and tier.

  /// Of `search_query_low`, where a catalogue tells the sizes of searches not apart, the price of
  /// `search_query`. Null: it has none.
  TALLY_API const UnitPrice* find_unit(std::string_view name) const;
};

/// Why a call has no price.
enum class UnpricedReason {
  none,
  unknown_model,         ///< No catalogue has the name for this provider.
  alias_out_of_date,     ///< The name meant something at another time.
  no_price_at_instant,   ///< The model is known; nothing is in force then.
  no_price_in_currency,  ///< Priced in another currency only; nothing is converted.
  no_usage,              ///< No token count is known or can be estimated.
  overflow,              ///< The amount does not fit; nothing is cut off.
  mixed_currencies,      ///< A sum over two currencies; nothing is converted.
};
TALLY_API std::string_view to_string(UnpricedReason reason);

/// What a caller should know about a price that was found.
enum class PriceFlag {
  stale,                 ///< Checked more than 30 days before the billing instant.
  calendar_expired,      ///< The holiday calendar ends before that day; taken as a working day.
  model_substituted,     ///< The requested name has no price; the reported model's was taken.
  change_is_near,        ///< A known or announced change lies within 24 hours, before or after.
  service_tier_unknown,  ///< The served tier has no rates here; the standard ones were taken.
};
TALLY_API std::string_view to_string(PriceFlag flag);

/// The price in force for one call: an entry, and the band and tiers that the call falls into.
/// Cheap to copy; keeps its catalogue alive. Plain data.
struct Price {
  std::shared_ptr<const PriceEntry> entry;
  std::string_view band;  ///< `peak`, `offpeak`, `standard`, `default`; lives as long as `entry`.
  std::string_view service_tier;             ///< Empty: the standard tier.
  const Rates* rates = nullptr;              ///< Lives as long as `entry`.
  std::optional<std::int64_t> context_tier;  ///< The threshold (tokens) of the tier that applied.
  std::vector<PriceFlag> flags;
};

/// The band as receipts print it: `peak`, `off-peak`; empty for a price without bands.
TALLY_API std::string_view band_label(const Price& price);

/// What a cost refers to: `ds-v41f-b off-peak (catalogue 2026-11-22.1; DeepSeek docs, pricing page,
/// checked 2026-11-15)`.
TALLY_API std::string to_string(const Price& price);

/// There is no price, and why.
struct Unpriced {
  UnpricedReason reason = UnpricedReason::none;
  std::string message;
};

/// What decides a price.
struct PriceQuery {
  std::string_view provider = "deepseek";
  std::string_view model{};           ///< As requested.
  std::string_view reported_model{};  ///< As the server named it; used where `model` has no price.
  Instant at{};                       ///< The billing instant.
  Currency currency = usd;
  std::string_view host{};                      ///< Where cards name hosts; empty: not compared.
  std::string_view service_tier{};              ///< As served; empty: standard.
  std::optional<std::int64_t> prompt_tokens{};  ///< For context tiers; absent: the lowest tier.
};

/// How many tokens a server may count in a prompt beyond those of the text that was sent: its
/// template, injected instructions, the rendering of tools. For worst cases and previews, never for
/// bills. Plain data; a catalogue's `allowances`, with validity and source as prices have them.
struct TokenAllowance {
  std::string provider;  ///< `*`: any that has none of its own.
  std::optional<Instant> from;
  std::optional<Instant> to;
  std::int64_t per_request = 0;
  std::int64_t per_message = 0;
  std::int64_t thinking = 0;  ///< Once, unless thinking is switched off.
  std::int64_t tools = 0;     ///< Once, if there is any tool.
  std::int64_t per_tool = 0;
  std::optional<std::int64_t> per_image;  ///< Absent: no bound is known; so below.
  std::optional<std::int64_t> per_file;
  std::optional<std::int64_t> per_server_tool;
  PriceSource source;
};

/// A row of `PriceCatalog::models`: what a name costs now, and when that changes next.
struct ListedModel {
  std::string provider;
  std::string name;                    ///< As one requests it; an alias or a model.
  std::string model;                   ///< The card behind the name.
  std::optional<Price> price;          ///< In force at the instant asked for.
  std::optional<Instant> next_change;  ///< The next band edge, new entry, or end of the name.
};

/// Prices as data: a `tally.prices/1` text, checked when read. A handle over immutable data: cheap
/// to copy; may be shared by threads.
///
/// The built-in catalogue holds DeepSeek's published history with sources. A user's file goes over
/// it:
///
///     auto prices = tally::PriceCatalog::builtin().overlaid(json_text, "my-prices.json");
///     if (!prices) return fail(prices.error());      // names the line and the rule
///
/// Lookup, at the billing instant: in the upper catalogue the alias of the requested name, then the
/// model of that name; the same below; then both for the model that the server reported (flagged).
/// The card that an alias names is taken from the uppermost catalogue that prices it.
/// Nothing is guessed by prefix and nothing is converted between currencies.
class TALLY_API PriceCatalog {
 public:
  /// What ships with this version of tally; read at its first use.
  static const PriceCatalog& builtin();
  /// No prices at all.
  static PriceCatalog none();
  /// Reads a catalogue that stands alone. `name` is what errors call it. `invalid_catalog` says
  /// which rule was broken, where (line and field), and what stood there.
  static Result<PriceCatalog> parse(std::string_view json, std::string_view name = "catalogue");
  /// As `parse`, from a file that the caller names.
  static Result<PriceCatalog> load(const std::string& path);

  /// This catalogue with `json` laid over it. The text may use this catalogue's calendars,
  /// schedules and models.
  Result<PriceCatalog> overlaid(std::string_view json, std::string_view name = "catalogue") const;
  /// This catalogue laid over another, each as it was read.
  PriceCatalog over(const PriceCatalog& below) const;

  Result<Price, Unpriced> price_at(const PriceQuery& query) const;

  /// Every name that can be requested at `at`, sorted by provider and name.
  std::vector<ListedModel> models(Instant at, Currency currency = usd) const;

  /// When the price of that query changes next after `query.at`: a band's edge, another entry, or
  /// the end of the name. Nothing if no change is known.
  std::optional<Instant> next_change(const PriceQuery& query) const;

  /// The allowance of that provider in force, else that of `*`; null if there is neither. Lives as
  /// long as the catalogue.
  const TokenAllowance* allowance_at(std::string_view provider, Instant at) const;

  /// How much the model that a name stands for can write and hold, where a card says so; tokens.
  struct ModelLimits {
    std::optional<std::int64_t> max_output;
    std::optional<std::int64_t> context;
  };
  ModelLimits limits_of(const PriceQuery& query) const;

  /// Versions of the layers, uppermost first, joined by `+`.
  std::string version() const;

  struct Data;
  explicit PriceCatalog(std::shared_ptr<const Data> data);
  const Data& data() const { return *data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// One bucket of a bill. amount = quantity * per_token, exactly.
struct CostLine {
  Bucket bucket = Bucket::output;
  std::int64_t quantity = 0;
  Decimal per_token;  ///< Of `Bucket::unit`, of one.
  Decimal amount;
  std::string unit{};  ///< Of `Bucket::unit`, its name.

  /// The bucket's name, or the unit's.
  std::string_view name() const { return bucket == Bucket::unit ? unit : to_string(bucket); }
};

/// Tokens or units without a price of their own. Audio and what is kept in a cache for an hour
/// stand in the lines nevertheless, at the price of text and of a shorter stay: the least they can
/// cost.
struct UnpricedQuantity {
  Bucket bucket = Bucket::output;
  std::int64_t quantity = 0;  ///< 0: of a unit that nobody counted.
  std::string unit{};

  std::string_view name() const { return bucket == Bucket::unit ? unit : to_string(bucket); }
};

/// What one should know about an amount.
enum class CostFlag {
  straddles_bands,    ///< Began in one band and ended in another; the bounds hold both amounts.
  output_unbounded,   ///< The server may have gone on after the cut; no `max_tokens` bounds it.
  missing_quantity,   ///< A count that is billed was not reported.
  unexplained_total,  ///< The server's total holds tokens that no rule explains.
};
TALLY_API std::string_view to_string(CostFlag flag);

struct CostBounds {
  Money low;
  Money high;
};

/// What a usage costs. Plain data. `total` is absent where no price is known: unknown is never 0.
struct Cost {
  std::optional<Money> total;
  bool is_estimate = false;                     ///< Printed with `~`.
  bool is_lower_bound = false;                  ///< Some part has no price: printed with `>=`.
  std::vector<CostLine> lines;                  ///< Buckets with a quantity above 0, each once.
  std::vector<UnpricedQuantity> without_price;  ///< Makes the bill `partial`.
  std::optional<Price> price;                   ///< The entry, band and tier that were used.
  UnpricedReason unpriced_reason = UnpricedReason::none;
  std::string unpriced_message;
  std::optional<CostBounds> bounds;
  std::optional<ReportedCost> reported;  ///< The provider's own figure.
  std::optional<Money>
      reported_difference;  ///< reported - total, where both are known in one currency.
  std::vector<CostFlag> flags;
};

/// usage times price, exactly, without any rounding; one request's own price included, where the
/// entry has a unit `request`. A unit of the entry's that the usage does not count makes the bill
/// partial, unless it is one that a request has to ask for.
TALLY_API Cost cost_of(const Usage& usage, const Price& price);

/// The cost of a usage without a price: no total, the reason, and the provider's own figure.
TALLY_API Cost cost_of(const Usage& usage, const Unpriced& unpriced);

/// The state that a finished attempt's bill has: from where the counts come and what has a price.
TALLY_API BillState bill_state(const Usage& usage, const Cost& cost);

/// Adds totals, lines of the same bucket and price, bounds and flags. One currency only: otherwise
/// the sum has no total.
TALLY_API Cost sum(const Cost& a, const Cost& b);

/// `~$0.0012`, `>=$0.3`, `$0.00868`, or `unpriced (unknown model ...)`.
TALLY_API std::string to_string(const Cost& cost);

}  // namespace TALLY_ABI
}  // namespace tally
