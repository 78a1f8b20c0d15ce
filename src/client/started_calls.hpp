// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "client/call.hpp"
#include "client/lane.hpp"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The calls of `chat_start` over their one lane, and the order in which their events come out. One
/// thread at a time, but for `add`, `has_added` and `cancel`.
class StartedCalls {
 public:
  /// Takes a call, which begins with `begin_added`; with a refusal it ends there.
  CallId add(std::unique_ptr<Call> call, std::uint64_t group, std::optional<Error> refusal);
  bool has_added() const;
  /// The lane that all of them will use; outlives them.
  void use(Lane& lane) { lane_ = &lane; }
  /// Begins some of what was added; with a refusal, which is needed where there is no lane, all of
  /// it ends at once.
  void begin_added(const std::optional<Error>& refusal);

  /// Drives what is in flight; waits up to `wait` if there is nothing to do. True: something moved,
  /// or is still to begin.
  bool turn(std::chrono::microseconds wait);
  /// After turns of the lane that were somebody else's.
  void queue_ready();
  bool next_event(Event& event);
  std::vector<std::function<void()>> take_posts();

  /// From any thread: the call ends at its lane's next turn, and hands out no delta before.
  bool cancel(CallId id);
  std::size_t cancel_group(std::uint64_t group);

  /// Calls whose completion was not handed out yet.
  std::size_t in_flight() const;
  /// Calls that still wait for their answer.
  bool has_unfinished() const;
  std::size_t events_ready() const;

 private:
  struct Started {
    std::unique_ptr<Call> call;
    bool is_queued = false;  ///< Stands in `ready_`.
  };

  void begin(std::unique_ptr<Call> call, const std::optional<Error>& refusal);
  void queue_if_ready(Started& started);
  bool next_event_of(Started& started, Event& event);
  void forget(CallId id);

  Lane* lane_ = nullptr;
  std::unordered_map<CallId, Started> calls_;  ///< Until the completion is handed out.
  std::deque<CallId> ready_;                   ///< Calls with an event, each once.

  struct Cancellable {
    std::uint64_t group = 0;
    std::shared_ptr<CancelToken::State> flag;
  };

  struct Added {
    std::unique_ptr<Call> call;
    std::optional<Error> refusal;
  };

  mutable std::mutex mutex_;  ///< Over what follows, which other threads come to.
  CallId last_id_ = 0;
  std::deque<Added> added_;
  std::unordered_map<CallId, Cancellable> cancellable_;
};

}  // namespace TALLY_ABI
}  // namespace tally
