// SPDX-License-Identifier: MIT
#include "c_api/ledger.hpp"

#include "c_api/boundary.hpp"
#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/list.hpp"
#include "c_api/prices.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

LedgerOptions options_of(const tally_ledger_options& read, Arguments& given) {
  LedgerOptions made;
  made.durability = given.one_of<Durability>(read.durability, 2, "options.durability");
  made.on_failure = given.one_of<OnLedgerFailure>(read.on_failure, 2, "options.on_failure");
  made.lock_timeout =
      std::chrono::milliseconds(given.at_least(0, read.lock_timeout_ms, "options.lock_timeout_ms"));
  return made;
}

Result<std::int32_t> hand_out_count(Result<std::int64_t> counted, std::int64_t* count) {
  if (!counted) return std::move(counted).error();
  if (count != nullptr) *count = *counted;
  return TALLY_OK;
}

const tally_reconciled_stretch* stretch_of(const ReconciledStretch& stretch, Storage& storage) {
  tally_reconciled_stretch* made = storage.make<tally_reconciled_stretch>();
  made->is_top_up = stretch.is_top_up;
  made->begin_us = us_of(stretch.span.begin);
  made->end_us = us_of(stretch.span.end);
  made->drop = money_of(stretch.drop);
  made->spent = money_of(stretch.spent);
  made->difference = money_of(stretch.difference);
  made->tolerance = money_of(stretch.tolerance);
  made->agrees = stretch.agrees;
  return made;
}

const tally_reconciliation* reconciliation_of(const Reconciliation& all, Storage& storage) {
  tally_reconciliation* made = storage.make<tally_reconciliation>();
  made->agrees = all.agrees;
  made->drop = money_of(all.drop);
  made->spent = money_of(all.spent);
  made->difference = money_of(all.difference);
  made->unpriced_attempts = all.unpriced_attempts;
  storage.each<tally_reconciled_stretch>(
      all.stretches, &made->stretches, &made->stretches_count,
      [&](const ReconciledStretch& stretch) { return stretch_of(stretch, storage); });
  return made;
}

const tally_recompute_report* report_of(const RecomputeReport& report, Storage& storage) {
  tally_recompute_report* made = storage.make<tally_recompute_report>();
  made->rows = report.rows;
  made->changed = report.changed;
  tally_text* failed = storage.array<tally_text>(report.failed.size());
  made->failed = failed;
  made->failed_count = report.failed.size();
  for (const std::string& attempt : report.failed) *failed++ = view(attempt);
  return made;
}

}  // namespace

}  // namespace TALLY_ABI
}  // namespace tally

using std::chrono::milliseconds;
using tally::Arguments;
using tally::at_boundary;
using tally::Instant;
using tally::Ledger;
using tally::Result;

extern "C" {

int32_t tally_ledger_options_init(tally_ledger_options* options, uint32_t size) {
  tally_ledger_options defaults{};
  defaults.lock_timeout_ms = tally::LedgerOptions{}.lock_timeout.count();
  return tally::init(options, size, defaults);
}

int32_t tally_balance_check_init(tally_balance_check* check, uint32_t size) {
  return tally::init(check, size);
}

int32_t tally_ledger_open(const char* path, uint64_t size, const tally_ledger_options* options,
                          tally_ledger** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    const std::string file(given.text(path, size, "path"));
    tally::LedgerOptions how;
    if (const auto set = given.optional_in(options, "options"))
      how = tally::options_of(*set, given);
    if (!given.good()) return given.error();
    auto ledger = Ledger::open(file, how);
    if (!ledger) return std::move(ledger).error();
    *out = new tally_ledger(*ledger);
    return TALLY_OK;
  });
}

int32_t tally_ledger_in_memory(tally_ledger** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    *out = new tally_ledger(Ledger::in_memory());
    return TALLY_OK;
  });
}

void tally_ledger_destroy(tally_ledger* ledger) { tally::destroy(ledger); }

