// SPDX-License-Identifier: MIT
#include "faults/outputs.hpp"

#include <utility>

namespace faults {

void Outputs::listen_to(tally::ClientOptions& options) {
  options.ledger = tally::Ledger::in_memory();
  ledgers_.push_back(*options.ledger);
  options.curl.trace = [this](std::string_view line) { add("trace", std::string(line)); };
  options.hooks.on_retry = [this](const tally::RetryNotice& notice) {
    add("retry notice", notice.call_id);
    add(notice.error);
  };
  options.hooks.on_attempt = [this](const tally::AttemptReport& report) {
    add("attempt report", report.call_id + "\n" + report.provider + "\n" + report.model + "\n" +
                              report.finish_reason + "\n" + report.response_id);
    add_attempt("attempt report", report.attempt);
  };
}

void Outputs::add(const std::string& place, const std::string& text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  texts_.emplace_back(place, text);
}

void Outputs::add(const tally::Error& error) {
  add("error", error.message + "\n" + error.provider_code + "\n" + error.request_id);
}

void Outputs::add_attempt(const std::string& place, const tally::Attempt& attempt) {
  add(place, attempt.attempt_id + "\n" + attempt.reason + "\n" + attempt.request_id + "\n" +
                 attempt.model_reported + "\n" + attempt.usage.raw);
}

void Outputs::add(const tally::Completion& completion) {
  if (!completion.reply) add(completion.reply.error());
  if (completion.reply) add("reply", completion.reply->request_id + "\n" + completion.reply->id);
  add("receipt", to_string(completion.receipt));
  add("explain()", explain(completion.receipt));
  for (const tally::Attempt& attempt : completion.receipt.attempts) add_attempt("receipt", attempt);
}

void Outputs::add_ledger_rows() {
  for (const tally::Ledger& ledger : ledgers_) {
    const auto rows = ledger.rows();
    if (!rows) add(rows.error());
    if (!rows) continue;
    for (const tally::LedgerRow& row : *rows) {
      add("ledger row", row.reason + "\n" + row.provider + "\n" + row.model_requested + "\n" +
                            row.model_reported + "\n" + row.request_id + "\n" + row.response_id +
                            "\n" + row.usage.raw);
    }
  }
}

std::vector<std::string> Outputs::holding(const std::string& secret) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [place, text] : texts_) {
    if (text.find(secret) != std::string::npos) found.push_back(place + ": " + text);
  }
  return found;
}

std::map<std::string, std::size_t> Outputs::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::map<std::string, std::size_t> counts;
  for (const auto& entry : texts_) ++counts[entry.first];
  return counts;
}

}  // namespace faults
