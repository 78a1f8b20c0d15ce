// SPDX-License-Identifier: MIT
#include "client/lane.hpp"

#include <algorithm>
#include <utility>

#include "client/call.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

// Nothing ends a transport's wait when a store has an answer, nor a store's when bytes come: who
// needs both waits for each of them in turn.
constexpr microseconds turn_of_each{1000};
// A transfer's start takes some 80 us. Where another process held the ledger's lock for seconds,
// all calls that waited are answered at once, and a frame has time for a few; `poll` takes more
// turns while its budget lasts.
constexpr int starts_each_turn = 2;
// A cancel wakes the transport and not a store.
constexpr microseconds longest_await{10'000};

void make_room(std::vector<Call*>& calls, std::size_t count) {
  if (calls.capacity() < count) calls.reserve(std::max(count, 2 * calls.capacity()));
}

}  // namespace

Lane::Lane(std::unique_ptr<Transport> transport, std::shared_ptr<const Clock> clock)
    : transport_(std::move(transport)), clock_(std::move(clock)) {}

SteadyInstant Lane::now() const { return suspended_at_.value_or(clock_->steady()) - left_out_; }

void Lane::suspend() {
  if (!suspended_at_) suspended_at_ = clock_->steady();
}

void Lane::resume() {
  if (!suspended_at_) return;
  left_out_ += clock_->steady() - *suspended_at_;
  suspended_at_.reset();
}

void Lane::break_connections() {
  for (Call* call = first_; call != nullptr; call = call->place.next) call->break_connection();
}

SteadyInstant Lane::next_turn() const {
  const SteadyInstant host_now = clock_->steady();
  if (is_suspended()) return SteadyInstant::max();
  const bool has_work = !touched_.empty() || !posts_.empty();
  if (has_work || is_woken_.load(std::memory_order_acquire)) return host_now;
  SteadyInstant at = transport_->next_deadline();
  if (next_check_ != SteadyInstant::max()) at = std::min(at, next_check_ + left_out_);
  // Nothing tells a loop that a store has an answer.
  if (!awaited_.empty()) at = std::min<SteadyInstant>(at, host_now + turn_of_each);
  return at;
}

void Lane::add(Call& call) {
  const std::size_t count = count_ + 1;
  make_room(touched_, count);
  make_room(due_, count);
  make_room(moved_, 2 * count);  // One may be stopped and advanced in one turn.
  call.place.previous = last_;
  (last_ == nullptr ? first_ : last_->place.next) = &call;
  last_ = &call;
  count_ = count;
}

void Lane::remove(Call& call) {
  const Place place = std::exchange(call.place, Place{});
  (place.previous == nullptr ? first_ : place.previous->place.next) = place.next;
  (place.next == nullptr ? last_ : place.next->place.previous) = place.previous;
  --count_;
  touched_.erase(std::remove(touched_.begin(), touched_.end(), &call), touched_.end());
  moved_.erase(std::remove(moved_.begin(), moved_.end(), &call), moved_.end());
}

void Lane::wake() {
  is_woken_.store(true, std::memory_order_release);
  transport_->wake();
}

void Lane::call_attention() {
  attention_.store(true, std::memory_order_release);
  wake();
}

void Lane::turn(microseconds wait) {
  moved_.clear();
  starts_left_ = starts_each_turn;
  // Whoever cancels sets the flag before it wakes the transport, so a flag that is missed here ends
  // the wait below.
  if (is_woken_.exchange(false, std::memory_order_acq_rel)) wait = microseconds(0);
  if (attention_.exchange(false, std::memory_order_acq_rel)) {
    stop_cancelled();
    wait = microseconds(0);
  }
  collect_answers();
  if (has_answers_ || !touched_.empty() || !posts_.empty()) wait = microseconds(0);
  wait = bounded(wait);
  drive(wait);
  if (wait > microseconds(0)) collect_answers();
  if (now() >= next_check_) read_what_waits();
  if (has_answers_ || now() >= next_check_) {
    advance_all();
    return;
  }
  advance_touched();
}

void Lane::drive(microseconds wait) {
  if (awaited_.empty() || wait <= microseconds(0)) return transport_->drive(wait);
  bool has_transfers = false;
  for (const Call* call = first_; call != nullptr && !has_transfers; call = call->place.next) {
    has_transfers = call->has_transfer();
  }
  const bool is_alone = !has_transfers && awaited_.size() == 1;
  wait = std::min(wait, is_alone ? longest_await : turn_of_each);
  transport_->drive(has_transfers ? wait : microseconds(0));
  // An await may be what writes, so it comes also where bytes kept the transport from waiting.
  for (const Awaited& each : awaited_) each.ledger->store->await(wait);
}

void Lane::collect_answers() {
  for (Awaited& each : awaited_) {
    const std::uint64_t answers = each.ledger->collect();
    has_answers_ = has_answers_ || answers != each.answers_seen;
    each.answers_seen = answers;
  }
}

void Lane::expect_answer(const std::shared_ptr<Ledger::State>& ledger) {
  for (Awaited& each : awaited_) {
    if (each.ledger != ledger) continue;
    ++each.calls;
    return;
  }
  // A count that nobody has: an answer may be there already.
  awaited_.push_back({ledger, 1, ~std::uint64_t{0}});
}

void Lane::expect_no_answer(const Ledger::State& ledger) {
  const auto found = std::find_if(awaited_.begin(), awaited_.end(), [&](const Awaited& each) {
    return each.ledger.get() == &ledger;
  });
  if (found != awaited_.end() && --found->calls == 0) awaited_.erase(found);
}

void Lane::stop_cancelled() {
  for (Call* call = first_; call != nullptr; call = call->place.next) {
    if (call->stop_if_asked()) moved_.push_back(call);
  }
}

void Lane::read_what_waits() {
  // A host that stood still (a level load, a debugger) finds its calls' clocks over and their data
  // waiting in the sockets. That is read first, for all of them: a transport serves some 64 at a
  // time.
  const std::size_t rounds = count_ / 64 + 1;
  for (std::size_t i = 0; i < rounds; ++i) transport_->drive(microseconds(0));
}

microseconds Lane::bounded(microseconds wait) const {
  if (wait <= microseconds(0)) return microseconds(0);
  if (next_check_ == SteadyInstant::max()) return wait;
  // Rounded up, so that the deadline has passed when the wait is over.
  const auto until_check = std::chrono::ceil<microseconds>(next_check_ - now());
  return std::clamp(until_check, microseconds(0), wait);
}

void Lane::advance_touched() {
  if (touched_.empty()) return;
  const SteadyInstant at = now();
  due_.swap(touched_);
  for (Call* call : due_) {
    call->advance(at);
    moved_.push_back(call);
  }
  due_.clear();
}

void Lane::advance_all() {
  touched_.clear();
  has_answers_ = false;
  next_check_ = SteadyInstant::max();
  const SteadyInstant at = now();
  for (Call* call = first_; call != nullptr; call = call->place.next) {
    if (call->advance(at)) moved_.push_back(call);
    lower_deadline(call->deadline());
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
