// SPDX-License-Identifier: MIT
// The end of an attempt: what it was, what it costs, what the ledger gets.
#include <utility>

#include "base/json.hpp"
#include "client/call.hpp"
#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// A refusal before any work, as far as it can be proven. 408, 502 and 504 may come from a gateway
/// whose upstream went on; a 5xx that is no readable error comes from who knows where.
bool is_free_refusal(int status, std::string_view body) {
  if (status == 408 || status == 502 || status == 504) return false;
  return status < 500 || parse_json(body).has_value();
}

ErrorKind kind_of(TransferResult result) {
  return result == TransferResult::tls_failed ? ErrorKind::tls : ErrorKind::connection;
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
    default:
      return "the connection broke before an answer came";
  }
}

/// Some servers repeat the key that they refuse.
void redact(std::string& text, const std::string& secret) {
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "[key]");
  }
}

}  // namespace

Call::Outcome Call::outcome_of_transfer() {
  const TransferEnd& end = *transfer_end_;
  if (status_ == 0) return outcome_without_answer(end);
  if (!is_success_status()) return outcome_of_refusal();
  Outcome outcome = outcome_of_answer(end.result != TransferResult::complete);
  if (outcome.error && outcome.error->kind == ErrorKind::connection && !end.message.empty()) {
    outcome.error->message += " (" + end.message + ")";
  }
  return outcome;
}

Call::Outcome Call::outcome_without_answer(const TransferEnd& end) const {
  Outcome outcome;
  outcome.error.emplace();
  outcome.error->kind = kind_of(end.result);
  outcome.error->message = what_broke(end.result);
  if (!end.message.empty()) outcome.error->message += ": " + end.message;
  outcome.error->retry_may_help = outcome.error->kind == ErrorKind::connection;
  outcome.is_free = !end.request_sent && end.result != TransferResult::complete;
  outcome.reason = reason_of(end.result);
  return outcome;
}

Call::Outcome Call::outcome_of_refusal() const {
  Outcome outcome;
  outcome.error = error_of_response(status_, error_body_);
  if (!location_.empty()) outcome.error->message += "; it points to " + location_;
  outcome.is_free = is_free_refusal(status_, error_body_);
  outcome.reason = "http_" + std::to_string(status_);
  return outcome;
}

Call::Outcome Call::outcome_of_answer(bool cut) {
  reader_->finish(cut);
  Outcome outcome;
  outcome.error = reader_->error();
  if (outcome.error) {
    outcome.reason = cut ? "stream_cut" : std::string(to_string(outcome.error->kind));
  } else if (!reader_->usage()) {
    outcome.reason = "no_usage";
  }
  return outcome;
}

void Call::settle(Outcome outcome) {
  static const Reply nothing;
  BillFacts facts;
  facts.started = attempt_.started;
  facts.completed = attempt_.completed = settings_->clock->wall();
  facts.model_requested = receipt_.model;
  facts.is_free = outcome.is_free;
  facts.reply = reader_ ? &reader_->reply() : &nothing;
  facts.max_tokens = max_tokens_;
  if (body_) facts.request_body = *body_;
  if (reader_) {
    facts.usage = reader_->usage();
    facts.usage_is_final = reader_->done() || reader_->finished();
    facts.output_deltas = static_cast<std::int64_t>(reader_->output_deltas());
  }
  Bill bill = bill_of(*settings_, facts);
  attempt_.state = bill.state;
  attempt_.reason = std::move(outcome.reason);
  attempt_.usage = std::move(bill.usage);
  attempt_.cost = std::move(bill.cost);
  attempt_.http_status = status_;
  attempt_.request_id = request_id_;
  attempt_.model_reported = facts.reply->model;
  error_ = std::move(outcome.error);
  if (error_) {
    error_->charge_possible = bill.state != BillState::not_billed;
    error_->http_status = status_;
    error_->request_id = request_id_;
    redact(error_->message, settings_->options.api_key);
    redact(error_->provider_code, settings_->options.api_key);
  }
  receipt_.attempts.push_back(attempt_);
  sum_attempts(receipt_);

  if (ticket_ != 0) {  // The reserve is still on its way; its answer does not matter any more.
    ledger_->forget(std::exchange(ticket_, 0));
    lane_->expect_store(-1);
  }
  if (!ledger_) {
    stage_ = Stage::done;
    return;
  }
  stage_ = Stage::settle;
  ticket_ = ledger_->submit(LedgerWrite::Kind::settle, row());
  lane_->expect_store(1);
  ask_ledger();
}

LedgerRow Call::row() const {
  LedgerRow row;
  row.attempt_id = attempt_.attempt_id;
  row.call_id = receipt_.call_id;
  row.attempt_number = attempt_.number;
  row.revision = attempt_.state == BillState::reserved ? 0 : 1;
  row.state = attempt_.state;
  row.reason = attempt_.reason;
  row.provider = receipt_.provider;
  row.model_requested = receipt_.model;
  row.model_reported = attempt_.model_reported;
  row.labels = labels_;
  row.started = attempt_.started;
  if (attempt_.state != BillState::reserved) row.completed = attempt_.completed;
  row.usage = attempt_.usage;
  row.cost = attempt_.cost;
  row.http_status = attempt_.http_status;
  row.request_id = attempt_.request_id;
  if (reader_) row.response_id = reader_->reply().id;
  return row;
}

Completion Call::take_completion() {
  Reply reply = reader_ ? reader_->take_reply() : Reply{};
  reply.request_id = request_id_;
  if (!error_) return {std::move(reply), std::move(receipt_)};
  return {ChatError(*std::move(error_), std::move(reply)), std::move(receipt_)};
}

}  // namespace TALLY_ABI
}  // namespace tally
