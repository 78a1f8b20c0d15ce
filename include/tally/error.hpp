// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/export.h"
#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// What went wrong, as coarse as a caller's next step.
enum class ErrorKind {
  invalid_argument,      ///< A value given to tally makes no sense; nothing was sent.
  invalid_catalog,       ///< A price catalogue broke a rule; the message names its line.
  unsupported,           ///< This build or system lacks something; the message names it.
  authentication,        ///< 401, 403: the key.
  insufficient_balance,  ///< 402: the account has no money left.
  rate_limited,          ///< 429.
  context_overflow,      ///< The prompt is longer than the model's context.
  content_refused,       ///< The provider refused the content of the prompt or of the answer.
  invalid_request,       ///< Another 4xx: the server understood and says no.
  server,                ///< 5xx, or an error object in an answer that had begun.
  overloaded,            ///< 503, `insufficient_system_resource`: a retry may help.
  timeout,               ///< One of tally's clocks ran out; `Error::clock` says which.
  connection,            ///< No connection, or it broke.
  tls,                   ///< The server's certificate or the handshake.
  cancelled,             ///< The caller ended the call.
  malformed_reply,       ///< The answer is not what a chat server sends (HTML, cut JSON, no end).
  limit_exceeded,        ///< One of tally's own limits (`Limits`); the message names it.
  ledger,                ///< The ledger could not record the attempt.
  closed,                ///< The client was shut down.
  forked,                ///< The process was forked after the client was opened.
  busy,                  ///< Another thread is inside `poll` of this client.
  budget,                ///< A budget did not let the call through; `Receipt::refusal` says which.
  out_of_memory,         ///< Memory ran out while the call was under way.
};

/// Which of a call's clocks ran out (`Clocks`).
enum class ClockKind { none, connect, first_byte, payload_idle, total, ledger };

/// The one error type. Plain data. `message` says what was tried, what came back and what to do; it
/// never holds the key or the prompt.
struct Error {
  ErrorKind kind = ErrorKind::invalid_argument;
  std::string message{};
  int http_status = 0;          ///< 0: no answer had begun.
  std::string provider_code{};  ///< The server's own code or type, verbatim; empty if it gave none.
  std::string request_id{};     ///< The server's id of the request, for its support.
  bool retry_may_help = false;
  bool charge_possible = false;  ///< The attempt's receipt is not `not_billed`.
  ClockKind clock = ClockKind::none;
};

TALLY_API std::string_view to_string(ErrorKind kind);
TALLY_API std::string_view to_string(ClockKind clock);

}  // namespace TALLY_ABI
}  // namespace tally
