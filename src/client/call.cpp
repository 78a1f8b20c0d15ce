// SPDX-License-Identifier: MIT
#include "client/call.hpp"

#include <algorithm>
#include <utility>

#include "base/uuid.hpp"
#include "wire/request_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Servers end the body right after [DONE]. One that does not is not waited for: the answer is
// whole.
constexpr milliseconds linger{2000};

// Of an error body only the start is of use.
constexpr std::size_t error_body_bytes = 256 * 1024;

SteadyInstant after(SteadyInstant start, milliseconds clock) {
  return clock.count() > 0 ? start + clock : SteadyInstant::max();
}

Error error_of(ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  return error;
}

Error timeout_of(ClockKind clock, milliseconds limit) {
  Error error = error_of(ErrorKind::timeout,
                         "the " + std::string(to_string(clock)) + " clock ran out after " +
                             std::to_string(limit.count()) + " ms (Clocks sets it)");
  error.clock = clock;
  error.retry_may_help = true;
  return error;
}

bool same_header(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == y; });
}

}  // namespace

Call::Call(std::shared_ptr<const ClientSettings> settings, const ChatRequest& request,
           const CallOptions& options, CallShape shape, const std::atomic<bool>& client_stops)
    : settings_(std::move(settings)),
      clocks_(options.clocks.value_or(settings_->options.clocks)),
      shape_(shape),
      client_stops_(client_stops),
      own_cancel_(std::make_shared<CancelToken::State>()),
      labels_(options.labels),
      max_tokens_(request.max_tokens) {
  if (options.cancel) token_ = options.cancel->state();
  const std::optional<Ledger>& ledger = options.ledger ? options.ledger : settings_->options.ledger;
  if (ledger) ledger_ = ledger->state();
  const Instant now = settings_->clock->wall();
  receipt_.call_id = uuid_v7(now);
  receipt_.provider = settings_->provider.id;
  receipt_.model = request.model;
  attempt_.attempt_id = uuid_v7(now);
  attempt_.started = now;
  auto body = write_request(request, shape == CallShape::streamed);
  if (body) {
    body_ = std::make_shared<const std::string>(*std::move(body));
  } else {
    bad_request_ = std::move(body).error();
  }
}

Call::~Call() {
  if (lane_ == nullptr) return;
  if (!done() && stage_ != Stage::settle) {
    interrupt(error_of(ErrorKind::cancelled, "the call was abandoned"), "cancelled");
  }
  if (ticket_ != 0) {
    ledger_->forget(ticket_);
    lane_->expect_store(-1);
  }
  own_cancel_->detach(*lane_);
  if (token_) token_->detach(*lane_);
  lane_->remove(*this);
}

void Call::begin(Lane& lane) {
  lane_ = &lane;
  lane_->add(*this);
  own_cancel_->attach(lane);
  if (token_) token_->attach(lane);
  started_at_ = lane.now();
  if (bad_request_) return refuse(*bad_request_);
  if (stop_if_asked()) return;
  if (ledger_) {
    reserve();
  } else {
    send();
  }
}

void Call::refuse(Error error) {
  // Without a lane nobody would wait for the ledger's answer; and nothing was asked of anybody.
  if (lane_ == nullptr) ledger_.reset();
  settle({std::move(error), true, "refused_locally"});
}

void Call::cancel() {
  if (done() || stage_ == Stage::settle) return;
  interrupt(error_of(ErrorKind::cancelled, "the call was cancelled by the caller"), "cancelled");
  records_.clear();
  next_record_ = 0;
}

void Call::reserve() {
  stage_ = Stage::admit;
  ticket_ = ledger_->submit(LedgerWrite::Kind::reserve, row());
  lane_->expect_store(1);
  ask_ledger();
}

void Call::ask_ledger() {
  std::optional<LedgerDone> answer = ledger_->ask(ticket_);
  if (!answer) return;
  ticket_ = 0;
  lane_->expect_store(-1);
  if (stage_ == Stage::settle) {
    receipt_.ledger_error = std::move(answer->error);
    stage_ = Stage::done;
  } else if (answer->error) {
    settle({std::move(answer->error), true, "ledger_refused"});
  } else {
    send();
  }
}

void Call::send() {
  stage_ = Stage::send;
  HttpRequest request;
  request.url = settings_->chat_url;
  request.headers = settings_->headers;
  request.body = body_;
  auto started = lane_->transport().start(std::move(request), *this);
  if (!started) return settle({std::move(started).error(), true, "connect_failed"});
  transfer_ = *started;
  lane_->lower_deadline(deadline());
}

void Call::touch() {
  if (std::exchange(is_touched_, true)) return;
  lane_->touch(*this);
}

void Call::on_connected() {
  is_connected_ = true;
  touch();
}

void Call::on_header(std::string_view name, std::string_view value) {
  // DeepSeek's own id first; others only where it is missing.
  if (same_header(name, "x-ds-trace-id")) request_id_ = value;
  if (request_id_.empty() && same_header(name, "x-request-id")) request_id_ = value;
  if (same_header(name, "location")) location_ = value;
}

void Call::on_head(int status) {
  status_ = status;
  if (!is_success_status()) return;
  const bool is_read = shape_ == CallShape::streamed;
  reader_.emplace(settings_->provider, settings_->options.limits, is_read ? &records_ : nullptr);
}

