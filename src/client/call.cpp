// SPDX-License-Identifier: MIT
#include "client/call.hpp"

#include <algorithm>
#include <utility>

#include "base/patience.hpp"
#include "base/quietly.hpp"
#include "base/uuid.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::milliseconds;

// Servers end the body right after [DONE]. One that does not is not waited for: the answer is
// whole.
constexpr milliseconds linger{2000};

SteadyInstant after(SteadyInstant start, milliseconds clock) {
  return clock.count() > 0 ? later(start, clock) : SteadyInstant::max();
}

Error timeout_of(ClockKind clock, milliseconds limit) {
  Error error{ErrorKind::timeout, "the " + std::string(to_string(clock)) + " clock ran out after " +
                                      std::to_string(limit.count()) + " ms (Clocks sets it)"};
  error.clock = clock;
  error.retry_may_help = true;
  return error;
}

}  // namespace

Call::Call(std::shared_ptr<const ClientSettings> settings, CallOrder&& order,
           const CallOptions& options, const std::atomic<bool>& client_stops)
    : settings_(std::move(settings)),
      clocks_(options.clocks.value_or(settings_->options.clocks)),
      retries_(options.retries.value_or(settings_->options.retries)),
      shape_(order.shape),
      url_(*order.url),
      client_stops_(client_stops),
      own_cancel_(std::make_shared<CancelToken::State>()),
      labels_(options.labels),
      booking_(std::move(order.booking)) {
  if (options.cancel) token_ = options.cancel->state();
  receipt_.call_id = uuid_v7(settings_->clock->wall());
  receipt_.provider = settings_->provider.id;
  receipt_.model = std::move(order.model);
  begin_attempt();
  if (order.body) {
    body_ = *std::move(order.body);
  } else {
    bad_request_ = std::make_unique<const Error>(std::move(order.body).error());
  }
  // Read at the first call, and not when its bill is made: beside a thousand streams that are open
  // then, what the reading takes would be more memory.
  static_cast<void>(settings_->prices());
  settings_->meter->begin_call();
}

Call::~Call() {
  if (lane_ == nullptr) {
    if (!done()) be_done();
    return;
  }
  if (!done() && stage_ != Stage::settle && stage_ != Stage::back_off) {
    safely([this] { interrupt({ErrorKind::cancelled, "the call was abandoned"}, "cancelled"); });
  }
  make_up();
  quietly([this] {
    if (const auto answer = booking_.answer_now(*lane_)) tell_budgets(*answer);
  });
  end_transfer();
  booking_.stop_waiting(*lane_);
  if (!done()) be_done();
  own_cancel_->detach(*lane_);
  if (token_) token_->detach(*lane_);
  lane_->remove(*this);
}

template <class Step>
void Call::safely(Step step) noexcept {
  if (!quietly(step)) run_out();
}

void Call::begin(Lane& lane) noexcept {
  if (!quietly([&] { lane.add(*this); })) return refuse(out_of_memory());
  lane_ = &lane;
  safely([&] {
    // Kept only once it is attached: another call over this lane may have the same one.
    auto token = std::exchange(token_, nullptr);
    own_cancel_->attach(lane);
    if (token) {
      token->attach(lane);
      token_ = std::move(token);
    }
    started_at_ = lane.now();
    if (bad_request_) return refuse(*bad_request_);
    if (stop_if_asked()) return;
    reserve();
  });
}

void Call::refuse(Error error) noexcept {
  // Without a lane nobody would wait for the ledger's answer; and nothing was asked of anybody.
  if (lane_ == nullptr) booking_.drop_ledger();
  safely([&] { settle({std::move(error), true, "refused_locally"}); });
}

void Call::cancel() noexcept {
  deltas_.clear();
  if (done() || (stage_ == Stage::settle && !retry_after_)) return;
  safely([this] {
    interrupt({ErrorKind::cancelled, "the call was cancelled by the caller"}, "cancelled");
  });
}

void Call::begin_attempt() {
  const Instant now = settings_->clock->wall();
  attempt_id_ = uuid_v7(now);
  attempt_started_ = reserved_at_ = now;
  stage_ = Stage::unsent;
  is_admitted_ = is_billed_ = false;
  billed_at_.reset();
  exchange_.reset();
}

void Call::reserve() {
  if (!booking_.has_ledger()) return send();
  auto refusal = booking_.assess(*settings_, receipt_.model, attempt_started_, clocks_.total);
  if (refusal) return refuse_by_budget(*std::move(refusal), booking_.worst().unknown);
  stage_ = Stage::admit;
  booking_.reserve(row(), *lane_);
  ledger_asked_at_ = lane_->now();
  lane_->lower_deadline(deadline());
}