int32_t tally_ledger_recompute(const tally_ledger* ledger, const tally_price_catalog* catalog,
                               const tally_ledger_filter* filter, tally_list** out,
                               tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    given.handle(catalog, "catalog");
    const tally::LedgerFilter which = tally::filter_of(filter, given);
    if (!given.good()) return given.error();
    return tally::hand_out_one(ledger->ledger.recompute(catalog->catalog, which), out,
                               tally::report_of);
  });
}

int32_t tally_ledger_recover(const tally_ledger* ledger, int64_t* count, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    if (count != nullptr) *count = 0;
    given.handle(ledger, "ledger");
    if (!given.good()) return given.error();
    return tally::hand_out_count(ledger->ledger.recover(), count);
  });
}

int32_t tally_ledger_prune(const tally_ledger* ledger, int64_t before_us, int64_t* count,
                           tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    if (count != nullptr) *count = 0;
    given.handle(ledger, "ledger");
    if (!given.good()) return given.error();
    return tally::hand_out_count(
        ledger->ledger.prune(Instant(std::chrono::microseconds(before_us))), count);
  });
}

int32_t tally_ledger_erase(const tally_ledger* ledger, const char* key, uint64_t key_size,
                           const char* value, uint64_t value_size, int64_t* count,
                           tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    if (count != nullptr) *count = 0;
    given.handle(ledger, "ledger");
    const std::string label(given.text(key, key_size, "key"));
    const std::string carried(given.text(value, value_size, "value"));
    if (!given.good()) return given.error();
    return tally::hand_out_count(ledger->ledger.erase(label, carried), count);
  });
}

int32_t tally_ledger_record_balance(const tally_ledger* ledger, const tally_balance_check* check,
                                    tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    const tally_balance_check read = given.in(check, "check");
    tally::BalanceCheck made;
    made.provider = given.string(read.provider, "check.provider");
    made.account = given.string(read.account, "check.account");
    made.at = tally::instant_or_now(read.at_us);
    const std::string_view json = given.text(read.balance_json, "check.balance_json");
    if (!given.good()) return given.error();
    auto balance = tally::parse_balance(json);
    if (!balance) return std::move(balance).error();
    made.balance = *std::move(balance);
    return tally::done(ledger->ledger.record_balance(made));
  });
}

int32_t tally_ledger_reconcile(const tally_ledger* ledger, const char* provider,
                               uint64_t provider_size, const char* currency, uint64_t currency_size,
                               int64_t begin_us, int64_t end_us, const char* account,
                               uint64_t account_size, tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(ledger, "ledger");
    const std::string whose(given.text(provider, provider_size, "provider"));
    const tally::Currency in =
        given.currency(given.text(currency, currency_size, "currency"), "currency");
    const std::string of(given.text(account, account_size, "account"));
    if (!given.good()) return given.error();
    const tally::TimeSpan span{Instant(std::chrono::microseconds(begin_us)),
                               Instant(std::chrono::microseconds(end_us))};
    return tally::hand_out_one(ledger->ledger.reconcile(whose, in, span, of), out,
                               tally::reconciliation_of);
  });
}

int32_t tally_ledger_run_writer(const tally_ledger* ledger, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    if (!given.good()) return given.error();
    // A copy: the handle may be destroyed meanwhile.
    const Ledger writing = ledger->ledger;
    writing.run_writer();
    return TALLY_OK;
  });
}

int32_t tally_ledger_stop_writer(const tally_ledger* ledger, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    if (!given.good()) return given.error();
    ledger->ledger.stop_writer();
    return TALLY_OK;
  });
}

int32_t tally_ledger_flush(const tally_ledger* ledger, int64_t timeout_ms, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(ledger, "ledger");
    const auto timeout = milliseconds(given.at_least(0, timeout_ms, "timeout_ms"));
    if (!given.good()) return given.error();
    return tally::done(ledger->ledger.flush(timeout));
  });
}

}  // extern "C"
