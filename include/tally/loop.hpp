// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "tally/export.h"
#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

#ifdef _WIN32
using SocketHandle = std::uintptr_t;  ///< A SOCKET.
#else
using SocketHandle = int;  ///< A file descriptor.
#endif

/// What a host's loop is to watch a socket for; neither: it is not to be watched any more. Plain
/// data.
struct SocketWatch {
  SocketHandle socket{};
  bool read = false;
  bool write = false;
};

/// What a host's loop saw of a socket; neither: an error, or it does not know. Plain data.
struct SocketReady {
  bool read = false;
  bool write = false;
};

/// A loop of the host's own (Qt, GLib, libuv) instead of `poll`: tally says which sockets and which
/// timer it wants watched, and is told by `Client::drive_socket` and `Client::drive_timer`.
///
/// Both functions are called on the thread that called the client, after its work, with no lock
/// held; they may use the client. A watch holds until it is changed, and is level-triggered. What
/// is to be watched no more may be closed already.
///
/// The first call is to be started on the loop's thread: from then on one of the watches hears of
/// what other threads start and cancel. `Client::suspend` takes all watches back until `resume`,
/// `Client::shutdown` for good: after it neither function is called any more.
struct HostLoop {
  std::function<void(const SocketWatch&)> on_socket{};
  /// `Client::drive_timer` is wanted this long from now, once, instead of when it was wanted
  /// before; absent: not any more.
  std::function<void(std::optional<std::chrono::microseconds>)> on_timer{};
};

}  // namespace TALLY_ABI
}  // namespace tally
