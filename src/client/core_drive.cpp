// SPDX-License-Identifier: MIT
// The started calls of a client: how they are driven, and by whom.
#include <algorithm>
#include <thread>

#include "base/patience.hpp"
#include "base/quietly.hpp"
#include "client/core.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

/// How long a host's loop may be left without a turn while calls are in flight; absent: it hears of
/// everything.
std::optional<microseconds> longest_blind(bool shows_sockets) {
  if (!shows_sockets) return std::chrono::milliseconds(5);
#ifdef _WIN32
  return std::chrono::milliseconds(50);  // No descriptor says that somebody wants attention.
#else
  return std::nullopt;
#endif
}

}  // namespace

Error Client::Core::busy() {
  return Error{ErrorKind::busy,
               "another thread drives the started calls of this client: poll it from one thread"};
}

CallId Client::Core::start(CallOrder&& order, const CallOptions& options) {
  auto call = std::make_unique<Call>(settings_, std::move(order), options, stops_);
  // Asked here: a call that is started before a shutdown has its time, also if it begins later.
  const CallId id = started_->add(std::move(call), options.group, refusal());
  if (loop_.has_loop() || waits_.load() > 0) wake_driver();
  // A wake is heard by one of the watches, if there are any.
  if (loop_.has_loop() && !loop_.is_watching()) call_loop();
  return id;
}

void Client::Core::call_loop() {
  loop_called_.store(true);
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return;                          // Whoever works there looks for it when done.
    quietly([this] { (void)started_lane(); });  // Else its first turn makes it.
    note_for_loop();
  }
  loop_.tell();
}

void Client::Core::look_for_calls() {
  if (loop_.has_loop() && loop_called_.load()) call_loop();
}

void Client::Core::begin_added() {
  if (!started_->has_added()) return;
  std::optional<Error> refused;
  if (stops_.load(std::memory_order_acquire)) refused = refusal();
  const Lane* present = started_lane_.load();
  if (!refused && present != nullptr && present->is_suspended()) return;
  if (!refused) {
    if (auto lane = started_lane(); !lane) refused = std::move(lane).error();
  }
  started_->begin_added(refused);
}

Result<bool> Client::Core::turn_started(microseconds waits) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  bool moved = false;
  const bool has_run = quietly([&] {
    begin_added();
    moved = started_->turn(waits);
  });
  if (!has_run) started_->queue_ready();  // Who ended in a turn that was broken off is not told of.
  const auto posts = started_->take_posts();
  note_for_loop();
  lock.unlock();
  look_for_calls();
  loop_.tell();
  for (const auto& call_host : posts) call_host();
  if (!has_run) return out_of_memory();
  return moved;
}

Result<PollResult> Client::Core::poll_result() {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  const PollResult result{started_->events_ready(), started_->in_flight()};
  lock.unlock();
  look_for_calls();
  return result;
}

Result<PollResult> Client::Core::poll(microseconds time_budget) {
  const SteadyInstant until = settings_->clock->steady() + time_budget;
  while (true) {
    auto moved = turn_started(microseconds(0));
    if (!moved) return std::move(moved).error();
    if (!*moved || settings_->clock->steady() >= until) return poll_result();
  }
}

Result<PollResult> Client::Core::wait(std::chrono::milliseconds timeout) {
  const SteadyInstant until = later(settings_->clock->steady(), timeout);
  struct Waiting {
    explicit Waiting(std::atomic<int>& count) : waits(count) { ++waits; }
    ~Waiting() { --waits; }
    std::atomic<int>& waits;
  } const waiting(waits_);
  auto result = wait_until(until);
  // A shutdown on another thread takes short turns of its own; they are let pass.
  while (!result && result.error().kind == ErrorKind::busy && closed_.load() &&
         settings_->clock->steady() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    result = wait_until(until);
  }
  return result;
}

Result<PollResult> Client::Core::wait_until(SteadyInstant until) {
  {
    // A transport sleeps and can be woken, also without a transfer.
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    if (auto lane = started_lane(); !lane) return std::move(lane).error();
  }
  while (true) {
    auto now = poll_result();
    if (!now || now->events_ready > 0) return now;
    if (now->calls_in_flight == 0 && closed_.load(std::memory_order_acquire)) return *refusal();
    const auto left = std::chrono::ceil<microseconds>(until - settings_->clock->steady());
    if (woken_.exchange(false) || left <= microseconds(0)) return now;
    wait_suspended(left);
    if (auto moved = turn_started(left); !moved) return std::move(moved).error();
  }
}

