// SPDX-License-Identifier: MIT
#include "tally/balance.hpp"

#include <utility>

#include "client/core.hpp"

namespace tally {
inline namespace TALLY_ABI {

Result<Balance> Client::Core::balance(std::chrono::milliseconds timeout) {
  auto body = get("/user/balance", "balance", timeout);
  if (!body) return std::move(body).error();
  auto balance = parse_balance(*body);
  const std::optional<Ledger>& ledger = settings_->options.ledger;
  if (!balance || !ledger) return balance;
  const BalanceCheck check{settings_->provider.id, {}, settings_->clock->wall(), *balance};
  if (auto stored = ledger->record_balance(check); !stored) {
    balance->ledger_error = std::move(stored).error();
  }
  return balance;
}

}  // namespace TALLY_ABI
}  // namespace tally
