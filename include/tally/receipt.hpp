// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tally/budget.hpp"
#include "tally/pricing.hpp"
#include "tally/time.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One try to get an answer, with its own bill. Plain data.
struct Attempt {
  int number = 1;
  std::string attempt_id;  ///< UUIDv7, made before anything is sent.
  BillState state = BillState::reserved;
  std::string
      reason;  ///< Why the state is not `settled`: `stream_cut`, `http_429`, `cancelled`, ...
  Usage usage;
  Cost cost;
  int http_status = 0;
  std::string request_id;
  std::string model_reported;
  Instant started{};
  Instant completed{};
  std::optional<std::chrono::microseconds> first_byte_after;  ///< Since `started`.
};

/// The bill of a call: there is one whether the call succeeded or not. Plain data.
struct Receipt {
  std::string call_id;  ///< UUIDv7, made before anything is sent.
  std::string provider;
  std::string model;                      ///< As requested.
  BillState state = BillState::reserved;  ///< The worst attempt's.
  std::vector<Attempt> attempts;
  Usage usage;  ///< The sum of the attempts'.
  Cost cost;    ///< The sum of the attempts'.
  /// What the ledger answered when it could not take this bill; absent where it did, or there is
  /// none.
  std::optional<Error> ledger_error;
  /// Which budget did not let the call through, and where it stood (`ErrorKind::budget`). For
  /// `BudgetReason::unpriced` the store was not asked: `spent` and `held` are 0.
  std::optional<BudgetRefusal> refusal;
};

/// Recomputes `state`, `usage` and `cost` of a receipt from its attempts. State: the worst in the
/// order settled < estimated < partial < unpriced; `not_billed` only if all are.
TALLY_API void sum_attempts(Receipt& receipt);

/// One line: `18 in (0 cached) + 42 out = $0.0000279  deepseek-flash off-peak, settled`.
/// `~` marks an estimate, `>=` a sum with unpriced parts.
TALLY_API std::string to_string(const Receipt& receipt);
TALLY_API std::ostream& operator<<(std::ostream& out, const Receipt& receipt);

/// Several lines: each attempt with its buckets, price entry, source and flags.
TALLY_API std::string explain(const Receipt& receipt);

}  // namespace TALLY_ABI
}  // namespace tally
