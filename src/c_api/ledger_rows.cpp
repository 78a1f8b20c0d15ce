// SPDX-License-Identifier: MIT
#include <sstream>

#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/ledger.hpp"
#include "c_api/list.hpp"

namespace tally {
inline namespace TALLY_ABI {

LedgerFilter filter_of(const tally_ledger_filter* filter, Arguments& given) {
  LedgerFilter made;
  const auto read = given.optional_in(filter, "filter");
  if (!read || !given.good()) return made;
  const auto instant = [](std::int64_t us) { return Instant(std::chrono::microseconds(us)); };
  if ((read->has & TALLY_HAS_FROM) != 0) made.from = instant(read->from_us);
  if ((read->has & TALLY_HAS_TO) != 0) made.to = instant(read->to_us);
  made.provider = given.string(read->provider, "filter.provider");
  made.model = given.string(read->model, "filter.model");
  made.call_id = given.string(read->call_id, "filter.call_id");
  made.labels = given.labels(read->labels, read->labels_count, "filter.labels");
  if ((read->has & TALLY_HAS_STATE) != 0) {
    made.state = given.one_of<BillState>(read->state, 6, "filter.state");
  }
  return made;
}

TimeZone zone_of(const tally_text& zone, std::string_view name, Arguments& given) {
  const std::string_view text = given.text(zone, name);
  if (text.empty()) return {};
  Result<TimeZone> read = TimeZone::parse(text);
  if (!read) given.refuse(name, "is no time zone: `UTC`, `+08:00`, a POSIX rule, or `tzif:`");
  return read.value_or(TimeZone());
}

namespace {

LedgerGrouping grouping_of(const tally_ledger_grouping& read, Arguments& given) {
  LedgerGrouping made;
  made.by_provider = read.by_provider != 0;
  made.by_model = read.by_model != 0;
  made.by_state = read.by_state != 0;
  made.by_day = read.by_day != 0;
  made.by_label = given.string(read.by_label, "grouping.by_label");
  made.zone = zone_of(read.zone, "grouping.zone", given);
  return made;
}

void put_price(const PriceReference& price, tally_ledger_row* made) {
  made->price_entry_id = view(price.entry_id);
  made->price_sha256 = view(price.sha256);
  made->price_catalog_version = view(price.catalog_version);
  made->price_model = view(price.model);
  made->price_band = view(price.band);
  made->price_service_tier = view(price.service_tier);
  put(price.context_tier, TALLY_HAS_CONTEXT_TIER, &made->has, &made->price_context_tier);
}

void put_times(const LedgerRow& row, tally_ledger_row* made) {
  made->started_us = us_of(row.started);
  const auto us = [](std::optional<Instant> at) -> std::optional<std::int64_t> {
    if (!at) return std::nullopt;
    return us_of(*at);
  };
  put(us(row.completed), TALLY_HAS_COMPLETED, &made->has, &made->completed_us);
  put(us(row.billed_at), TALLY_HAS_BILLED_AT, &made->has, &made->billed_at_us);
  if (!row.first_byte_after) return;
  made->has |= TALLY_HAS_FIRST_BYTE_AFTER;
  made->first_byte_after_us = row.first_byte_after->count();
}

const tally_ledger_row* row_of(const LedgerRow& row, Storage& storage) {
  tally_ledger_row* made = storage.make<tally_ledger_row>();
  made->attempt_id = view(row.attempt_id);
  made->call_id = view(row.call_id);
  made->attempt_number = row.attempt_number;
  made->revision = row.revision;
  made->state = static_cast<std::int32_t>(row.state);
  made->http_status = row.http_status;
  made->reason = view(row.reason);
  made->provider = view(row.provider);
  made->host = view(row.host);
  made->model_requested = view(row.model_requested);
  made->model_reported = view(row.model_reported);
  made->service_tier_requested = view(row.service_tier_requested);
  made->finish_reason = view(row.finish_reason);
  made->error = view(row.error);
  made->request_id = view(row.request_id);
  made->response_id = view(row.response_id);
  put_times(row, made);
  put(row.hold, TALLY_HAS_HOLD, &made->has, &made->hold);
  made->streamed = row.streamed;
  tally_pair* label = storage.array<tally_pair>(row.labels.size());
  made->labels = label;
  made->labels_count = row.labels.size();
  for (const auto& [key, value] : row.labels) *label++ = {view(key), view(value)};
  made->usage = usage_of(row.usage, storage);
  made->cost = cost_of(row.cost, storage);
  if (row.price) put_price(*row.price, made);
  return made;
}

const tally_ledger_total* total_of(const LedgerTotal& total, Storage& storage) {
  tally_ledger_total* made = storage.make<tally_ledger_total>();
  made->state = total.state ? static_cast<std::int32_t>(*total.state) : -1;
  made->provider = view(total.provider);
  made->model = view(total.model);
  made->day = view(total.day);
  made->label = view(total.label);
  if (total.currency) {
    std::memcpy(made->currency, total.currency->code, sizeof(total.currency->code));
  }
  made->calls = total.calls;
  made->attempts = total.attempts;
  made->cache_hit_tokens = total.cache_hit_tokens;
  made->cache_miss_tokens = total.cache_miss_tokens;
  made->cache_write_tokens = total.cache_write_tokens;
  made->output_tokens = total.output_tokens;
  made->total = amount_of(total.total());
  made->settled = amount_of(total.settled);
  made->estimated = amount_of(total.estimated);
  made->partial = amount_of(total.partial);
  made->reported_difference = amount_of(total.reported_difference);
  made->unpriced_attempts = total.unpriced_attempts;
  made->reserved_attempts = total.reserved_attempts;
  return made;
}

const tally_ledger_history* history_of(const LedgerHistory& history, Storage& storage) {
  tally_ledger_history* made = storage.make<tally_ledger_history>();
  made->revision = history.revision;
  made->attempt_id = view(history.attempt_id);
  made->reason = view(history.reason);
  made->replaced_us = us_of(history.replaced);
  made->state = static_cast<std::int32_t>(history.state);
  made->has_cost = history.cost.has_value();
  if (history.cost) made->cost = money_of(*history.cost);
  return made;
}

}  // namespace

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;
using tally::at_boundary;
using tally::LedgerFilter;
using tally::Result;

extern "C" {

int32_t tally_ledger_filter_init(tally_ledger_filter* filter, uint32_t size) {
  return tally::init(filter, size);
}

int32_t tally_ledger_grouping_init(tally_ledger_grouping* grouping, uint32_t size) {
  return tally::init(grouping, size);
}

int32_t tally_ledger_rows(const tally_ledger* ledger, const tally_ledger_filter* filter,
                          tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const LedgerFilter which = tally::filter_of(filter, given);
    if (!given.good()) return given.error();
    return tally::hand_out_all(ledger->ledger.rows(which), out, tally::row_of);
  });
}

int32_t tally_ledger_each_row(const tally_ledger* ledger, const tally_ledger_filter* filter,
                              tally_row_fn keep, void* user, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    if (keep == nullptr) given.refuse("keep", "is NULL");
    const LedgerFilter which = tally::filter_of(filter, given);
    if (!given.good()) return given.error();
    return tally::done(ledger->ledger.each_row(which, [&](const tally::LedgerRow& row) {
      tally::Storage storage;
      return keep(user, tally::row_of(row, storage)) != 0;
    }));
  });
}

