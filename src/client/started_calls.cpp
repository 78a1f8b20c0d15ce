// SPDX-License-Identifier: MIT
#include "client/started_calls.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// A call's begin and its connection take some 50 us; 500 at once were 17 ms, a lost frame. `poll`
// takes more turns while its budget lasts.
constexpr std::size_t begins_each_turn = 4;

}  // namespace

CallId StartedCalls::add(std::unique_ptr<Call> call, std::uint64_t group,
                         std::optional<Error> refusal) {
  std::lock_guard<std::mutex> lock(mutex_);
  const CallId id = ++last_id_;
  call->id = id;
  cancellable_.emplace(id, Cancellable{group, call->own_cancel()});
  added_.push_back({std::move(call), std::move(refusal)});
  return id;
}

bool StartedCalls::has_added() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !added_.empty();
}

void StartedCalls::begin_added(const std::optional<Error>& refusal) {
  std::vector<Added> added;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto count = refusal ? added_.size() : std::min(begins_each_turn, added_.size());
    const auto end = added_.begin() + static_cast<std::ptrdiff_t>(count);
    added.assign(std::make_move_iterator(added_.begin()), std::make_move_iterator(end));
    added_.erase(added_.begin(), end);
  }
  for (Added& each : added) begin(std::move(each.call), each.refusal ? each.refusal : refusal);
}

void StartedCalls::begin(std::unique_ptr<Call> call, const std::optional<Error>& refusal) {
  Started& started = calls_[call->id];
  started.call = std::move(call);
  if (refusal) {
    started.call->refuse(*refusal);
  } else {
    started.call->begin(*lane_);
  }
  queue_if_ready(started);
}

std::size_t StartedCalls::in_flight() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_.size() + added_.size();
}

bool StartedCalls::turn(std::chrono::microseconds wait) {
  if (lane_ == nullptr || lane_->is_suspended()) return false;
  const bool has_more = has_added();
  lane_->turn(ready_.empty() && !has_more ? wait : std::chrono::microseconds(0));
  for (Call* call : lane_->moved()) queue_if_ready(calls_[call->id]);
  return has_more || !lane_->moved().empty();
}

void StartedCalls::queue_ready() {
  for (auto& [id, started] : calls_) queue_if_ready(started);
}

void StartedCalls::queue_if_ready(Started& started) {
  if (started.is_queued || !(started.call->has_delta() || started.call->done())) return;
  started.is_queued = true;
  ready_.push_back(started.call->id);
}

std::vector<std::function<void()>> StartedCalls::take_posts() {
  if (lane_ == nullptr) return {};
  return lane_->take_posts();
}

bool StartedCalls::next_event(Event& event) {
  while (!ready_.empty()) {
    const CallId id = ready_.front();
    Started& started = calls_[id];
    if (next_event_of(started, event)) {
      event.call = id;
      if (event.completion) forget(id);
      return true;
    }
    started.is_queued = false;
    ready_.pop_front();
  }
  return false;
}

bool StartedCalls::next_event_of(Started& started, Event& event) {
  Call& call = *started.call;
  // A cancel takes effect here and not only at the next turn: no delta comes after it.
  if (call.own_cancel()->cancelled.load(std::memory_order_acquire)) call.cancel();
  event.delta = {};
  event.completion.reset();
  if (auto delta = call.next_delta()) {
    event.delta = *delta;
    return true;
  }
  if (!call.done()) return false;
  event.completion = call.take_completion();
  return true;
}

void StartedCalls::forget(CallId id) {
  ready_.pop_front();
  calls_.erase(id);
  std::lock_guard<std::mutex> lock(mutex_);
  cancellable_.erase(id);
}

bool StartedCalls::cancel(CallId id) {
  std::shared_ptr<CancelToken::State> flag;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = cancellable_.find(id);
    if (found == cancellable_.end()) return false;
    flag = found->second.flag;
  }
  flag->cancel();
  return true;
}

std::size_t StartedCalls::cancel_group(std::uint64_t group) {
  std::vector<std::shared_ptr<CancelToken::State>> flags;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, entry] : cancellable_) {
      if (entry.group == group) flags.push_back(entry.flag);
    }
  }
  for (const auto& flag : flags) flag->cancel();
  return flags.size();
}

bool StartedCalls::has_unfinished() const {
  return has_added() || std::any_of(calls_.begin(), calls_.end(),
                                    [](const auto& entry) { return !entry.second.call->done(); });
}

std::size_t StartedCalls::events_ready() const {
  std::size_t events = 0;
  for (const CallId id : ready_) {
    const Call& call = *calls_.find(id)->second.call;
    events += call.deltas_ready() + (call.done() ? 1 : 0);
  }
  return events;
}

}  // namespace TALLY_ABI
}  // namespace tally
