// SPDX-License-Identifier: MIT
#pragma once

// What the benchmark's servers share: a process of their own, and requests as bytes.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace bench {

/// What a server counts while it runs, for both processes.
struct Counts {
  std::atomic<std::int64_t> accepted{0};  ///< TCP connections.
  std::atomic<std::int64_t> resumed{0};   ///< Of these, those with a TLS session known before.
};

/// A server on a port of loopback, from construction to destruction.
class ServerProcess {
 public:
  /// Runs in the new process, and never returns. The listener does not block.
  using Serve = std::function<void(int listener, Counts& counts)>;

  explicit ServerProcess(const Serve& serve);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }
  const Counts& counts() const { return *counts_; }

 private:
  Counts* counts_ = nullptr;
  int port_ = 0;
  pid_t process_ = -1;
};

/// The length of the first request in `in`; 0: it is not whole yet.
std::size_t request_length(std::string_view in);

/// Small pieces leave at once, as from any server that streams.
void send_without_delay(int socket);

}  // namespace bench