int32_t tally_ledger_totals(const tally_ledger* ledger, const tally_ledger_filter* filter,
                            const tally_ledger_grouping* grouping, tally_list** out,
                            tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const LedgerFilter which = tally::filter_of(filter, given);
    tally::LedgerGrouping by;
    if (const auto read = given.optional_in(grouping, "grouping"))
      by = tally::grouping_of(*read, given);
    if (!given.good()) return given.error();
    return tally::hand_out_all(ledger->ledger.totals(which, by), out, tally::total_of);
  });
}

int32_t tally_ledger_get_history(const tally_ledger* ledger, const char* attempt_id, uint64_t size,
                                 tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const std::string id(given.text(attempt_id, size, "attempt_id"));
    if (!given.good()) return given.error();
    return tally::hand_out_all(ledger->ledger.history(id), out, tally::history_of);
  });
}

int32_t tally_ledger_export_rows(const tally_ledger* ledger, int32_t format,
                                 const tally_ledger_filter* filter, tally_string** out,
                                 tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const auto as = given.one_of<tally::ExportFormat>(format, 2, "format");
    const LedgerFilter which = tally::filter_of(filter, given);
    if (!given.good()) return given.error();
    std::ostringstream text;
    auto exported = ledger->ledger.export_rows(text, as, which);
    if (!exported) return std::move(exported).error();
    *out = tally::new_string(std::move(text).str()).release();
    return TALLY_OK;
  });
}

int32_t tally_ledger_prometheus(const tally_ledger* ledger, const tally_ledger_filter* filter,
                                tally_string** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const LedgerFilter which = tally::filter_of(filter, given);
    if (!given.good()) return given.error();
    auto text = ledger->ledger.prometheus(which);
    if (!text) return std::move(text).error();
    *out = tally::new_string(*std::move(text)).release();
    return TALLY_OK;
  });
}

}  // extern "C"
