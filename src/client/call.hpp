// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "client/bill.hpp"
#include "client/booking.hpp"
#include "client/call_order.hpp"
#include "client/cancel_state.hpp"
#include "client/delta_queue.hpp"
#include "client/exchange.hpp"
#include "client/growing_receipt.hpp"
#include "client/lane.hpp"
#include "client/settings.hpp"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One call: a state machine that a lane drives.
///
///     admit -> send -> head -> body -> settle -> done
///       ^                                 |
///       +----------- back_off <-----------+     a further attempt, while no payload has come
///
/// admit waits until the ledger has the reserve, or a budget refuses it; send ends when a
/// connection stands; head waits for the first payload; settle waits until the ledger has the bill.
/// Everything that ends an attempt early (a clock, a cancel, a failure) goes through settle: no
/// attempt is without a bill.
///
/// The transport only leaves notes (`Exchange`); what follows is done in `advance`, outside of its
/// frames. One thread at a time.
///
/// Memory that runs out leaves none of the functions below as an exception, but the constructor: it
/// ends the call, with the bill of what had come until then. A step may therefore stop anywhere; it
/// is written so that what was done of it is not done again.
class Call {
 public:
  Call(std::shared_ptr<const ClientSettings> settings, CallOrder&& order,
       const CallOptions& options, const std::atomic<bool>& client_stops);
  /// A call that has not ended is cancelled; its bill still goes to the ledger.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Begins over `lane`, which outlives the call.
  void begin(Lane& lane) noexcept;
  /// Ends before anything was sent: `not_billed`.
  void refuse(Error error) noexcept;
  /// Ends the transfer; drops deltas that were not pulled.
  void cancel() noexcept;
  /// Ends it because memory has run out, here or around it.
  void run_out() noexcept;

  /// Takes the connection of its transfer, if there is one, for broken.
  void break_connection() noexcept;

  /// Goes as far as it can without waiting. False: nothing had happened.
  bool advance(SteadyInstant now) noexcept;
  /// Ends the call if its token, its own flag or the client says so. True: it has.
  bool stop_if_asked() noexcept;
  /// When `advance` has to be called although nothing happened.
  SteadyInstant deadline() const;

  bool done() const { return stage_ == Stage::done; }
  bool has_transfer() const { return transfer_ != 0; }
  std::size_t deltas_ready() const { return deltas_.size(); }
  bool has_delta() const { return !deltas_.empty(); }
  /// The next delta; its views live until the call is driven again.
  std::optional<Delta> next_delta() noexcept;
  /// Once, when done.
  Completion take_completion() noexcept;

  /// The call's own flag, beside the token that the user may have given.
  const std::shared_ptr<CancelToken::State>& own_cancel() const { return own_cancel_; }

  Lane::Place place;  ///< For its lane.

  // For whoever drives started calls.
  CallId id = 0;           ///< Of a started call; 0 for others.
  bool is_queued = false;  ///< Stands in the queue of calls with an event,
  Call* next = nullptr;    ///< before this one.

 private:
  enum class Stage { unsent, admit, send, head, body, settle, back_off, done };

  /// How an attempt ended, before it is billed.
  struct Outcome {
    std::optional<Error> error;
    bool is_free = false;
    std::string reason;
    bool may_repeat =
        false;  ///< A further attempt could succeed, and nothing of this one was used.
  };

  template <class Step>
  void safely(Step step) noexcept;
  void touch();
  bool stop();
  void end_short_of_memory();
  void make_up() noexcept;
  bool nothing_was_sent() const;
  void step(SteadyInstant now);
  void begin_attempt();
  void reserve();
  void send();
  std::shared_ptr<const HttpHeaders> headers_of_attempt();
  void ask_ledger();
  void refuse_by_budget(BudgetRefusal refusal, const std::string& why);
  void go_on_or_refuse(Error ledger_error, std::string reason);
  void stop_settling(Error ledger_error);
  void tell_budgets(const LedgerDone& answer);
  void note_progress(SteadyInstant now);
  void check_clocks(SteadyInstant now);
  void resume_if_drained();
  void interrupt(Error error, std::string reason);
  void end_transfer();
  void be_done();

  Outcome outcome_of_transfer();
  Outcome outcome_of_cancel();
  Outcome outcome_without_answer(const TransferEnd& end) const;
  Outcome outcome_of_refusal() const;
  Outcome outcome_of_answer(bool cut);
  void settle(Outcome outcome);
  void bill(const Outcome& outcome);
  bool hand_in();
  BillFacts bill_facts() const;
  int attempt_number() const;
  void complete_error();
  void plan_retry(const Outcome& outcome);
  void after_settle();
  void report_attempt();
  LedgerRow row() const;
  void describe_bill(LedgerRow& row) const;
  const Reply& reply() const;

  const std::shared_ptr<const ClientSettings> settings_;
  const Clocks clocks_;
  const Retries retries_;
  const CallShape shape_;
  const std::string& url_;  ///< One of the settings'.
  const std::atomic<bool>& client_stops_;
  const std::shared_ptr<CancelToken::State> own_cancel_;
  std::shared_ptr<CancelToken::State> token_;
  const Labels labels_;
  Booking booking_;
  std::unique_ptr<const Error> bad_request_;
  std::shared_ptr<const std::string> body_;

  Lane* lane_ = nullptr;
  Stage stage_ = Stage::unsent;
  bool is_touched_ = false;
  SteadyInstant started_at_{};
  SteadyInstant ledger_asked_at_{};
  std::optional<std::chrono::milliseconds>
      retry_after_;  ///< A further attempt follows, after this.
  SteadyInstant back_off_until_{};

  // Of the attempt under way.
  std::string attempt_id_;
  Instant reserved_at_{};
  Instant attempt_started_{};
  bool is_admitted_ = false;   ///< The ledger has its reserve, or is done without.
  bool is_billed_ = false;     ///< It is the last one in the receipt.
  bool is_unsettled_ = false;  ///< There was no memory for its bill, or to hand that in.
  std::optional<Instant> billed_at_;
  std::shared_ptr<const HttpHeaders> headers_;
  std::optional<Exchange> exchange_;
  TransferId transfer_ = 0;
  DeltaQueue deltas_;

  GrowingReceipt receipt_;
  std::optional<Error> error_;
};

}  // namespace TALLY_ABI
}  // namespace tally
