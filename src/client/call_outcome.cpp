// SPDX-License-Identifier: MIT
// The end of an attempt: what it was, what it costs, what the ledger gets.
#include <cstdint>
#include <limits>
#include <random>
#include <utility>

#include "base/json.hpp"
#include "base/patience.hpp"
#include "base/quietly.hpp"
#include "base/undo.hpp"
#include "client/call.hpp"
#include "client/retry.hpp"
#include "client/secret.hpp"
#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// A refusal before any work, as far as it can be proven. 408, 502 and 504 may come from a gateway
/// whose upstream went on; a 5xx that is no readable error comes from who knows where.
bool is_free_refusal(int status, std::string_view body) {
  if (status == 408 || status == 502 || status == 504) return false;
  if (status < 500) return true;
  const auto readable = parse_json(body);
  return readable && readable->root().is_object();
}

ErrorKind kind_of(TransferResult result) {
  if (result == TransferResult::tls_failed) return ErrorKind::tls;
  return result == TransferResult::not_http ? ErrorKind::malformed_reply : ErrorKind::connection;
}

std::string reason_of(TransferResult result) {
  switch (result) {
    case TransferResult::connect_failed:
      return "connect_failed";
    case TransferResult::tls_failed:
      return "tls_failed";
    case TransferResult::send_failed:
      return "send_failed";
    case TransferResult::complete:
      return "head_cut";
    case TransferResult::not_http:
      return "not_http";
    default:
      return "connection_lost";
  }
}

std::string what_broke(TransferResult result) {
  switch (result) {
    case TransferResult::connect_failed:
      return "no connection to the server could be made";
    case TransferResult::tls_failed:
      return "the server could not be trusted (TLS)";
    case TransferResult::send_failed:
      return "the connection broke while the request went out";
    case TransferResult::complete:
      return "the connection ended inside the header of the answer";
    case TransferResult::not_http:
      return "what came back is no HTTP answer (check base_url)";
    default:
      return "the connection broke before an answer came";
  }
}

}  // namespace

Call::Outcome Call::outcome_of_transfer() {
  const TransferEnd& end = *exchange_->end;
  if (end.result == TransferResult::cancelled && !exchange_->answer_is_whole()) {
    return outcome_of_cancel();
  }
  if (exchange_->status == 0) return outcome_without_answer(end);
  if (!exchange_->is_success_status()) return outcome_of_refusal();
  const bool was_cut =
      end.result != TransferResult::complete && end.result != TransferResult::refused_by_handler;
  Outcome outcome = outcome_of_answer(was_cut);
  if (outcome.error && outcome.error->kind == ErrorKind::connection && !end.message.empty()) {
    outcome.error->message += " (" + end.message + ")";
  }
  return outcome;
}

Call::Outcome Call::outcome_of_cancel() {
  if (exchange_->reader) exchange_->reader->finish(true);
  return {Error{ErrorKind::cancelled, exchange_->end->message}, !exchange_->is_connected,
          "cancelled"};
}

Call::Outcome Call::outcome_without_answer(const TransferEnd& end) const {
  Outcome outcome;
  outcome.error = Error{kind_of(end.result), what_broke(end.result)};
  if (!end.message.empty()) outcome.error->message += ": " + end.message;
  outcome.error->retry_may_help = outcome.error->kind == ErrorKind::connection;
  outcome.may_repeat = outcome.error->retry_may_help;
  outcome.is_free = !end.request_sent && end.result != TransferResult::complete;
  outcome.reason = reason_of(end.result);
  return outcome;
}

Call::Outcome Call::outcome_of_refusal() const {
  const int status = exchange_->status;
  Outcome outcome;
  outcome.error = error_of_response(status, exchange_->error_body);
  if (!exchange_->location.empty()) {
    outcome.error->message += "; it points to " + exchange_->location;
  }
  outcome.is_free = is_free_refusal(status, exchange_->error_body);
  outcome.reason = "http_" + std::to_string(status);
  outcome.may_repeat = is_retryable_status(status) && outcome.error->retry_may_help;
  return outcome;
}

Call::Outcome Call::outcome_of_answer(bool cut) {
  ReplyReader& reader = *exchange_->reader;
  reader.finish(cut);
  Outcome outcome;
  outcome.error = reader.error();
  if (outcome.error) {
    outcome.reason = cut ? "stream_cut" : std::string(to_string(outcome.error->kind));
    outcome.may_repeat = cut && reader.payload_count() == 0;
  } else if (!reader.has_usage()) {
    outcome.reason = "no_usage";
  }
  return outcome;
}

