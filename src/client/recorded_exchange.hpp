// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A part of an answer's body as the transport handed it over. Plain data.
struct RecordedPiece {
  std::string bytes;
  std::chrono::microseconds after{0};  ///< Since the exchange was started, as all that is so named.
};

/// A request and its answer, as a line of a recording holds them. What came in one turn of the
/// transport has the same time. Plain data.
struct RecordedExchange {
  std::string method;
  std::string path;  ///< Of the URL, query included.
  std::string request;
  Instant started{};
  Instant ended{};
  bool is_connected = false;
  std::chrono::microseconds connected_after{0};
  int status = 0;  ///< 0: no head came.
  HttpHeaders headers;
  std::chrono::microseconds head_after{0};
  std::vector<RecordedPiece> pieces;
  /// `cancelled`: by the client, and the rest is not known.
  TransferResult result = TransferResult::complete;
  std::chrono::microseconds ended_after{0};
  bool request_sent = false;
  std::string message;
  std::size_t line = 0;  ///< Where it stands in its recording, from 1.
};

/// The request's part: what a recorded exchange is found by.
RecordedExchange recorded_request(const HttpRequest& request);

/// Takes `secrets` out of everything, also where pieces cut them, and drops headers that hold some.
void redact(RecordedExchange& exchange, const std::vector<std::string>& secrets);

std::string to_line(const RecordedExchange& exchange);
/// `invalid_argument` says what is wrong with it.
Result<RecordedExchange> parse_line(std::string_view line);

}  // namespace TALLY_ABI
}  // namespace tally
