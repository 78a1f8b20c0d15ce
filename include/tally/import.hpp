// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A public price list whose file can be read. All are in USD.
enum class PriceList {
  litellm,       ///< `model_prices_and_context_window.json`
  genai_prices,  ///< `data.json` of pydantic/genai-prices
  models_dev,    ///< `api.json`
  llm_prices,    ///< A vendor's file of llm-prices
};

/// Why an entry of a list, or a part of one, was not taken.
enum class ImportRefusal {
  excluded_provider,  ///< One that the caller prices by other means.
  not_chat,           ///< An image model, an embedding, ...: of no use to a chat client.
  no_price,           ///< Input or output of a chat call would have none.
  zero_price,         ///< Lists write 0 for "unknown"; only a name ending in `:free` says free.
  negative_price,
  inexact_price,  ///< More than 12 decimals per token: it has been through a binary float.
  malformed,      ///< Not what the list's format says.
  unsupported,    ///< A rule that `tally.prices/1` cannot say, or that the list leaves open.
  contradictory,  ///< The list says two different things about one name.
  duplicate,      ///< The list says the same twice.
  large_change,   ///< Against the catalogue in use, by more than 2 or to or from 0.
};
TALLY_API std::string_view to_string(ImportRefusal reason);

/// What was not taken, by the name that the list gives it.
struct RefusedPrice {
  std::string name;
  ImportRefusal reason = ImportRefusal::malformed;
  std::string detail;  ///< The field, what stands there, or the two that differ.
};

struct ImportOptions {
  /// Stands in every entry, its name behind `import: `. A name that says which edition was read is
  /// best (`LiteLLM at 8c1d2f0`); by default that of the list and the day. Without `verified_at`
  /// every price is flagged `stale` until somebody confirms it.
  PriceSource source{};
  /// When the list was read; absent: now. Prices in force without a date begin here, and prices
  /// that begin later are `announced`: these never price.
  std::optional<Instant> imported_at{};
  /// Providers (tally's ids) to leave out. No list holds DeepSeek's dates, windows and holidays.
  std::vector<std::string> excluded_providers = {"deepseek"};
  /// The catalogue in use: a model of which a price in force at the import (standard tiers) differs
  /// from it by more than 2 times, or is 0 in one of them only, is refused.
  std::optional<PriceCatalog> in_use{};
  bool allow_large_changes = false;
};

/// A list as a catalogue of its own.
struct ImportedPrices {
  PriceCatalog catalog = PriceCatalog::none();
  std::string json;       ///< The same as a `tally.prices/1` text, to read, check and keep.
  std::size_t taken = 0;  ///< Models.
  std::vector<RefusedPrice> refused;
  /// Parts of models that were taken: kinds of tokens that have no bucket, prices of 0 beside
  /// others, patterns for names. Tokens without a price make a bill `partial`, never free.
  std::vector<RefusedPrice> left_out;
};

/// Reads a price list. Digits are taken as they stand in the text; nothing passes through a
/// `double`, and what cannot be said exactly is refused with its reason. An error only if the text
/// is not such a list at all.
///
///     auto imported = tally::import_prices(tally::PriceList::litellm, text);
///     if (!imported) return fail(imported.error());
///     auto prices = tally::PriceCatalog::builtin().over(imported->catalog);
///
/// Lists err, so look at `difference` before using one.
TALLY_API Result<ImportedPrices> import_prices(PriceList list, std::string_view json,
                                               const ImportOptions& options = {});

/// The price of one bucket of one name, before and after. Plain data.
struct PriceChange {
  std::string provider;
  std::string model;  ///< As one requests it.
  Currency currency;
  Bucket bucket = Bucket::output;
  std::optional<Decimal> before;  ///< Per token; absent: the price was added.
  std::optional<Decimal> after;   ///< Absent: it was removed.

  /// By more than 2, up or down, or to or from 0. Never for what was added or removed.
  bool is_large() const;
};

/// What a catalogue prices differently from another at an instant, for every name that can be
/// requested: the standard service tier, the lowest context tier, the band in force. By provider,
/// name, currency and bucket.
TALLY_API std::vector<PriceChange> difference(const PriceCatalog& before, const PriceCatalog& after,
                                              Instant at);

/// `changed openai gpt-4o output: $10 -> $5 per 1M tokens (x 0.5)`.
TALLY_API std::string to_string(const PriceChange& change);

}  // namespace TALLY_ABI
}  // namespace tally
