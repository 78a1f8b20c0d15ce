// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ledger/ledger_state.hpp"
#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

class Call;

/// A transport and the calls that run over it. One thread at a time, but for `wake` and
/// `call_attention`. Lives as long as its client, since its transport keeps the connections.
class Lane {
 public:
  /// A call's place among those of its lane.
  struct Place {
    Call* next = nullptr;
    Call* previous = nullptr;
  };

  Lane(std::unique_ptr<Transport> transport, std::shared_ptr<const Clock> clock);

  Transport& transport() { return *transport_; }
  /// By the clock that calls go by: it stands still while the lane is suspended.
  SteadyInstant now() const;

  /// Without memory for all that it may need to note of the call, it is not added.
  void add(Call& call);
  void remove(Call& call);

  /// Moves every call on as far as it goes; if nothing can be done now, waits up to `wait` for
  /// more.
  void turn(std::chrono::microseconds wait);

  /// The calls that moved on in the last turn: the only ones that can have something new.
  const std::vector<Call*>& moved() const { return moved_; }

  /// Calls' clocks stand still from now on; until `resume` the lane takes no turn.
  void suspend();
  void resume();
  bool is_suspended() const { return suspended_at_.has_value(); }
  /// Ends every transfer under way as if its connection had broken.
  void break_connections();
  /// When a turn is wanted although no socket is ready, by the host's clock.
  SteadyInstant next_turn() const;

  /// Ends a wait, or keeps the next turn from waiting. From any thread.
  void wake();
  /// And has every call look at its cancel flags at that turn.
  void call_attention();

  /// Calls of the host's hooks that are due. To be called after a turn, with no lock held.
  std::vector<std::function<void()>> take_posts() { return std::exchange(posts_, {}); }

  // What calls tell their lane.
  void post(std::function<void()> call_host) { posts_.push_back(std::move(call_host)); }
  void touch(Call& call) {
    touched_.push_back(&call);
  }  ///< It has something to do after the drive.
  void lower_deadline(SteadyInstant at) { next_check_ = at < next_check_ ? at : next_check_; }
  /// One more call waits for an answer of that ledger, or one less.
  void expect_answer(const std::shared_ptr<Ledger::State>& ledger);
  void expect_no_answer(const Ledger::State& ledger);
  /// Whether a call may begin its transfer in this turn; else it comes again in the next one.
  bool may_start() const { return starts_left_ > 0; }
  void count_start() { --starts_left_; }

  unsigned resumes_seen = 0;  ///< For whoever leases it: see `Client::Core::give_back`.

 private:
  /// A ledger that calls wait for.
  struct Awaited {
    std::shared_ptr<Ledger::State> ledger;
    int calls = 0;
    std::uint64_t answers_seen = 0;
  };

  std::chrono::microseconds bounded(std::chrono::microseconds wait) const;
  /// Lets the transport, or the stores, or both in turn, do what they have to do.
  void drive(std::chrono::microseconds wait);
  /// Takes over what the ledgers have answered, once for all calls. False: nothing.
  void collect_answers();
  void stop_cancelled();
  void read_what_waits();
  void advance_touched();
  void advance_all();

  std::unique_ptr<Transport> transport_;
  std::shared_ptr<const Clock> clock_;
  std::optional<SteadyInstant> suspended_at_;
  std::chrono::steady_clock::duration left_out_{0};  ///< All that it was suspended.
  Call* first_ = nullptr;  ///< Of all calls, in the order in which they came.
  Call* last_ = nullptr;
  std::size_t count_ = 0;
  std::vector<Call*> touched_;  ///< In these there is room for every call.
  std::vector<Call*> due_;      ///< Were touched, and are being advanced.
  std::vector<Call*> moved_;
  std::vector<std::function<void()>> posts_;
  bool has_answers_ = false;  ///< That no call has looked at; also of a turn that was broken off.
  SteadyInstant next_check_ = SteadyInstant::max();  ///< No clock of any call runs out before.
  std::vector<Awaited> awaited_;                     ///< Mostly none or one.
  int starts_left_ = 0;                              ///< In this turn.
  std::atomic<bool> is_woken_{false};
  std::atomic<bool> attention_{false};
};

}  // namespace TALLY_ABI
}  // namespace tally