const Reply& Call::reply() const {
  // Never destroyed: a client in static memory may still settle calls at the end of the program.
  static const Reply& nothing = *new Reply;
  return exchange_ && exchange_->reader ? exchange_->reader->reply() : nothing;
}

BillFacts Call::bill_facts() const {
  BillFacts facts;
  facts.started = attempt_started_;
  facts.completed =
      exchange_ && exchange_->ended_at ? *exchange_->ended_at : settings_->clock->wall();
  facts.model_requested = receipt_.model;
  facts.reply = &reply();
  facts.bound = &booking_.bound();
  facts.max_tokens = facts.bound->max_output;
  // Beyond that the product is no bound of anything.
  constexpr std::int64_t most = std::int64_t{1} << 40;
  const std::int64_t choices = booking_.bound().choices;
  if (facts.max_tokens && *facts.max_tokens < most / choices) *facts.max_tokens *= choices;
  if (body_) facts.request_body = *body_;
  if (exchange_ && exchange_->reader) {
    facts.usage = exchange_->reader->usage();
    facts.usage_is_final = exchange_->answer_is_whole();
    facts.output_deltas = static_cast<std::int64_t>(exchange_->reader->output_deltas());
  }
  return facts;
}

void Call::settle(Outcome outcome) {
  if (!is_billed_) bill(outcome);
  sum_attempts(receipt_);
  error_ = std::move(outcome.error);
  complete_error();
  plan_retry(outcome);
  const bool is_answered_for = hand_in();
  quietly([this] { report_attempt(); });
  if (is_answered_for) return after_settle();
  ledger_asked_at_ = lane_->now();
  lane_->lower_deadline(deadline());
  (void)stop_if_asked();  // After a shutdown nobody comes to ask for the answer.
}

void Call::bill(const Outcome& outcome) {
  // Made only here: a thousand calls under way would hold a thousand of them, a kilobyte each.
  const int number = attempt_number();
  std::vector<Attempt>& attempts = receipt_.attempts;
  Attempt& attempt = attempts.emplace_back();
  Undo take_back([&attempts] { attempts.pop_back(); });
  attempt.number = number;
  attempt.attempt_id = attempt_id_;
  attempt.reason = outcome.reason;
  BillFacts facts = bill_facts();
  facts.is_free = outcome.is_free;
  attempt.started = facts.started;
  attempt.completed = facts.completed;
  billed_at_ = tally::bill(attempt, *settings_, std::move(facts));
  attempt.model_reported = reply().model;
  if (exchange_) {
    attempt.http_status = exchange_->status;
    attempt.request_id = exchange_->request_id;
    if (headers_) redact(attempt.request_id, key_in(*headers_));
    if (exchange_->first_payload_at) {
      attempt.first_byte_after = std::chrono::duration_cast<std::chrono::microseconds>(
          *exchange_->first_payload_at - exchange_->started_at);
    }
  }
  take_back.dismiss();
  is_billed_ = true;
  settings_->meter->count(attempt);
}

int Call::attempt_number() const {
  return static_cast<int>(receipt_.attempts.size()) + (is_billed_ ? 0 : 1);
}

/// Hands the bill to the ledger. True: nobody has to wait for an answer.
bool Call::hand_in() {
  bool is_answered_for = true;
  if (booking_.has_ledger()) {
    LedgerRow bill = row();
    // The reserve was not answered: nothing was sent, and the next write would not be answered
    // sooner.
    const bool is_silent = booking_.is_waiting();
    booking_.stop_waiting(*lane_);
    booking_.settle(std::move(bill), is_admitted_, *lane_);
    if (is_silent) booking_.stop_waiting(*lane_);
    is_answered_for = is_silent;
  }
  stage_ = Stage::settle;
  return is_answered_for;
}

void Call::stop_settling(Error ledger_error) {
  if (const auto answer = booking_.answer_now(*lane_)) {
    tell_budgets(*answer);
    receipt_.ledger_error = answer->error;
  } else {
    booking_.stop_waiting(*lane_);
    receipt_.ledger_error = std::move(ledger_error);
  }
  after_settle();
}

void Call::tell_budgets(const LedgerDone& answer) {
  settings_->meter->show_budgets(answer.budgets);
  if (!settings_->options.hooks.on_budget) return;
  quietly([&] {
    for (BudgetNotice notice : answer.notices) {
      notice.call_id = receipt_.call_id;
      lane_->post([settings = settings_, notice = std::move(notice)] {
        settings->options.hooks.on_budget(notice);
      });
    }
  });
}

