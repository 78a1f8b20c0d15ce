// SPDX-License-Identifier: MIT
#include "tally/error.hpp"

namespace tally {
inline namespace TALLY_ABI {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::invalid_catalog:
      return "invalid_catalog";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::authentication:
      return "authentication";
    case ErrorKind::insufficient_balance:
      return "insufficient_balance";
    case ErrorKind::rate_limited:
      return "rate_limited";
    case ErrorKind::context_overflow:
      return "context_overflow";
    case ErrorKind::content_refused:
      return "content_refused";
    case ErrorKind::invalid_request:
      return "invalid_request";
    case ErrorKind::server:
      return "server";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::connection:
      return "connection";
    case ErrorKind::tls:
      return "tls";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::malformed_reply:
      return "malformed_reply";
    case ErrorKind::limit_exceeded:
      return "limit_exceeded";
    case ErrorKind::ledger:
      return "ledger";
    case ErrorKind::closed:
      return "closed";
    case ErrorKind::forked:
      return "forked";
    case ErrorKind::busy:
      return "busy";
    case ErrorKind::budget:
      return "budget";
    case ErrorKind::out_of_memory:
      return "out_of_memory";
  }
  return "unknown";
}

std::string_view to_string(ClockKind clock) {
  switch (clock) {
    case ClockKind::none:
      return "none";
    case ClockKind::connect:
      return "connect";
    case ClockKind::first_byte:
      return "first_byte";
    case ClockKind::payload_idle:
      return "payload_idle";
    case ClockKind::total:
      return "total";
    case ClockKind::ledger:
      return "ledger";
  }
  return "unknown";
}

}  // namespace TALLY_ABI
}  // namespace tally
