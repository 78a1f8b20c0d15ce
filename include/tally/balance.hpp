// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What is left on an account in one currency. Plain data.
struct BalanceAmount {
  Money total;
  std::optional<Decimal> granted;    ///< Given by the provider; it is used first.
  std::optional<Decimal> topped_up;  ///< Paid in.
};

/// The answer of `/user/balance`. One row for each currency, in the server's order; a row may be 0
/// while another one is funded. Plain data.
struct Balance {
  bool is_available = false;  ///< Enough for calls, the provider says.
  std::vector<BalanceAmount> amounts;
  std::string raw;  ///< The server's JSON, verbatim.
  /// From `Client::balance`: what the ledger answered when it could not take the check.
  std::optional<Error> ledger_error{};

  /// The row of that currency; null if there is none.
  TALLY_API const BalanceAmount* in(Currency currency) const;
};

/// Reads the body of a `/user/balance` answer; amounts from their digits. `malformed_reply` says
/// what is missing.
TALLY_API Result<Balance> parse_balance(std::string_view json);

}  // namespace TALLY_ABI
}  // namespace tally
