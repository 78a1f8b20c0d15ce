// SPDX-License-Identifier: MIT
#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/list.hpp"
#include "c_api/prices.hpp"
#include "tally/import.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

ImportOptions import_options_of(const tally_import_options& read, Arguments& given) {
  ImportOptions made;
  made.source.name = given.string(read.source_name, "options.source_name");
  made.source.url = given.string(read.source_url, "options.source_url");
  made.source.verified_at = given.string(read.verified_at, "options.verified_at");
  if (read.imported_at_us != 0) made.imported_at = instant_or_now(read.imported_at_us);
  if (read.excluded_providers_count > 0) {
    made.excluded_providers = given.strings(read.excluded_providers, read.excluded_providers_count,
                                            "options.excluded_providers");
  }
  given.optional_handle(read.in_use, "options.in_use");
  if (given.good() && read.in_use != nullptr) made.in_use = read.in_use->catalog;
  made.allow_large_changes = read.allow_large_changes != 0;
  return made;
}

/// What was not taken, whole models first.
struct Refused {
  RefusedPrice price;
  bool is_left_out = false;
};

std::vector<Refused> refused_of(ImportedPrices* imported) {
  std::vector<Refused> all;
  for (RefusedPrice& price : imported->refused) all.push_back({std::move(price), false});
  for (RefusedPrice& price : imported->left_out) all.push_back({std::move(price), true});
  return all;
}

const tally_refused_price* refused_price_of(const Refused& refused, Storage& storage) {
  tally_refused_price* made = storage.make<tally_refused_price>();
  made->reason = static_cast<std::int32_t>(refused.price.reason);
  made->is_left_out = refused.is_left_out;
  made->name = view(refused.price.name);
  made->detail = view(refused.price.detail);
  return made;
}

const tally_price_change* change_of(const PriceChange& change, Storage& storage) {
  tally_price_change* made = storage.make<tally_price_change>();
  made->bucket = static_cast<std::int32_t>(change.bucket);
  made->is_large = change.is_large();
  made->provider = view(change.provider);
  made->model = view(change.model);
  const auto in_currency = [&](std::optional<Decimal> price) -> std::optional<Money> {
    if (!price) return std::nullopt;
    return Money{*price, change.currency};
  };
  put(in_currency(change.before), TALLY_HAS_BEFORE, &made->has, &made->before);
  put(in_currency(change.after), TALLY_HAS_AFTER, &made->has, &made->after);
  made->text = storage.keep(to_string(change));
  return made;
}

}  // namespace

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;
using tally::at_boundary;
using tally::Result;

extern "C" {

int32_t tally_import_options_init(tally_import_options* options, uint32_t size) {
  return tally::init(options, size);
}

int32_t tally_import_prices(int32_t list, const char* text, uint64_t size,
                            const tally_import_options* options, tally_price_catalog** out,
                            tally_string** json, tally_list** refused, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (json != nullptr) *json = nullptr;
    if (refused != nullptr) *refused = nullptr;
    const auto kind = given.one_of<tally::PriceList>(list, 4, "list");
    const std::string_view read = given.text(text, size, "text");
    tally::ImportOptions how;
    if (const auto set = given.optional_in(options, "options")) {
      how = tally::import_options_of(*set, given);
    }
    if (!given.good()) return given.error();
    auto imported = tally::import_prices(kind, read, how);
    if (!imported) return std::move(imported).error();
    // All are there before one is handed out, so that none is lost where memory runs out.
    auto catalog = std::make_unique<tally_price_catalog>(imported->catalog);
    auto as_text = tally::new_string(std::move(imported->json));
    auto not_taken = tally::new_list(tally::refused_of(&*imported), tally::refused_price_of);
    *out = catalog.release();
    if (json != nullptr) *json = as_text.release();
    if (refused != nullptr) *refused = not_taken.release();
    return TALLY_OK;
  });
}

int32_t tally_difference(const tally_price_catalog* before, const tally_price_catalog* after,
                         int64_t at_us, tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(before, "before");
    given.handle(after, "after");
    if (!given.good()) return given.error();
    return tally::hand_out_all(
        tally::difference(before->catalog, after->catalog, tally::instant_or_now(at_us)), out,
        tally::change_of);
  });
}

}  // extern "C"
