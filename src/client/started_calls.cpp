// SPDX-License-Identifier: MIT
#include "client/started_calls.hpp"

#include <algorithm>
#include <utility>

#include "base/quietly.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// A call's begin and its connection take some 50 us; 500 at once were 17 ms, a lost frame. `poll`
// takes more turns while its budget lasts.
constexpr std::size_t begins_each_turn = 4;

}  // namespace

CallId StartedCalls::add(std::unique_ptr<Call> call, std::uint64_t group,
                         std::optional<Error> refusal) {
  std::map<CallId, Cancellable> cancellable;
  std::lock_guard<std::mutex> lock(mutex_);
  const CallId id = last_id_ + 1;
  call->id = id;
  cancellable.emplace(id, Cancellable{group, call->own_cancel()});
  Started started{std::move(call)};
  if (refusal) started.refusal = std::make_unique<Error>(*std::move(refusal));
  added_.emplace(id, std::move(started));
  cancellable_.merge(cancellable);
  last_id_ = id;
  return id;
}

bool StartedCalls::has_added() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !added_.empty();
}

void StartedCalls::begin_added(const std::optional<Error>& refusal) {
  for (std::size_t begun = 0; refusal || begun < begins_each_turn; ++begun) {
    auto added = take_added();
    if (!added) return;
    begin(calls_.insert(*std::move(added)).position->second, refusal);
  }
}

std::optional<StartedCalls::Calls::node_type> StartedCalls::take_added() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (added_.empty()) return std::nullopt;
  return added_.extract(added_.begin());
}

void StartedCalls::begin(Started& started, const std::optional<Error>& refusal) {
  std::optional<Error> why;
  if (started.refusal) why = std::move(*started.refusal);
  if (!why && refusal && !quietly([&] { why = refusal; })) why = out_of_memory();
  if (why) {
    started.call->refuse(*std::move(why));
  } else {
    started.call->begin(*lane_);
  }
  queue_if_ready(*started.call);
}

std::size_t StartedCalls::in_flight() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_.size() + added_.size();
}

bool StartedCalls::turn(std::chrono::microseconds wait) {
  if (lane_ == nullptr || lane_->is_suspended()) return false;
  const bool has_more = has_added();
  lane_->turn(first_ready_ == nullptr && !has_more ? wait : std::chrono::microseconds(0));
  for (Call* call : lane_->moved()) queue_if_ready(*call);
  return has_more || !lane_->moved().empty();
}

void StartedCalls::queue_ready() {
  for (auto& [id, started] : calls_) queue_if_ready(*started.call);
}

void StartedCalls::queue_if_ready(Call& call) {
  if (call.is_queued || !(call.has_delta() || call.done())) return;
  call.is_queued = true;
  (first_ready_ == nullptr ? first_ready_ : last_ready_->next) = &call;
  last_ready_ = &call;
}

void StartedCalls::drop_first() {
  first_ready_->is_queued = false;
  first_ready_ = std::exchange(first_ready_->next, nullptr);
}

std::vector<std::function<void()>> StartedCalls::take_posts() {
  if (lane_ == nullptr) return {};
  return lane_->take_posts();
}

bool StartedCalls::next_event(Event& event) {
  while (first_ready_ != nullptr) {
    Call& call = *first_ready_;
    if (next_event_of(call, event)) {
      event.call = call.id;
      if (event.completion) forget(event.call);
      return true;
    }
    drop_first();
  }
  return false;
}

bool StartedCalls::next_event_of(Call& call, Event& event) {
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
  drop_first();
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
  for (const Call* ready = first_ready_; ready != nullptr; ready = ready->next) {
    events += ready->deltas_ready() + (ready->done() ? 1 : 0);
  }
  return events;
}

}  // namespace TALLY_ABI
}  // namespace tally
