// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A request and its answer, as a line of a recording holds them. Plain data.
struct RecordedExchange {
  std::string method;
  std::string path;  ///< Of the URL, query included.
  std::string request;
  Instant started{};
  Instant ended{};
  bool is_connected = false;
  int status = 0;  ///< 0: no head came.
  HttpHeaders headers;
  std::vector<std::string> pieces;  ///< The answer's body, as it came.
  TransferResult result = TransferResult::complete;
  bool was_cancelled = false;  ///< By the client: the rest is not known.
  bool request_sent = false;
  std::string message;
};

/// The request's part, with `key` taken out: what a recorded exchange is found by.
RecordedExchange recorded_request(const HttpRequest& request, std::string_view key);

/// Takes `key` out of everything, also where pieces cut it, and drops headers that hold secrets.
void redact(RecordedExchange& exchange, std::string_view key);

std::string to_line(const RecordedExchange& exchange);
/// `invalid_argument` says what is wrong with it.
Result<RecordedExchange> parse_line(std::string_view line);

}  // namespace TALLY_ABI
}  // namespace tally
