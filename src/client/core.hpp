// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/call_order.hpp"
#include "client/lane.hpp"
#include "client/loop_teller.hpp"
#include "client/settings.hpp"
#include "client/started_calls.hpp"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What the copies of a Client and its Streams share: the lanes, the started calls, and whether it
/// is open. May be shared by threads, as `Client` says.
class Client::Core {
 public:
  explicit Core(std::shared_ptr<const ClientSettings> settings);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const std::shared_ptr<const ClientSettings>& settings() const { return settings_; }

  /// This process is a child of the one that opened the client: nothing of the parent's may be
  /// touched.
  bool is_forked() const;
  /// Why no new call may begin: `closed`, `forked`.
  std::optional<Error> refusal() const;
  /// Set by `shutdown` when its deadline is over: every call ends at its next step.
  const std::atomic<bool>& stops() const { return stops_; }

  /// A lane for one blocking call or stream, the one used last first, so that its connections are
  /// warm.
  Result<Lane*> lease();
  void give_back(Lane& lane);

  /// Not in the child of a fork.
  CallId start(CallOrder&& order, const CallOptions& options);
  Result<PollResult> poll(std::chrono::microseconds time_budget);
  Result<PollResult> wait(std::chrono::milliseconds timeout);
  void wakeup();
  Result<PollResult> drive_socket(SocketHandle socket, SocketReady ready);
  Result<PollResult> drive_timer();
  void suspend();
  void resume(OnResume what);
  Snapshot snapshot() const {
    return is_forked() ? Snapshot{} : settings_->meter->read(settings_->clock->steady());
  }
  bool next_event(Event& event);
  bool cancel(CallId call) { return !is_forked() && started_->cancel(call); }
  std::size_t cancel_group(std::uint64_t group) {
    return is_forked() ? 0 : started_->cancel_group(group);
  }
  void shutdown(std::chrono::milliseconds deadline);
  Result<void> warm_up(std::chrono::milliseconds timeout);
  Result<Balance> balance(std::chrono::milliseconds timeout);
  /// The body of a whole and successful answer to a GET below the base URL. `who` asks.
  Result<std::string> get(std::string_view path, std::string_view who,
                          std::chrono::milliseconds timeout);

 private:
  /// Why a second thread may not drive the started calls.
  static Error busy();
  Result<Lane*> new_lane();
  /// The started calls' lane, made at its first use. `poll_mutex_` is held.
  Result<Lane*> started_lane();
  /// One turn of the started calls, and then the host's hooks, with no lock held. `waits`: for how
  /// long.
  Result<bool> turn_started(std::chrono::microseconds waits);
  /// `poll_mutex_` is held.
  void begin_added();
  /// Ends a wait of the thread that drives the started calls.
  void wake_driver();
  /// Sleeps while the started calls are suspended.
  void wait_suspended(std::chrono::microseconds waits);
  bool is_suspended();

  /// Notes what the host's loop is to be told. `poll_mutex_` is held.
  void note_for_loop();
  /// Has the host's loop come for a call that was added.
  void call_loop();
  /// After work with `poll_mutex_` held: a call may have been started meanwhile.
  void look_for_calls();
  Result<PollResult> poll_result();
  Result<PollResult> wait_until(SteadyInstant until);
  void stop_all();

  const std::shared_ptr<const ClientSettings> settings_;
  const unsigned forks_before_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> stops_{false};

  std::mutex lanes_mutex_;
  std::condition_variable lane_came_back_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> idle_lanes_;
  std::size_t leased_ = 0;
  unsigned resumes_ = 0;  ///< How often idle connections were to be forgotten.

  std::mutex poll_mutex_;  ///< Held by the one thread that drives the started calls.
  std::unique_ptr<StartedCalls> started_;
  std::atomic<Lane*> started_lane_{nullptr};  ///< Set once, with `poll_mutex_` held.
  std::atomic<int> waits_{0};                 ///< Threads in `wait`, the refused ones too.
  std::atomic<bool> loop_called_{false};      ///< `call_loop` found somebody at work.
  std::atomic<bool> woken_{false};

  LoopTeller loop_;
  bool shows_sockets_ = false;  ///< Of the started calls' lane; `poll_mutex_` is held.

  std::mutex suspend_mutex_;
  std::condition_variable resumed_;
  bool is_suspended_ = false;  ///< Changes with `poll_mutex_` held too, but to begin with.
};

/// A lane for as long as this lives. Move-only.
class LaneLease {
 public:
  LaneLease() = default;
  LaneLease(Client::Core& core, Lane& lane) : core_(&core), lane_(&lane) {}
  LaneLease(LaneLease&& other) noexcept
      : core_(other.core_), lane_(std::exchange(other.lane_, nullptr)) {}
  LaneLease& operator=(LaneLease&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(lane_, other.lane_);
    return *this;
  }
  ~LaneLease() {
    if (lane_ != nullptr) core_->give_back(*lane_);
  }
  Lane* get() const { return lane_; }

 private:
  Client::Core* core_ = nullptr;
  Lane* lane_ = nullptr;
};

}  // namespace TALLY_ABI
}  // namespace tally
