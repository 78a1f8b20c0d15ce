// SPDX-License-Identifier: MIT
#include "client/lane.hpp"

#include <algorithm>
#include <utility>

#include "client/call.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

// A store has no common way to end a transport's wait, so a lane that needs both looks in between.
constexpr microseconds store_check_interval{1000};

}  // namespace

Lane::Lane(std::unique_ptr<Transport> transport, std::shared_ptr<const Clock> clock)
    : transport_(std::move(transport)), clock_(std::move(clock)) {}

void Lane::add(Call& call) { calls_.push_back(&call); }

void Lane::remove(Call& call) {
  calls_.erase(std::remove(calls_.begin(), calls_.end(), &call), calls_.end());
  touched_.erase(std::remove(touched_.begin(), touched_.end(), &call), touched_.end());
  moved_.erase(std::remove(moved_.begin(), moved_.end(), &call), moved_.end());
}

void Lane::call_attention() {
  attention_.store(true, std::memory_order_release);
  transport_->wake();
}

void Lane::turn(microseconds wait) {
  moved_.clear();
  // Whoever cancels sets the flag before it wakes the transport, so a flag that is missed here ends
  // the wait below.
  if (attention_.exchange(false, std::memory_order_acq_rel)) {
    stop_cancelled();
    wait = microseconds(0);
  }
  if (!touched_.empty()) wait = microseconds(0);
  transport_->drive(bounded(wait));
  if (now() >= next_check_) read_what_waits();
  if (waiting_for_store_ > 0 || now() >= next_check_) {
    advance_all();
    return;
  }
  advance_touched();
}

void Lane::stop_cancelled() {
  for (Call* call : calls_) {
    if (call->stop_if_asked()) moved_.push_back(call);
  }
}

void Lane::read_what_waits() {
  // A host that stood still (a level load, a debugger) finds its calls' clocks over and their data
  // waiting in the sockets. That is read first, for all of them: a transport serves some 64 at a
  // time.
  const std::size_t rounds = calls_.size() / 64 + 1;
  for (std::size_t i = 0; i < rounds; ++i) transport_->drive(microseconds(0));
}

microseconds Lane::bounded(microseconds wait) const {
  if (wait <= microseconds(0)) return microseconds(0);
  if (waiting_for_store_ > 0) wait = std::min(wait, store_check_interval);
  if (next_check_ == SteadyInstant::max()) return wait;
  // Rounded up, so that the deadline has passed when the wait is over.
  const auto until_check = std::chrono::ceil<microseconds>(next_check_ - now());
  return std::clamp(until_check, microseconds(0), wait);
}

void Lane::advance_touched() {
  if (touched_.empty()) return;
  const SteadyInstant at = now();
  for (Call* call : std::exchange(touched_, {})) {
    call->advance(at);
    moved_.push_back(call);
  }
}

void Lane::advance_all() {
  touched_.clear();
  next_check_ = SteadyInstant::max();
  const SteadyInstant at = now();
  for (Call* call : calls_) {
    if (call->advance(at)) moved_.push_back(call);
    lower_deadline(call->deadline());
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
