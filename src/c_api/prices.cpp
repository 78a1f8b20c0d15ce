// SPDX-License-Identifier: MIT
#include "c_api/prices.hpp"

#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/list.hpp"
#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {

Instant instant_or_now(std::int64_t us) {
  return us == 0 ? system_clock()->wall() : Instant(std::chrono::microseconds(us));
}

namespace {

/// Its texts live as long as the caller's.
PriceQuery query_of(const tally_price_query* query, Arguments& given) {
  const tally_price_query read = given.in(query, "query");
  PriceQuery made;
  if (read.provider.size > 0) made.provider = given.text(read.provider, "query.provider");
  made.model = given.text(read.model, "query.model");
  made.reported_model = given.text(read.reported_model, "query.reported_model");
  made.at = instant_or_now(read.at_us);
  made.currency = given.currency(given.text(read.currency, "query.currency"), "query.currency");
  made.host = given.text(read.host, "query.host");
  made.service_tier = given.text(read.service_tier, "query.service_tier");
  if (read.has_prompt_tokens != 0) made.prompt_tokens = read.prompt_tokens;
  return made;
}

ReportedUsage reported_of(const tally_usage* usage, Arguments& given) {
  const tally_usage read = given.in(usage, "usage");
  ReportedUsage made;
  const auto take = [&](std::uint32_t bit, std::int64_t count, std::optional<std::int64_t>* to) {
    if ((read.has & bit) != 0) *to = given.at_least(0, count, "a count of usage");
  };
  take(TALLY_HAS_PROMPT_TOKENS, read.prompt_tokens, &made.prompt_tokens);
  take(TALLY_HAS_PROMPT_CACHE_HIT_TOKENS, read.prompt_cache_hit_tokens,
       &made.prompt_cache_hit_tokens);
  take(TALLY_HAS_PROMPT_CACHE_MISS_TOKENS, read.prompt_cache_miss_tokens,
       &made.prompt_cache_miss_tokens);
  take(TALLY_HAS_CACHE_WRITE_TOKENS, read.cache_write_tokens, &made.cache_write_tokens);
  take(TALLY_HAS_COMPLETION_TOKENS, read.completion_tokens, &made.completion_tokens);
  take(TALLY_HAS_REASONING_TOKENS, read.reasoning_tokens, &made.reasoning_tokens);
  take(TALLY_HAS_TOTAL_TOKENS, read.total_tokens, &made.total_tokens);
  made.service_tier = given.string(read.service_tier, "usage.service_tier");
  return made;
}

Result<std::int32_t> hand_out(Result<PriceCatalog> made, tally_price_catalog** out) {
  if (!made) return std::move(made).error();
  *out = new tally_price_catalog(*std::move(made));
  return TALLY_OK;
}

const tally_listed_model* listed_model_of(const ListedModel& model, Storage& storage) {
  tally_listed_model* made = storage.make<tally_listed_model>();
  made->provider = view(model.provider);
  made->name = view(model.name);
  made->model = view(model.model);
  made->has_next_change = model.next_change.has_value();
  if (model.next_change) made->next_change_us = us_of(*model.next_change);
  if (model.price) made->price = price_of(*model.price, storage);
  return made;
}

}  // namespace

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;
using tally::at_boundary;
using tally::PriceCatalog;
using tally::Result;

extern "C" {

int32_t tally_usage_init(tally_usage* usage, uint32_t size) { return tally::init(usage, size); }

int32_t tally_price_query_init(tally_price_query* query, uint32_t size) {
  tally_price_query defaults{};
  defaults.provider = tally::view("deepseek");
  return tally::init(query, size, defaults);
}

int32_t tally_price_catalog_builtin(tally_price_catalog** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    return tally::hand_out(PriceCatalog::builtin(), out);
  });
}

int32_t tally_price_catalog_none(tally_price_catalog** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    return tally::hand_out(PriceCatalog::none(), out);
  });
}