void Call::complete_error() {
  if (!error_) return;
  error_->charge_possible = receipt_.state != BillState::not_billed;
  if (is_billed_) {
    error_->http_status = receipt_.attempts.back().http_status;
    error_->request_id = receipt_.attempts.back().request_id;
  }
  if (!headers_) return;
  redact(error_->message, key_in(*headers_));
  redact(error_->provider_code, key_in(*headers_));
}

void Call::plan_retry(const Outcome& outcome) {
  retry_after_.reset();
  const int number = attempt_number();
  if (!outcome.may_repeat || number > retries_.most) return;
  const std::string_view asked_for = exchange_ ? std::string_view(exchange_->retry_after) : "";
  const auto asked = read_retry_after(asked_for, receipt_.attempts.back().completed);
  std::uint32_t chance = std::numeric_limits<std::uint32_t>::max();
  quietly([&] { chance = std::random_device{}(); });  // It throws where no descriptor is left.
  const auto delay = retry_delay(retries_, number, asked, chance);
  const SteadyInstant begins_at = lane_->now() + delay;
  if (begins_at > later(started_at_, retries_.within)) return;
  if (clocks_.total.count() > 0 && begins_at > later(started_at_, clocks_.total)) return;
  retry_after_ = delay;
}

void Call::after_settle() {
  if (!retry_after_) {
    be_done();
    return;
  }
  stage_ = Stage::back_off;
  back_off_until_ = lane_->now() + *retry_after_;
  lane_->lower_deadline(back_off_until_);
  if (!settings_->options.hooks.on_retry) return;
  quietly([this] {
    RetryNotice notice{id, receipt_.call_id, attempt_number(), *error_, *retry_after_};
    lane_->post([settings = settings_, notice = std::move(notice)] {
      settings->options.hooks.on_retry(notice);
    });
  });
}

void Call::report_attempt() {
  if (lane_ == nullptr || !settings_->options.hooks.on_attempt) return;
  AttemptReport report;
  report.call_id = receipt_.call_id;
  report.provider = receipt_.provider;
  report.model = receipt_.model;
  report.attempt = receipt_.attempts.back();
  report.labels = labels_;
  report.finish_reason = reply().finish_reason_text;
  report.response_id = reply().id;
  if (error_) report.error = error_->kind;
  if (exchange_ && exchange_->end) report.times = exchange_->end->times;
  if (exchange_ && exchange_->reader && exchange_->first_payload_at) {
    report.first_token = report.attempt.first_byte_after;
    report.last_token = std::chrono::duration_cast<std::chrono::microseconds>(
        exchange_->last_payload_at - exchange_->started_at);
  }
  lane_->post([settings = settings_, report = std::move(report)] {
    settings->options.hooks.on_attempt(report);
  });
}

LedgerRow Call::row() const {
  LedgerRow row;
  row.attempt_id = attempt_id_;
  row.call_id = receipt_.call_id;
  row.attempt_number = attempt_number();
  row.provider = receipt_.provider;
  row.host = settings_->host;
  row.model_requested = receipt_.model;
  row.streamed = shape_ == CallShape::streamed;
  row.labels = labels_;
  row.started = reserved_at_;  // Budgets have counted it there.
  if (is_billed_) describe_bill(row);
  booking_.describe(row);
  return row;
}

void Call::describe_bill(LedgerRow& row) const {
  const Attempt& attempt = receipt_.attempts.back();
  row.revision = 1;
  row.state = attempt.state;
  row.reason = attempt.reason;
  row.model_reported = attempt.model_reported;
  row.completed = attempt.completed;
  row.billed_at = billed_at_;
  row.first_byte_after = attempt.first_byte_after;
  row.usage = attempt.usage;
  row.cost = attempt.cost;
  row.http_status = attempt.http_status;
  row.finish_reason = reply().finish_reason_text;
  if (error_) row.error = to_string(error_->kind);
  row.request_id = attempt.request_id;
  row.response_id = reply().id;
}

Completion Call::take_completion() noexcept {
  make_up();
  const bool has_reader = exchange_ && exchange_->reader;
  Reply reply = has_reader ? exchange_->reader->take_reply() : Reply{};
  if (is_billed_) quietly([&] { reply.request_id = receipt_.attempts.back().request_id; });
  if (exchange_) reply.headers = std::move(exchange_->told_headers);
  const auto hide_key = [&] {
    for (ReplyHeader& header : reply.headers) redact(header.value, key_in(*headers_));
  };
  if (headers_ && !quietly(hide_key)) reply.headers.clear();
  if (!error_) return {std::move(reply), std::move(receipt_)};
  return {ChatError(*std::move(error_), std::move(reply)), std::move(receipt_)};
}

}  // namespace TALLY_ABI
}  // namespace tally
