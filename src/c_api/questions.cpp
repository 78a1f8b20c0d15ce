// SPDX-License-Identifier: MIT
// What a client is asked beside calls.
#include "c_api/bill.hpp"
#include "c_api/boundary.hpp"
#include "c_api/client_handle.hpp"
#include "c_api/handles.hpp"
#include "c_api/options.hpp"
#include "c_api/request.hpp"
#include "tally/provider.hpp"

using tally::Arguments;
using tally::at_boundary;
using tally::Result;
using tally::Storage;
using tally::view;

namespace {

const tally_served_model* model_of(const tally::ServedModel& model, Storage& storage) {
  tally_served_model* made = storage.make<tally_served_model>();
  made->id = view(model.id);
  made->owned_by = view(model.owned_by);
  made->raw = view(model.raw);
  return made;
}

const tally_advice* advice_of(const tally::Advice& advice, Storage& storage) {
  tally_advice* made = storage.make<tally_advice>();
  made->field = view(advice.field);
  made->message = view(advice.message);
  return made;
}

const tally_estimate* estimate_of(const tally::Estimate& estimate, Storage& storage) {
  tally_estimate* made = storage.make<tally_estimate>();
  made->prompt_low = estimate.prompt.low;
  made->prompt_likely = estimate.prompt.likely;
  made->prompt_high = estimate.prompt.high;
  made->most_output = estimate.most_output;
  made->output_is_assumed = estimate.output_is_assumed;
  tally::put(estimate.cold_cache, TALLY_HAS_COLD_CACHE, &made->has, &made->cold_cache);
  tally::put(estimate.warm_cache, TALLY_HAS_WARM_CACHE, &made->has, &made->warm_cache);
  tally::put(estimate.worst_case, TALLY_HAS_WORST_CASE, &made->has, &made->worst_case);
  if (estimate.price) made->price = tally::price_of(*estimate.price, storage);
  made->unknown = view(estimate.unknown);
  made->text = storage.keep(tally::to_string(estimate));
  return made;
}

const tally_provider_preset* preset_of(const tally::ProviderPreset& preset, Storage& storage) {
  tally_provider_preset* made = storage.make<tally_provider_preset>();
  made->key_header = preset.key_header == tally::KeyHeader::api_key ? TALLY_KEY_HEADER_API_KEY
                                                                    : TALLY_KEY_HEADER_BEARER;
  made->id = view(preset.id);
  made->name = view(preset.name);
  made->base_url = view(preset.base_url);
  made->key_variable = view(preset.key_variable);
  made->quirks = view(preset.quirks);
  return made;
}

/// A row of a balance, which holds what they have in common.
const tally_balance_amount* amount_of(const tally::BalanceAmount& amount,
                                      const tally::Balance& balance, Storage& storage) {
  tally_balance_amount* made = storage.make<tally_balance_amount>();
  made->total = tally::money_of(amount.total);
  tally::put(amount.granted, TALLY_HAS_GRANTED, &made->has, &made->granted);
  tally::put(amount.topped_up, TALLY_HAS_TOPPED_UP, &made->has, &made->topped_up);
  made->is_available = balance.is_available;
  made->raw = storage.keep(balance.raw);
  if (balance.ledger_error) made->ledger_error = tally::error_of(*balance.ledger_error, storage);
  return made;
}

}  // namespace

extern "C" {

int32_t tally_client_warm_up(tally_client* client, int64_t timeout_ms, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    const auto timeout = given.wait_ms(timeout_ms, "timeout_ms");
    if (!given.good()) return given.error();
    return tally::done(client->client.warm_up(timeout));
  });
}

int32_t tally_client_models(tally_client* client, int64_t timeout_ms, tally_list** out,
                            tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    const auto timeout = given.wait_ms(timeout_ms, "timeout_ms");
    if (!given.good()) return given.error();
    auto models = client->client.models(timeout);
    if (!models) return std::move(models).error();
    *out = tally::new_list(*std::move(models), model_of).release();
    return TALLY_OK;
  });
}

int32_t tally_client_balance(tally_client* client, int64_t timeout_ms, tally_list** out,
                             tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    const auto timeout = given.wait_ms(timeout_ms, "timeout_ms");
    if (!given.good()) return given.error();
    const Result<tally::Balance> balance = client->client.balance(timeout);
    if (!balance) return balance.error();
    const auto row = [&](const tally::BalanceAmount& amount, Storage& storage) {
      return amount_of(amount, *balance, storage);
    };
    *out = tally::new_list(balance->amounts, row).release();
    return TALLY_OK;
  });
}

int32_t tally_client_estimate(tally_client* client, const tally_chat_request* request,
                              const tally_call_options* options, tally_list** out,
                              tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    given.handle(request, "request");
    const tally::CallOptions how = tally::call_options_of(options, given);
    if (!given.good()) return given.error();
    *out = tally::new_list_of_one(client->client.estimate(request->request, how), estimate_of)
               .release();
    return TALLY_OK;
  });
}

int32_t tally_client_fim_estimate(tally_client* client, const tally_fim_request* request,
                                  const tally_call_options* options, tally_list** out,
                                  tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    const tally::FimRequest asked = tally::fim_request_of(request, given);
    const tally::CallOptions how = tally::call_options_of(options, given);
    if (!given.good()) return given.error();
    *out = tally::new_list_of_one(client->client.estimate(asked, how), estimate_of).release();
    return TALLY_OK;
  });
}

int32_t tally_client_advise(tally_client* client, const tally_chat_request* request,
                            tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    given.handle(request, "request");
    if (!given.good()) return given.error();
    *out = tally::new_list(client->client.advise(request->request), advice_of).release();
    return TALLY_OK;
  });
}

int32_t tally_client_prices(tally_client* client, tally_price_catalog** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    given.handle(client, "client");
    if (!given.good()) return given.error();
    *out = new tally_price_catalog(client->client.prices());
    return TALLY_OK;
  });
}

int32_t tally_provider_presets(tally_list** out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    if (!given.good()) return given.error();
    const tally::ProviderPresets presets = tally::provider_presets();
    *out = tally::new_list(std::vector(presets.begin(), presets.end()), preset_of).release();
    return TALLY_OK;
  });
}

}  // extern "C"
