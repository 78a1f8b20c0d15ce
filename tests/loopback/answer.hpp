// SPDX-License-Identifier: MIT
#pragma once

// A script and a request become an answer: the exact bytes, piece by piece, and how they end.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "script.hpp"

namespace loopback {

/// Bytes that go out in one write.
struct Piece {
  std::string bytes;
  std::chrono::milliseconds delay{0};  ///< Before it.
  std::size_t repeat = 1;              ///< How often it is sent: huge bodies stay small in memory.
  bool settles = false;                ///< Holds the usage that bills the answer.
};

enum class Ending {
  proper,
  cut,    ///< The connection is closed in mid-body.
  stall,  ///< Silence, until the client goes.
  stall_with_comments,
};

struct Answer {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  bool chunked = false;  ///< Else with a Content-Length.
  std::vector<Piece> pieces;
  Ending ending = Ending::proper;
};

/// What of a request decides its answer.
struct Asked {
  bool fim = false;  ///< A text with a hole, and no conversation.
  std::string model;
  bool stream = false;
  std::uint64_t number = 0;  ///< Counted from 1: the answer's id is made of it.
};

Answer compose(const Script& script, const Asked& asked);

/// A DeepSeek-shaped error body.
std::string error_body(int status);

}  // namespace loopback
