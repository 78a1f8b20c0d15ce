// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tally/loop.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Tells a host's loop what to watch: notes it while the client is at work, and calls the host when
/// nothing is held. May be shared by threads.
class LoopTeller {
 public:
  /// `loop` outlives this.
  explicit LoopTeller(const HostLoop& loop) : loop_(loop) {}

  bool has_loop() const { return static_cast<bool>(loop_.on_socket); }
  /// Something is watched; where a descriptor tells of a wake, that is.
  bool is_watching() const;

  /// What a transport wants changed, and when a turn is wanted (`SteadyInstant::max()`: never).
  /// Changes that there is no memory for are noted the next time, and a turn is wanted now.
  void note(std::vector<SocketWatch> changes, SteadyInstant turn_at, SteadyInstant now) noexcept;
  /// The timer that was asked for has come: it was for once.
  void note_timer_over();
  /// Nothing is to be watched until `resume`, since nobody would act on it and a loop would spin.
  void suspend();
  void resume();
  /// Nothing is to be watched any more, whatever is noted later.
  void leave();

  /// Calls the host, with no lock held, in the order of what was noted: also where the host calls
  /// the client from inside, or another thread does meanwhile. After `leave`, nothing is told any
  /// more once this has returned.
  void tell();

 private:
  // `mutex_` is held.
  void note_changes(std::vector<SocketWatch> changes);
  void be_silent();

  const HostLoop& loop_;
  mutable std::mutex mutex_;
  std::vector<SocketWatch> changes_;  ///< That are not in what follows yet.
  std::vector<SocketWatch> wanted_;   ///< By the transport, now.
  std::deque<SocketWatch> news_;      ///< Not told yet.
  SteadyInstant turn_at_ = SteadyInstant::max();
  std::optional<std::chrono::microseconds> timer_;
  bool timer_is_news_ = false;
  bool is_suspended_ = false;
  bool has_left_ = false;
  bool is_telling_ = false;
  std::thread::id teller_;  ///< While telling.
  std::condition_variable told_;
};

}  // namespace TALLY_ABI
}  // namespace tally