BodyFlow Call::on_body(std::string_view bytes) {
  touch();
  if (!reader_) {
    error_body_.append(bytes.substr(0, error_body_bytes - error_body_.size()));
    return error_body_.size() < error_body_bytes ? BodyFlow::keep : BodyFlow::abort;
  }
  if (deltas_ready() >= settings_->options.limits.queued_deltas) {
    is_paused_ = true;
    return BodyFlow::pause;
  }
  reader_->feed(bytes);
  return reader_->hopeless() ? BodyFlow::abort : BodyFlow::keep;
}

void Call::on_end(const TransferEnd& end) {
  transfer_ = 0;
  transfer_end_ = end;
  touch();
}

bool Call::advance(SteadyInstant now) {
  const bool was_touched = std::exchange(is_touched_, false);
  const Stage stage_before = stage_;
  step(now);
  return was_touched || stage_ != stage_before;
}

void Call::step(SteadyInstant now) {
  if (stage_ == Stage::done) return;
  if (stage_ == Stage::settle) return ask_ledger();
  note_progress(now);
  if (transfer_end_) return settle(outcome_of_transfer());
  if (stop_if_asked()) return;
  if (stage_ == Stage::admit) return ask_ledger();
  check_clocks(now);
  if (transfer_ != 0) lane_->lower_deadline(deadline());
}

bool Call::stop_if_asked() {
  const bool is_asked = own_cancel_->cancelled.load(std::memory_order_acquire) ||
                        (token_ && token_->cancelled.load(std::memory_order_acquire));
  if (is_asked) {
    cancel();
    return true;
  }
  if (!client_stops_.load(std::memory_order_acquire)) return false;
  interrupt(error_of(ErrorKind::closed, "the client was shut down"), "cancelled");
  return true;
}

void Call::note_progress(SteadyInstant now) {
  if (stage_ == Stage::send && is_connected_) {
    stage_ = Stage::head;
    connected_at_ = now;
  }
  const std::uint64_t payload = reader_ ? reader_->payload_count() : error_body_.size();
  if (payload != payload_seen_) {
    if (payload_seen_ == 0) {
      attempt_.first_byte_after = std::chrono::duration_cast<microseconds>(now - started_at_);
    }
    payload_seen_ = payload;
    last_payload_at_ = now;
    stage_ = Stage::body;
  }
  const bool has_ended = reader_ && (reader_->done() || reader_->error());
  if (has_ended && lingers_since_ == SteadyInstant::max()) lingers_since_ = now;
}

SteadyInstant Call::deadline() const {
  SteadyInstant at = after(started_at_, clocks_.total);
  if (stage_ == Stage::send) at = std::min(at, after(started_at_, clocks_.connect));
  if (stage_ == Stage::head) at = std::min(at, after(connected_at_, clocks_.first_byte));
  // While nobody reads, the server is not the one who is idle.
  if (stage_ == Stage::body && !is_paused_) {
    at = std::min(at, after(last_payload_at_, clocks_.payload_idle));
  }
  if (lingers_since_ != SteadyInstant::max()) at = std::min(at, lingers_since_ + linger);
  return stage_ == Stage::settle || stage_ == Stage::done ? SteadyInstant::max() : at;
}

void Call::check_clocks(SteadyInstant now) {
  if (now < deadline()) return;
  const bool answer_is_whole = reader_ && (reader_->done() || reader_->finished());
  if (answer_is_whole || lingers_since_ != SteadyInstant::max()) {
    end_transfer();
    return settle(outcome_of_answer(!answer_is_whole));
  }
  if (now >= after(started_at_, clocks_.total)) {
    return interrupt(timeout_of(ClockKind::total, clocks_.total), "timeout_total");
  }
  switch (stage_) {
    case Stage::send:
      return interrupt(timeout_of(ClockKind::connect, clocks_.connect), "timeout_connect");
    case Stage::head:
      return interrupt(timeout_of(ClockKind::first_byte, clocks_.first_byte), "timeout_first_byte");
    default:
      return interrupt(timeout_of(ClockKind::payload_idle, clocks_.payload_idle),
                       "timeout_payload_idle");
  }
}

std::optional<Delta> Call::next_delta() {
  if (!has_delta()) return std::nullopt;
  const DeltaRecord record = records_[next_record_++];
  if (!has_delta()) {
    records_.clear();
    next_record_ = 0;
  }
  resume_if_drained();
  return reader_->view(record);
}

void Call::resume_if_drained() {
  if (!is_paused_ || deltas_ready() > settings_->options.limits.queued_deltas / 2) return;
  is_paused_ = false;
  if (transfer_ == 0) return;
  last_payload_at_ = lane_->now();
  lane_->transport().resume(transfer_);
  lane_->lower_deadline(deadline());
}

void Call::interrupt(Error error, std::string reason) {
  const bool nothing_was_sent = !is_connected_;
  end_transfer();
  if (reader_) reader_->finish(true);
  settle({std::move(error), nothing_was_sent, std::move(reason)});
}

void Call::end_transfer() {
  if (transfer_ == 0) return;
  lane_->transport().cancel(transfer_);
  transfer_ = 0;
}

}  // namespace TALLY_ABI
}  // namespace tally
