// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/loop.hpp"
#include "tally/result.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Header lines, in order. They hold the key: never log them.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// A request as a transport sends it. Plain data.
struct HttpRequest {
  std::string url;
  std::shared_ptr<const HttpHeaders> headers;  ///< Shared by all calls of a client; never null.
  std::shared_ptr<const std::string> body;     ///< POST; shared, so that a retry sends the
                                               ///< same bytes. Null: GET.
};

/// How a transfer ended, below HTTP.
enum class TransferResult {
  complete,            ///< The peer ended the body properly; proves nothing about the answer.
  connect_failed,      ///< No connection (name, refused, unreachable, proxy).
  tls_failed,          ///< The server's certificate, or the handshake.
  send_failed,         ///< Broke while the request went out.
  receive_failed,      ///< Broke, or was cut, while the answer was awaited or came in.
  refused_by_handler,  ///< `TransferHandler::on_body` said abort.
  failed,              ///< Anything else; `message` says what.
  not_http,            ///< What came back is no HTTP answer.
  cancelled,           ///< Ended on this side, and not by `Transport::cancel`.
};

/// How long the stages of a transfer took, each from its beginning; absent: it did not come to
/// that.
struct TransferTimes {
  std::optional<std::chrono::microseconds> name_lookup;
  std::optional<std::chrono::microseconds> connect;  ///< 0 on a connection that stood already.
  std::optional<std::chrono::microseconds> tls;
  std::optional<std::chrono::microseconds> first_byte;
  std::uint64_t bytes_sent = 0;      ///< Of the request's body.
  std::uint64_t bytes_received = 0;  ///< Of the answer's body.
  bool connection_was_reused = false;
};

struct TransferEnd {
  TransferResult result = TransferResult::complete;
  std::string message{};      ///< In words, without secrets.
  bool request_sent = false;  ///< The last byte of the request had been handed to the network.
  TransferTimes times{};
};

/// What a handler answers to a piece of body.
enum class BodyFlow {
  keep,
  pause,  ///< Nothing of this piece was taken; it comes again after `Transport::resume`.
  abort,
};

/// Receives one transfer. The engine implements it; a transport calls it, only from inside
/// `Transport::drive`, in this order: connected, header..., head, body..., end. After `on_end`, or
/// after `Transport::cancel`, it is never called again.
class TALLY_API TransferHandler {
 public:
  virtual ~TransferHandler() = default;
  virtual void on_connected() = 0;  ///< A connection stands; the request goes out now.
  virtual void on_header(std::string_view name, std::string_view value) = 0;
  virtual void on_head(int status) = 0;  ///< The header block is complete.
  virtual BodyFlow on_body(std::string_view bytes) = 0;
  virtual void on_end(const TransferEnd& end) = 0;
};

using TransferId = std::uint64_t;

/// The seam below the client: HTTP as a set of transfers that one thread drives. The default speaks
/// libcurl; a console, a browser or a test brings its own. One thread at a time, but for `wake`.
///
/// A transport keeps no clock: the client's own end a transfer by `cancel`.
class TALLY_API Transport {
 public:
  virtual ~Transport() = default;

  /// Begins a transfer; nothing is called before the next `drive`. `handler` outlives the transfer.
  /// 0 is never returned as an id.
  virtual Result<TransferId> start(HttpRequest request, TransferHandler& handler) = 0;
  virtual void pause(TransferId id) = 0;
  virtual void resume(TransferId id) = 0;
  /// Ends a transfer at once and closes its connection; unknown ids are ignored.
  virtual void cancel(TransferId id) = 0;

  /// Does what can be done now; if that is nothing, waits up to `wait` (0: not at all) for more.
  virtual void drive(std::chrono::microseconds wait) = 0;

  /// When `drive` wants to be called although no socket is ready; `SteadyInstant::max()`: never.
  virtual SteadyInstant next_deadline() const = 0;

  /// Ends a waiting `drive` early. From any thread.
  virtual void wake() = 0;

  /// Connections that lie idle are not used again: the machine slept, and their peers may be gone.
  virtual void forget_idle_connections() {}

  // For a host's own loop. A transport that has no sockets to show is driven by timer.

  /// Before the first `start`: shows its sockets from now on. False: it has none to show.
  virtual bool show_sockets() { return false; }
  /// What is to be watched since the last call, in order. One of them may be how `wake` is heard.
  virtual std::vector<SocketWatch> take_watches() { return no_watches(); }
  /// What the host's loop saw: for the next `drive`.
  virtual void note_ready(SocketHandle, SocketReady) {}

 private:
  static std::vector<SocketWatch> no_watches();
};

/// Makes one transport for each lane of a client.
using TransportFactory = std::function<Result<std::unique_ptr<Transport>>()>;

enum class HttpVersion {
  http1,  ///< One connection for each transfer under way.
  http2,  ///< Over TLS where the server offers it; transfers share a connection.
};

/// What the libcurl transport can be told. Plain data. TLS verification cannot be switched off.
struct CurlOptions {
  std::string
      ca_file{};  ///< PEM; empty: the system's. The fastest way: parsed once for a transport.
  std::string ca_pem{};  ///< PEM text instead of a file; parsed anew for each connection.
  std::string client_certificate{};  ///< PEM file, for servers that ask for one.
  std::string client_key{};          ///< PEM file.
  std::string client_key_password{};
  /// `http://host:port`, `socks5h://host:port`; empty: none. The environment's are not read.
  std::string proxy{};
  std::string proxy_user{};
  std::string proxy_password{};
  /// Addresses that are not to be looked up: `host:port:address`. Then no resolver thread is
  /// started.
  std::vector<std::string> resolve{};
  std::string unix_socket{};  ///< Path of a socket that stands for the server's address.
  HttpVersion http_version = HttpVersion::http1;
  bool compression = false;  ///< Accept gzip and the like; a proxy may then hold a stream back.
  /// What libcurl has to say, line by line, keys taken out. Called outside of libcurl's frames, on
  /// the thread that drives.
  std::function<void(std::string_view line)> trace{};
};

/// The transport over libcurl 7.87 or newer; `unsupported` with the version found otherwise.
TALLY_API TransportFactory curl_transport(CurlOptions options = {});

/// What libcurl in this process is, and whether it serves: `unsupported` names what is missing.
TALLY_API Result<std::string> curl_version();

}  // namespace TALLY_ABI
}  // namespace tally
