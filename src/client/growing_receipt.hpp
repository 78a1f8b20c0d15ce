// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tally/receipt.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The receipt of a call under way, as `Receipt`, but that what is known late or rarely has no
/// place before: each of a thousand streams held a kilobyte for sums of bills that were still to
/// come. Plain data.
struct GrowingReceipt {
  struct Sums {
    Usage usage;
    Cost cost;
  };

  std::string call_id;
  std::string provider;
  std::string model;
  BillState state = BillState::reserved;
  std::vector<Attempt> attempts;
  std::unique_ptr<Sums> sums;  ///< Null: nothing was summed yet.
  std::optional<Error> ledger_error;
  std::unique_ptr<BudgetRefusal> refusal;

  /// The whole, which needs no memory.
  operator Receipt() && noexcept;  // NOLINT(google-explicit-constructor): it is one.
};

/// As of a `Receipt`. Where memory runs out only the state is known.
void sum_attempts(GrowingReceipt& receipt);

}  // namespace TALLY_ABI
}  // namespace tally
