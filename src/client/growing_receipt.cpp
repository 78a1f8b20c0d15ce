// SPDX-License-Identifier: MIT
#include "client/growing_receipt.hpp"

#include <utility>

namespace tally {
inline namespace TALLY_ABI {

GrowingReceipt::operator Receipt() && noexcept {
  Receipt receipt;
  receipt.call_id = std::move(call_id);
  receipt.provider = std::move(provider);
  receipt.model = std::move(model);
  receipt.state = state;
  receipt.attempts = std::move(attempts);
  if (sums) {
    receipt.usage = std::move(sums->usage);
    receipt.cost = std::move(sums->cost);
  }
  receipt.ledger_error = std::move(ledger_error);
  if (refusal) receipt.refusal = std::move(*refusal);
  return receipt;
}

void sum_attempts(GrowingReceipt& receipt) {
  struct Lent {
    explicit Lent(GrowingReceipt& owner_) : owner(owner_) { whole.attempts.swap(owner.attempts); }
    ~Lent() {
      owner.attempts.swap(whole.attempts);
      owner.state = whole.state;
    }
    GrowingReceipt& owner;
    Receipt whole;
  } lent(receipt);
  // Without memory for the new sum the old one is of fewer attempts: no total is better than that.
  if (receipt.sums) receipt.sums->cost.total.reset();
  sum_attempts(lent.whole);
  if (!receipt.sums) receipt.sums = std::make_unique<GrowingReceipt::Sums>();
  receipt.sums->usage = std::move(lent.whole.usage);
  receipt.sums->cost = std::move(lent.whole.cost);
}

}  // namespace TALLY_ABI
}  // namespace tally
