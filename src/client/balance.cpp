// SPDX-License-Identifier: MIT
#include "tally/balance.hpp"

#include <utility>

#include "client/core.hpp"
#include "client/fetch.hpp"
#include "client/patience.hpp"
#include "client/secret.hpp"
#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Result<Balance> read(const Fetched& fetched, const HttpHeaders& headers) {
  if (fetched.status >= 200 && fetched.status < 300) return parse_balance(fetched.body);
  Error error = error_of_response(fetched.status, fetched.body);
  error.http_status = fetched.status;
  redact(error.message, key_in(headers));
  redact(error.provider_code, key_in(headers));
  return error;
}

}  // namespace

Result<Balance> Client::Core::balance(std::chrono::milliseconds timeout) {
  if (auto refused = refusal()) return *std::move(refused);
  const ClientOptions& options = settings_->options;
  FetchOrder order{"/user/balance", "balance", settings_->headers,
                   later(settings_->clock->steady(), timeout), stops_};
  if (options.token) order.headers = headers_with_key(options, options.token());
  if (!order.headers) {
    return Error{ErrorKind::authentication, "ClientOptions::token gave no usable key"};
  }
  auto lane = lease();
  if (!lane) return std::move(lane).error();
  const LaneLease back(*this, **lane);
  auto fetched = fetch(**lane, *settings_, order);
  if (!fetched) return std::move(fetched).error();
  auto balance = read(*fetched, *order.headers);
  if (!balance || !options.ledger) return balance;
  const BalanceCheck check{settings_->provider.id, {}, settings_->clock->wall(), *balance};
  if (auto stored = options.ledger->record_balance(check); !stored) {
    balance->ledger_error = std::move(stored).error();
  }
  return balance;
}

}  // namespace TALLY_ABI
}  // namespace tally