void Client::Core::wakeup() {
  woken_.store(true);
  wake_driver();
}

void Client::Core::wake_driver() {
  if (is_forked()) return;
  if (Lane* lane = started_lane_.load()) lane->wake();
  std::lock_guard<std::mutex> lock(suspend_mutex_);
  resumed_.notify_all();
}

Result<PollResult> Client::Core::drive_socket(SocketHandle socket, SocketReady ready) {
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    if (Lane* lane = started_lane_.load()) lane->transport().note_ready(socket, ready);
  }
  return poll(microseconds(0));
}

Result<PollResult> Client::Core::drive_timer() {
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    loop_.note_timer_over();
  }
  return poll(microseconds(0));
}

void Client::Core::note_for_loop() {
  if (!loop_.has_loop()) return;
  loop_called_.store(false);
  Lane* lane = started_lane_.load();
  const SteadyInstant now = settings_->clock->steady();
  SteadyInstant at = lane != nullptr ? lane->next_turn() : SteadyInstant::max();
  const bool is_suspended = lane != nullptr && lane->is_suspended();
  if (started_->has_added() && !is_suspended) at = now;
  const auto blind = longest_blind(shows_sockets_);
  if (blind && started_->has_unfinished()) at = std::min<SteadyInstant>(at, now + *blind);
  std::vector<SocketWatch> changes;
  if (lane != nullptr) changes = lane->transport().take_watches();
  loop_.note(std::move(changes), at, now);
}

bool Client::Core::next_event(Event& event) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock || is_forked()) return false;
  bool has_event = started_->next_event(event);
  if (!has_event) {  // Begun only then: who pulls a thousand events must not begin as many calls.
    begin_added();
    has_event = started_->next_event(event);
  }
  note_for_loop();  // A stream that was paused may go on.
  lock.unlock();
  loop_.tell();
  return has_event;
}

void Client::Core::suspend() {
  if (is_forked()) return;
  {
    // First, so that a thread in `wait` does not take the lock again for as long as it likes.
    std::lock_guard<std::mutex> lock(suspend_mutex_);
    if (closed_.load()) return;
    is_suspended_ = true;
  }
  wake_driver();
  {
    std::lock_guard<std::mutex> lock(poll_mutex_);
    if (!is_suspended()) return;  // Another thread has resumed meanwhile.
    if (auto lane = started_lane()) (*lane)->suspend();
    loop_.suspend();
  }
  loop_.tell();
}

void Client::Core::resume(OnResume what) {
  if (is_forked()) return;
  // A thread in `wait` holds the other lock for as long as it likes, but while suspended.
  if (!is_suspended()) return;
  std::unique_lock<std::mutex> lock(poll_mutex_);
  Lane* lane = started_lane_.load();
  if (lane != nullptr && lane->is_suspended()) {
    lane->resume();
    if (what == OnResume::reconnect) lane->break_connections();
    lane->transport().forget_idle_connections();
  }
  {
    std::lock_guard<std::mutex> lanes_lock(lanes_mutex_);
    ++resumes_;  // Leased lanes look at it when they come back.
    for (Lane* idle : idle_lanes_) {
      idle->resumes_seen = resumes_;
      idle->transport().forget_idle_connections();
    }
  }
  loop_.resume();
  note_for_loop();
  {
    // Before the host is told, who may suspend again from inside.
    std::lock_guard<std::mutex> suspend_lock(suspend_mutex_);
    is_suspended_ = false;
    resumed_.notify_all();
  }
  lock.unlock();
  loop_.tell();
}

bool Client::Core::is_suspended() {
  std::lock_guard<std::mutex> lock(suspend_mutex_);
  return is_suspended_;
}

void Client::Core::wait_suspended(microseconds waits) {
  std::unique_lock<std::mutex> lock(suspend_mutex_);
  const SteadyInstant until =
      later(std::chrono::steady_clock::now(), std::chrono::ceil<std::chrono::milliseconds>(waits));
  resumed_.wait_until(lock, until,
                      [&] { return !is_suspended_ || woken_.load() || closed_.load(); });
}

}  // namespace TALLY_ABI
}  // namespace tally
