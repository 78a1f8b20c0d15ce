// SPDX-License-Identifier: MIT
#pragma once

// A server that is never the bottleneck: its own process, one thread, prepared bytes. What it
// answers is in the path of the request, so that a client asks for it by its base URL:
//
//   /stream/<chunks>/pieces/...   a stream as fast as the socket takes it, in 16 KB HTTP chunks
//   /stream/<chunks>/events/...   the same with an HTTP chunk for each event
//   /small/...                    a small document
//   /reply/<bytes>/...            a document whose text is so long
//   /paced/<chunks>/<us>/...      a stream of one event every so many microseconds
//   /paced/<chunks>/<us>/<n>/...  the same, begun when n have been asked for
//   /clock/<chunks>/<us>/...      the same; the text is CLOCK_MONOTONIC at the send, in nanoseconds

#include <cstdint>
#include <string>

#include "server_process.hpp"

namespace bench {

std::int64_t monotonic_ns();

/// Serves from construction to destruction.
class Server {
 public:
  Server();

  std::string url(const std::string& path) const;
  std::int64_t accepted() const { return process_.counts().accepted; }

 private:
  const ServerProcess process_;
};

}  // namespace bench
