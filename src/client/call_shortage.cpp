// SPDX-License-Identifier: MIT
// The end of a call for which there is no memory.
#include <utility>

#include "base/quietly.hpp"
#include "client/call.hpp"

namespace tally {
inline namespace TALLY_ABI {

void Call::run_out() noexcept {
  if (done()) return;
  retry_after_.reset();
  // What found no memory may have been one large piece, and there may be enough for the end.
  if (quietly([this] { end_short_of_memory(); }) || done()) return;
  end_transfer();
  if (lane_ != nullptr) booking_.stop_waiting(*lane_);
  if (stage_ == Stage::settle) {
    receipt_.ledger_error = out_of_memory();
    return be_done();
  }
  error_ = out_of_memory();
  if (stage_ != Stage::back_off) {
    is_unsettled_ = true;
    if (!is_billed_ && !nothing_was_sent()) {
      receipt_.state = BillState::unpriced;
      if (receipt_.sums) receipt_.sums->cost.total.reset();
    } else if (receipt_.attempts.empty()) {
      receipt_.state = BillState::not_billed;
    }
  }
  error_->charge_possible = receipt_.state != BillState::not_billed;
  be_done();
}

void Call::end_short_of_memory() {
  if (stage_ == Stage::settle) return stop_settling(out_of_memory());
  const bool has_ended = stage_ != Stage::back_off && exchange_ && exchange_->end;
  if (has_ended && !exchange_->ran_out) {
    transfer_ = 0;
    Outcome outcome = outcome_of_transfer();
    outcome.may_repeat = false;
    return settle(std::move(outcome));
  }
  interrupt(out_of_memory(), "out_of_memory");
}

/// Once more what there was no memory for when the call ended. Where there still is none, the row
/// stays reserved, and is held in its budgets.
void Call::make_up() noexcept {
  if (!std::exchange(is_unsettled_, false)) return;
  quietly([this] {
    if (!is_billed_) bill({{}, nothing_was_sent(), "out_of_memory"});
    sum_attempts(receipt_);
    complete_error();
    hand_in();
    if (lane_ != nullptr) booking_.stop_waiting(*lane_);
  });
  stage_ = Stage::done;
}

}  // namespace TALLY_ABI
}  // namespace tally
