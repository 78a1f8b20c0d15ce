// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  /// Takes a call, which begins with `begin_added`; with a refusal it ends there. All memory that
  /// it needs here until its end is asked for now.
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
    std::unique_ptr<Error> refusal{};
  };
  using Calls = std::map<CallId, Started>;  ///< In the order of their ids.

  std::optional<Calls::node_type> take_added();
  void begin(Started& started, const std::optional<Error>& refusal);
  void queue_if_ready(Call& call);
  void drop_first();
  bool next_event_of(Call& call, Event& event);
  void forget(CallId id);

  Lane* lane_ = nullptr;
  Calls calls_;  ///< Until the completion is handed out.
  Call* first_ready_ = nullptr;
  Call* last_ready_ = nullptr;

  struct Cancellable {
    std::uint64_t group = 0;
    std::shared_ptr<CancelToken::State> flag;
  };

  mutable std::mutex mutex_;  ///< Over what follows, which other threads come to.
  CallId last_id_ = 0;
  Calls added_;
  std::map<CallId, Cancellable> cancellable_;
};

}  // namespace TALLY_ABI
}  // namespace tally
