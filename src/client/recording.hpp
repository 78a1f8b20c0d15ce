// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client/recorded_exchange.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The time of a replay. Each thread has its own, since exchanges that were recorded side by side
/// were so at different instants, and one thread's wait is not another's.
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(Instant start) : start_(start) {}
  SteadyInstant steady() const override;
  Instant wall() const override;

  /// For the calling thread.
  void set_wall(Instant now);
  /// Never back.
  void advance_to(SteadyInstant now);

 private:
  struct Time {
    SteadyInstant steady;
    Instant wall;
  };
  Time& here() const;

  const Instant start_;
  mutable std::mutex mutex_;
  mutable std::map<std::thread::id, Time> times_;
};

/// The exchanges of a recording, each to be played once. May be shared by threads.
class Recording {
 public:
  /// At least one.
  explicit Recording(std::vector<RecordedExchange> exchanges);

  /// The next one that answers this request; `invalid_argument` says what there is instead. It
  /// lives as long as the recording.
  Result<const RecordedExchange*> take(const HttpRequest& request);
  /// When the next one of those that were not played began; `otherwise` if all were.
  Instant next_start(Instant otherwise);

  ReplayClock& clock() { return clock_; }

 private:
  struct Known {
    RecordedExchange exchange;
    bool is_played = false;
  };
  Error nothing_like(const RecordedExchange& asked) const;
  std::string nearest(const RecordedExchange& asked) const;
  std::string contents() const;

  std::mutex mutex_;
  std::vector<Known> known_;  ///< In the order in which they began.
  ReplayClock clock_;
};

}  // namespace TALLY_ABI
}  // namespace tally