int32_t tally_price_catalog_parse(const char* json, uint64_t size, const char* name,
                                  uint64_t name_size, tally_price_catalog** out,
                                  tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    const std::string_view text = given.text(json, size, "json");
    const std::string_view called = given.text(name, name_size, "name");
    if (!given.good()) return given.error();
    return tally::hand_out(PriceCatalog::parse(text, called.empty() ? "catalogue" : called), out);
  });
}

int32_t tally_price_catalog_load(const char* path, uint64_t size, tally_price_catalog** out,
                                 tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    const std::string file(given.text(path, size, "path"));
    if (!given.good()) return given.error();
    return tally::hand_out(PriceCatalog::load(file), out);
  });
}

int32_t tally_price_catalog_overlaid(const tally_price_catalog* catalog, const char* json,
                                     uint64_t size, const char* name, uint64_t name_size,
                                     tally_price_catalog** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    const std::string_view text = given.text(json, size, "json");
    const std::string_view called = given.text(name, name_size, "name");
    if (!given.good()) return given.error();
    return tally::hand_out(catalog->catalog.overlaid(text, called.empty() ? "catalogue" : called),
                           out);
  });
}

int32_t tally_price_catalog_over(const tally_price_catalog* catalog,
                                 const tally_price_catalog* below, tally_price_catalog** out,
                                 tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    given.handle(below, "below");
    if (!given.good()) return given.error();
    return tally::hand_out(catalog->catalog.over(below->catalog), out);
  });
}

int32_t tally_price_catalog_version(const tally_price_catalog* catalog, tally_string** out,
                                    tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    if (!given.good()) return given.error();
    *out = tally::new_string(catalog->catalog.version()).release();
    return TALLY_OK;
  });
}

void tally_price_catalog_destroy(tally_price_catalog* catalog) { tally::destroy(catalog); }

int32_t tally_price_catalog_price_at(const tally_price_catalog* catalog,
                                     const tally_price_query* query, tally_list** out,
                                     tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    const tally::PriceQuery asked = tally::query_of(query, given);
    if (!given.good()) return given.error();
    auto price = catalog->catalog.price_at(asked);
    if (price) return tally::hand_out_one(*std::move(price), out, tally::price_of);
    return tally::fail(error, TALLY_E_UNPRICED, price.error().message);
  });
}

int32_t tally_price_catalog_next_change(const tally_price_catalog* catalog,
                                        const tally_price_query* query, int64_t* out_us,
                                        tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.pointer(out_us, "out_us");
    if (out_us != nullptr) *out_us = 0;
    given.handle(catalog, "catalog");
    const tally::PriceQuery asked = tally::query_of(query, given);
    if (!given.good()) return given.error();
    const auto change = catalog->catalog.next_change(asked);
    if (!change) return 0;
    *out_us = tally::us_of(*change);
    return 1;
  });
}

int32_t tally_price_catalog_models(const tally_price_catalog* catalog, int64_t at_us,
                                   const char* currency, uint64_t currency_size, tally_list** out,
                                   tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    const tally::Currency in =
        given.currency(given.text(currency, currency_size, "currency"), "currency");
    if (!given.good()) return given.error();
    return tally::hand_out_all(catalog->catalog.models(tally::instant_or_now(at_us), in), out,
                               tally::listed_model_of);
  });
}

int32_t tally_cost_of(const tally_usage* usage, const tally_price_catalog* catalog,
                      const tally_price_query* query, tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(catalog, "catalog");
    const tally::ReportedUsage reported = tally::reported_of(usage, given);
    tally::PriceQuery asked = tally::query_of(query, given);
    if (!given.good()) return given.error();
    const tally::Usage counted = normalize(reported, tally::provider_named(asked.provider));
    if (!asked.prompt_tokens) asked.prompt_tokens = counted.prompt_tokens;
    const auto price = catalog->catalog.price_at(asked);
    tally::Cost cost = price ? cost_of(counted, *price) : cost_of(counted, price.error());
    return tally::hand_out_one(std::move(cost), out, [](const tally::Cost& made, auto& storage) {
      return tally::cost_of(made, storage);
    });
  });
}

}  // extern "C"