void Call::ask_ledger() {
  if (stage_ == Stage::admit && !lane_->may_start()) return touch();
  std::optional<LedgerDone> answer = booking_.answer(*lane_);
  if (!answer) return;
  tell_budgets(*answer);
  if (stage_ == Stage::settle) {
    if (answer->error) receipt_.ledger_error = std::move(answer->error);
    after_settle();
  } else if (answer->refusal) {
    refuse_by_budget(*std::move(answer->refusal), {});
  } else if (answer->error) {
    go_on_or_refuse(*std::move(answer->error), "ledger_refused");
  } else {
    lane_->count_start();
    send();
  }
}

void Call::refuse_by_budget(BudgetRefusal refusal, const std::string& why) {
  Error error{ErrorKind::budget, to_string(refusal) + (why.empty() ? "" : ": " + why)};
  error.retry_may_help = refusal.reason == BudgetReason::in_flight ||
                         refusal.reason == BudgetReason::requests_per_minute;
  if (refusal.status.limit != Money{}) settings_->meter->show_budgets({refusal.status});
  receipt_.refusal = std::make_unique<BudgetRefusal>(std::move(refusal));
  settle({std::move(error), true, "budget"});
}

void Call::go_on_or_refuse(Error ledger_error, std::string reason) {
  if (booking_.options().on_failure == OnLedgerFailure::refuse) {
    return settle({std::move(ledger_error), true, std::move(reason)});
  }
  booking_.stop_waiting(*lane_);
  receipt_.ledger_error = std::move(ledger_error);
  send();
}

void Call::send() {
  stage_ = Stage::send;
  is_admitted_ = true;
  DeltaQueue* deltas = shape_ == CallShape::streamed ? &deltas_ : nullptr;
  exchange_.emplace(*settings_, booking_.bound().choices_sent, deltas, [this] { touch(); });
  exchange_->started_at = lane_->now();
  HttpRequest request;
  request.url = url_;
  request.headers = headers_ = headers_of_attempt();
  request.body = body_;
  if (!request.headers) {
    return settle({Error{ErrorKind::authentication, "ClientOptions::token gave no usable key"},
                   true, "refused_locally"});
  }
  auto started = lane_->transport().start(std::move(request), *exchange_);
  if (!started) return settle({std::move(started).error(), true, "connect_failed"});
  transfer_ = *started;
  // The ledger may have taken its time; and a replay's clock knows only now what is replayed.
  attempt_started_ = settings_->clock->wall();
  lane_->lower_deadline(deadline());
}

std::shared_ptr<const HttpHeaders> Call::headers_of_attempt() {
  if (!settings_->options.token) return settings_->headers;
  return headers_with_token(settings_->options);
}

void Call::touch() {
  if (std::exchange(is_touched_, true)) return;
  lane_->touch(*this);
}

bool Call::advance(SteadyInstant now) noexcept {
  const bool was_touched = std::exchange(is_touched_, false);
  const Stage stage_before = stage_;
  safely([&] { step(now); });
  return was_touched || stage_ != stage_before;
}

void Call::step(SteadyInstant now) {
  if (stage_ == Stage::done) return;
  if (stage_ == Stage::settle) {
    ask_ledger();
    if (stage_ == Stage::settle && now >= deadline())
      stop_settling(booking_.timeout(clocks_.ledger));
    return;
  }
  if (stage_ == Stage::back_off) {
    if (stop_if_asked() || now < back_off_until_) return;
    begin_attempt();
    return reserve();
  }
  if (exchange_) note_progress(now);
  if (exchange_ && exchange_->ran_out) return interrupt(out_of_memory(), "out_of_memory");
  if (exchange_ && exchange_->end) {
    transfer_ = 0;
    return settle(outcome_of_transfer());
  }
  if (stop_if_asked()) return;
  if (stage_ == Stage::admit) ask_ledger();
  check_clocks(now);
  if (transfer_ != 0) lane_->lower_deadline(deadline());
}

bool Call::stop_if_asked() noexcept {
  bool has_ended = true;  // Also where there is no memory for that.
  safely([&] { has_ended = stop(); });
  return has_ended;
}

bool Call::stop() {
  if (done()) return false;
  const bool is_asked = own_cancel_->cancelled.load(std::memory_order_acquire) ||
                        (token_ && token_->cancelled.load(std::memory_order_acquire));
  if (stage_ == Stage::settle) {
    if (client_stops_.load(std::memory_order_acquire)) {
      retry_after_.reset();
      stop_settling(
          Error{ErrorKind::closed, "the client was shut down before the ledger had this"});
      return true;
    }
    if (!is_asked || !retry_after_) return false;
    cancel();  // Its bill is settled still; no further attempt follows.
    return true;
  }
  if (is_asked) {
    cancel();
    return true;
  }
  if (!client_stops_.load(std::memory_order_acquire)) return false;
  interrupt(Error{ErrorKind::closed, "the client was shut down"}, "cancelled");
  return true;
}

