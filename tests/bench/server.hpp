// SPDX-License-Identifier: MIT
#pragma once

// A server that is never the bottleneck: its own process, one thread, prepared bytes. What it
// answers is in the path of the request, so that a client asks for it by its base URL:
//
//   /stream/<chunks>/pieces/...   a stream as fast as the socket takes it, in 16 KB HTTP chunks
//   /stream/<chunks>/events/...   the same with an HTTP chunk for each event
//   /small/...                    a small document
//   /paced/<chunks>/<us>/...      a stream of one event every so many microseconds
//   /clock/<chunks>/<us>/...      the same; the text is CLOCK_MONOTONIC at the send, in nanoseconds

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

std::int64_t monotonic_ns();

/// Serves from construction to destruction.
class Server {
 public:
  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url(const std::string& path) const;
  std::int64_t accepted() const;  ///< TCP connections so far.

 private:
  struct Shared;
  Shared* shared_ = nullptr;
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace bench
