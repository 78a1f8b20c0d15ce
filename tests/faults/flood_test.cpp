// SPDX-License-Identifier: MIT

// A server that sends 200 MB of something: each kind meets a limit, and memory stays far below what
// is sent.

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tally/tally.hpp"

using namespace std::chrono_literals;
using tally::ErrorKind;

namespace {

constexpr std::size_t flood_bytes = 200u << 20;
constexpr std::size_t limit_bytes = 4u << 20;
constexpr std::size_t most_growth = 64u << 20;

/// Answers one connection with `head`, then with `block` over and over, until 200 MB are out or
/// nobody reads any more.
class FloodServer {
 public:
  FloodServer(std::string head, std::string block)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)),
        head_(std::move(head)),
        block_(std::move(block)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 1) == 0);
    socklen_t length = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~FloodServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::size_t sent() const { return sent_; }

 private:
  void serve() {
    const int connection = ::accept(socket_, nullptr, nullptr);
    if (connection < 0) return;
    std::string request(65536, '\0');
    (void)::recv(connection, request.data(), request.size(), 0);
    bool is_read = put(connection, head_);
    while (is_read && sent_ < flood_bytes) is_read = put(connection, block_);
    ::close(connection);
  }

  bool put(int connection, const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto count = ::send(connection, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
      sent_ += static_cast<std::size_t>(count);
    }
    return true;
  }

  int socket_;
  int port_ = 0;
  std::string head_;
  std::string block_;
  std::atomic<std::size_t> sent_{0};
  std::thread thread_;
};

std::size_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

tally::Client client_of(const FloodServer& server) {
  tally::ClientOptions options;
  options.api_key = "sk-canary";
  options.base_url = server.url();
  options.provider = "deepseek";
  options.retries.most = 0;
  options.clocks.first_byte = 3s;
  options.limits.line_bytes = options.limits.event_bytes = limit_bytes / 4;
  options.limits.reply_bytes = limit_bytes;
  options.limits.queued_deltas = 256;
  return *tally::Client::open(options);
}

tally::ChatRequest question() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

std::string times(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

const std::string ok_head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
const std::string delta =
    R"(data: {"choices":[{"index":0,"delta":{"content":"0123456789abcdef"}}]})"
    "\n\n";

}  // namespace

TEST_CASE("flood: 200 MB of each kind meet a limit, and the memory stays bounded") {
  struct Row {
    const char* what;
    std::string head;
    std::string block;
    ErrorKind kind;
  };
  const std::vector<Row> rows = {
      {"one line", ok_head + "data: ", times("x", 65536), ErrorKind::limit_exceeded},
      {"one event of many lines", ok_head, times("data: xxxxxxxxxxxxxxxx\n", 1000),
       ErrorKind::limit_exceeded},
      {"one document", ok_head + "{\"a\":\"", times("x", 65536), ErrorKind::limit_exceeded},
      {"many deltas", ok_head, times(delta, 500), ErrorKind::limit_exceeded},
      {"white space", ok_head, times("\n", 65536), ErrorKind::malformed_reply},
      {"comments", ok_head, times(": keep-alive\n\n", 4000), ErrorKind::malformed_reply},
      {"HTML", ok_head + "<html>", times("<p>no</p>", 7000), ErrorKind::malformed_reply},
      {"an error's text", "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", times("x", 65536),
       ErrorKind::server},
      {"one header", "HTTP/1.1 200 OK\r\nX-Long: ", times("x", 65536), ErrorKind::connection},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::size_t before = peak_bytes();
    FloodServer server(row.head, row.block);
    const tally::Completion completion =
        client_of(server).chat(question(), [](const tally::Delta&) { return tally::Flow::keep; });
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == row.kind);
    CHECK(completion.reply.error().charge_possible);
    CHECK(completion.receipt.state == tally::BillState::estimated);
    const std::size_t growth = peak_bytes() - before;
    MESSAGE(std::string(row.what) << ": " << (server.sent() >> 20) << " MB sent, peak grew by "
                                  << (growth >> 20) << " MB");
    CHECK(growth < most_growth);
  }
}

TEST_CASE("flood: what nobody pulls stays with the server") {
  const std::size_t before = peak_bytes();
  FloodServer server(ok_head, times(delta, 500));
  const tally::Client client = client_of(server);
  client.chat_start(question());
  for (int i = 0; i < 200; ++i) {
    REQUIRE(client.poll());
    std::this_thread::sleep_for(1ms);
  }
  // Beyond the queue only the sockets' buffers are full.
  CHECK(client.poll()->events_ready < 2000);
  CHECK(server.sent() < flood_bytes / 4);
  CHECK(peak_bytes() - before < most_growth);
}