void Call::note_progress(SteadyInstant now) {
  Exchange& seen = *exchange_;
  if (stage_ == Stage::send && seen.is_connected) {
    stage_ = Stage::head;
    seen.connected_at = now;
  }
  if (const std::uint64_t payload = seen.payload_count(); payload != seen.payload_seen) {
    if (!seen.first_payload_at) seen.first_payload_at = now;
    seen.payload_seen = payload;
    seen.last_payload_at = now;
    stage_ = Stage::body;
  }
  if (seen.reader && shape_ == CallShape::streamed) {
    const std::uint64_t output = seen.reader->output_deltas();
    const std::uint64_t news = output - std::exchange(seen.output_seen, output);
    if (news > 0) {
      settings_->meter->count_output(static_cast<std::int64_t>(news), settings_->clock->steady());
    }
  }
  const bool has_ended = seen.reader && (seen.reader->done() || seen.reader->error());
  if (has_ended && seen.lingers_since == SteadyInstant::max()) seen.lingers_since = now;
}

SteadyInstant Call::deadline() const {
  if (stage_ == Stage::back_off) return back_off_until_;
  const SteadyInstant by_ledger =
      booking_.is_waiting() ? after(ledger_asked_at_, clocks_.ledger) : SteadyInstant::max();
  if (stage_ == Stage::admit) return std::min(by_ledger, after(started_at_, clocks_.total));
  if (stage_ == Stage::settle) return by_ledger;
  if (stage_ == Stage::done || !exchange_) return SteadyInstant::max();
  const Exchange& seen = *exchange_;
  SteadyInstant at = after(started_at_, clocks_.total);
  if (stage_ == Stage::send) at = std::min(at, after(seen.started_at, clocks_.connect));
  if (stage_ == Stage::head) at = std::min(at, after(seen.connected_at, clocks_.first_byte));
  // While nobody reads, the server is not the one who is idle.
  if (stage_ == Stage::body && !seen.is_paused) {
    at = std::min(at, after(seen.last_payload_at, clocks_.payload_idle));
  }
  if (seen.lingers_since != SteadyInstant::max()) at = std::min(at, seen.lingers_since + linger);
  return at;
}

void Call::check_clocks(SteadyInstant now) {
  if (now < deadline()) return;
  const bool is_whole = exchange_ && exchange_->answer_is_whole();
  if (is_whole || (exchange_ && exchange_->lingers_since != SteadyInstant::max())) {
    end_transfer();
    return settle(outcome_of_answer(!is_whole));
  }
  if (now >= after(started_at_, clocks_.total)) {
    return interrupt(timeout_of(ClockKind::total, clocks_.total), "timeout_total");
  }
  switch (stage_) {
    case Stage::admit:
      return go_on_or_refuse(booking_.timeout(clocks_.ledger), "timeout_ledger");
    case Stage::send: {
      end_transfer();
      return settle(
          {timeout_of(ClockKind::connect, clocks_.connect), true, "timeout_connect", true});
    }
    case Stage::head:
      return interrupt(timeout_of(ClockKind::first_byte, clocks_.first_byte), "timeout_first_byte");
    default:
      return interrupt(timeout_of(ClockKind::payload_idle, clocks_.payload_idle),
                       "timeout_payload_idle");
  }
}

std::optional<Delta> Call::next_delta() noexcept {
  std::optional<Delta> delta;
  if (deltas_.empty()) return delta;
  const DeltaRecord record = deltas_.pop();
  resume_if_drained();
  exchange_->reader->show(record, delta.emplace());
  return delta;
}

void Call::resume_if_drained() {
  const std::size_t few = settings_->options.limits.queued_deltas / 2;
  if (!exchange_->is_paused || deltas_.size() > few) return;
  exchange_->is_paused = false;
  if (transfer_ == 0) return;
  exchange_->last_payload_at = lane_->now();
  safely([this] { lane_->transport().resume(transfer_); });
  lane_->lower_deadline(deadline());
}

void Call::interrupt(Error error, std::string reason) {
  retry_after_.reset();
  if (stage_ == Stage::back_off || stage_ == Stage::settle) {
    // The attempt before is billed already, and there is no other.
    error_ = std::move(error);
    complete_error();
    if (stage_ == Stage::back_off) be_done();
    return;
  }
  end_transfer();
  if (exchange_ && exchange_->reader) exchange_->reader->finish(true);
  settle({std::move(error), nothing_was_sent(), std::move(reason)});
}

bool Call::nothing_was_sent() const { return !exchange_ || !exchange_->is_connected; }

void Call::be_done() {
  stage_ = Stage::done;
  settings_->meter->end_call(error_ ? std::optional(error_->kind) : std::nullopt);
}

void Call::break_connection() noexcept {
  if (transfer_ == 0 || exchange_->end) return;
  end_transfer();
  TransferEnd& end = exchange_->end.emplace();
  end.result = TransferResult::receive_failed;
  quietly([&] { end.message = "the client was suspended"; });
  end.request_sent = exchange_->is_connected;
  touch();
}

void Call::end_transfer() {
  if (transfer_ == 0) return;
  lane_->transport().cancel(transfer_);
  transfer_ = 0;
}

}  // namespace TALLY_ABI
}  // namespace tally
