// SPDX-License-Identifier: MIT
#pragma once

// A host's loop in its smallest form: poll(2) over what it was told to watch.

#include <doctest/doctest.h>
#if defined(_WIN32)
#include <winsock2.h>
#else
#include <poll.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "tally/loop.hpp"

namespace integration {

#if defined(_WIN32)
inline void poll_sockets(std::vector<pollfd>& sockets, std::chrono::milliseconds longest) {
  if (sockets.empty()) return std::this_thread::sleep_for(longest);  // An error to WSAPoll.
  ::WSAPoll(sockets.data(), static_cast<ULONG>(sockets.size()), static_cast<int>(longest.count()));
}
#else
inline void poll_sockets(std::vector<pollfd>& sockets, std::chrono::milliseconds longest) {
  ::poll(sockets.data(), sockets.size(), static_cast<int>(longest.count()));
}
#endif

/// How many sockets a transport shows that needs none: what tells of `wake`, which nothing can on
/// Windows.
#if defined(_WIN32)
inline constexpr std::size_t idle_watches = 0;
#else
inline constexpr std::size_t idle_watches = 1;
#endif

class PollLoop {
 public:
  using Ready = std::pair<tally::SocketHandle, tally::SocketReady>;

  void watch(const tally::SocketWatch& watch) {
    if (watch.read || watch.write) {
      watches_[watch.socket] = watch;
      return;
    }
    // A loop is not to be told of the end of something that it never heard of.
    CHECK(watches_.erase(watch.socket) == 1);
  }

  const std::map<tally::SocketHandle, tally::SocketWatch>& watches() const { return watches_; }

  /// What became ready within `longest`; nothing, if nothing did.
  std::vector<Ready> wait(std::chrono::microseconds longest) const {
    std::vector<pollfd> sockets;
    for (const auto& [socket, watch] : watches_) {
      const int events = (watch.read ? POLLIN : 0) | (watch.write ? POLLOUT : 0);
      sockets.push_back({socket, static_cast<short>(events), 0});
    }
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(longest, std::chrono::microseconds(0)));
    poll_sockets(sockets, rounded);
    std::vector<Ready> ready;
    for (const pollfd& each : sockets) {
      if (each.revents == 0) continue;
      CHECK((each.revents & POLLNVAL) == 0);  // Watched, and closed already.
      ready.push_back(
          {each.fd, {(each.revents & (POLLIN | POLLHUP)) != 0, (each.revents & POLLOUT) != 0}});
    }
    return ready;
  }

 private:
  std::map<tally::SocketHandle, tally::SocketWatch> watches_;
};

}  // namespace integration
