// SPDX-License-Identifier: MIT
#pragma once

// A TCP relay on 127.0.0.1 before a server. It passes bytes, and goes wrong exactly where its
// script says: behind so many bytes, or behind a text found in what it passes.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faults {

/// A place in a flow of bytes: right behind the first `second` that follows the first `first`, and
/// `more` bytes on. Without texts: behind `more` bytes. Plain data.
struct Place {
  std::string_view first;
  std::string_view second;
  std::size_t more = 0;

  /// Counted from the flow's beginning; nothing while it has not come.
  std::optional<std::size_t> find_in(std::string_view flow) const;
};

enum class Trouble {
  none,
  close,    ///< FIN.
  reset,    ///< RST.
  stall,    ///< Nothing is passed any more; the connection stays.
  swallow,  ///< The server's bytes are read and dropped: it believes that they arrived.
  slice,    ///< One byte a write from here on.
  slow,     ///< 100 bytes every 10 ms from here on.
};

enum class Side { accept, request, answer };

/// What happens on one connection. Plain data.
struct ConnectionScript {
  Trouble trouble = Trouble::none;
  Side side = Side::answer;  ///< `accept`: before anything is read.
  Place place;
  std::string says;           ///< Sent to the client at the place, before the trouble.
  bool answers = false;       ///< `says` is the answer to the first request, which goes no further.
  bool small_window = false;  ///< Takes so little ahead that a large request has to wait.
};

enum class Door {
  open,
  refusing,  ///< Nobody listens.
  deaf,      ///< A SYN is never answered.
};

struct ProxyScript {
  std::vector<ConnectionScript> connections;  ///< Of the first ones, in their order.
  ConnectionScript rest;                      ///< Of all others.
  Door door = Door::open;
  std::size_t shuts_after = 0;  ///< That many connections; 0: never.
};

/// What was seen, by the bytes alone.
struct Journal {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;   ///< Begun, and connections that brought none.
  std::uint64_t forwarded = 0;  ///< Requests that reached the server whole.
  std::uint64_t request_bytes = 0;
  std::uint64_t answer_bytes = 0;  ///< That were handed to the client.
  bool reached = false;            ///< The trouble has happened.
  bool payload_passed = false;     ///< A byte of a 2xx answer's payload went to the client ...
  std::uint64_t replays = 0;       ///< ... and requests were begun after that.
};

/// Relays from construction to destruction. May be shared by threads.
class FaultProxy {
 public:
  FaultProxy(int server_port, ProxyScript script);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  int port() const;
  Journal journal() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace faults
