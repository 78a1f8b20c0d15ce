// SPDX-License-Identifier: MIT
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tally/loop.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Waits for the sockets of one CURLM and lets it work. One thread at a time, but for `wake`.
class CurlPoller {
 public:
  virtual ~CurlPoller() = default;

  /// Lets curl do what it can now; if that is nothing, waits up to `wait` for a socket, a timer of
  /// curl's or `wake`, and then lets curl work.
  virtual void turn(std::chrono::microseconds wait) = 0;

  /// When curl wants a turn although no socket is ready.
  virtual SteadyInstant next_deadline() const = 0;

  virtual void wake() = 0;

  /// Whether a finished handle may stay in the multi: a turn then costs nothing for it.
  virtual bool passes_over_finished() const { return false; }

  // For a host's own loop, as `Transport` says.
  virtual std::vector<SocketWatch> take_watches() { return {}; }
  virtual void note_ready(SocketHandle, SocketReady) {}
};

/// `curl_multi_socket_action` over epoll: at 1,000 streams a third of the CPU of `curl_multi_poll`,
/// which builds its poll set anew at each wake. Null where there is no epoll.
std::unique_ptr<CurlPoller> make_epoll_poller(CURLM* multi);

/// `curl_multi_poll`: runs wherever libcurl does.
std::unique_ptr<CurlPoller> make_portable_poller(CURLM* multi);

/// `curl_multi_socket_action` over sockets that a host's loop watches: a turn acts on what that
/// loop saw, and looks for itself only where it saw nothing. `wake` is heard by one of the watches;
/// on Windows, where no descriptor can tell of it, only by a turn that waits. Null: no descriptor.
std::unique_ptr<CurlPoller> make_host_poller(CURLM* multi);

}  // namespace TALLY_ABI
}  // namespace tally
