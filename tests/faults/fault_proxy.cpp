// SPDX-License-Identifier: MIT
#include "fault_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace faults {
namespace {

using namespace std::chrono_literals;

constexpr int look_every_ms = 20;  // How soon a thread sees that its proxy ends.

/// An open descriptor, or none. Move-only.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { close(); }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

sockaddr_in loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

Socket new_socket(int extra_flags = 0) {
  return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | extra_flags, 0));
}

bool connect_to(const Socket& socket, int port) {
  const sockaddr_in address = loopback_address(port);
  return ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Counts requests in what a client sends. Anything that is no HTTP counts as one that never ends.
class RequestCounter {
 public:
  struct News {
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
  };

  News take(std::string_view bytes) {
    News news;
    while (!bytes.empty()) {
      if (body_left_ == 0) {
        if (head_.empty()) ++news.begun;
        bytes = take_head(bytes);
        if (head_is_complete_ && body_left_ == 0) end_request(news);
        continue;
      }
      const std::size_t part = std::min(body_left_, bytes.size());
      body_left_ -= part;
      bytes.remove_prefix(part);
      if (body_left_ == 0) end_request(news);
    }
    return news;
  }

 private:
  void end_request(News& news) {
    ++news.ended;
    head_.clear();
    head_is_complete_ = false;
  }

  std::string_view take_head(std::string_view bytes) {
    const std::size_t before = head_.size();
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == head_.npos) return {};
    head_is_complete_ = true;
    constexpr std::string_view name = "Content-Length: ";
    const std::size_t length = head_.find(name);
    if (length < end) {
      body_left_ = std::strtoull(head_.c_str() + length + name.size(), nullptr, 10);
    }
    return bytes.substr(end + 4 - before);
  }

  std::string head_;
  bool head_is_complete_ = false;
  std::size_t body_left_ = 0;
};

/// The journal, shared by the connections of a proxy.
class Notes {
 public:
  template <class Change>
  void change(Change change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    change(journal_);
  }
  Journal copy() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return journal_;
  }

 private:
  mutable std::mutex mutex_;
  Journal journal_;
};

/// One connection of a client, and the proxy's own to the server. One thread.
class Link {
 public:
  Link(Socket client, int server_port, const ConnectionScript& script, Notes& notes,
       const std::atomic<bool>& stops)
      : client_(std::move(client)),
        server_port_(server_port),
        script_(script),
        notes_(notes),
        stops_(stops) {}

  void run() {
    note_attempts(1);
    if (script_.side == Side::accept && script_.trouble != Trouble::none && !trouble({})) return;
    std::array<char, 65536> buffer;
    while (!stops_) {
      std::array<pollfd, 2> ready = {{{client_.fd(), POLLIN, 0}, {server_.fd(), POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), look_every_ms) <= 0) continue;
      if (ready[0].revents != 0) {
        const ssize_t size = ::recv(client_.fd(), buffer.data(), buffer.size(), 0);
        if (size <= 0 || !from_client({buffer.data(), static_cast<std::size_t>(size)})) return;
      }
      if (ready[1].revents != 0) {
        const ssize_t size = ::recv(server_.fd(), buffer.data(), buffer.size(), 0);
        if (size <= 0 || !from_server({buffer.data(), static_cast<std::size_t>(size)})) return;
      }
    }
  }

 private:
  enum class Pace { full, slices, slow };

  void note_attempts(std::uint64_t count) {
    notes_.change([count](Journal& journal) {
      journal.requests += count;
      if (journal.payload_passed) journal.replays += count;
    });
  }

  // False: the connection is over.
  bool from_client(std::string_view bytes) {
    const RequestCounter::News news = requests_.take(bytes);
    notes_.change([&](Journal& journal) { journal.request_bytes += bytes.size(); });
    requests_begun_ += news.begun;
    // The connection itself was counted as the first one.
    if (requests_begun_ > 1) note_attempts(std::min(news.begun, requests_begun_ - 1));
    if (script_.answers && !tripped_) {
      if (news.ended == 0) return true;
      return trouble({});
    }
    if (is_swallowing_) return true;
    request_size_ += bytes.size();
    if (script_.side == Side::request && !tripped_ && request_size_ > script_.place.more) {
      const std::size_t left = request_size_ - script_.place.more;
      if (!to_server(bytes.substr(0, bytes.size() - left), 0)) return false;
      return trouble(bytes.substr(bytes.size() - left));
    }
    return to_server(bytes, news.ended);
  }

  bool to_server(std::string_view bytes, std::uint64_t requests_ended) {
    if (!server_.is_open()) {
      server_ = new_socket();
      if (!connect_to(server_, server_port_)) return false;
    }
    // Counted before it leaves: whoever has read it must find it counted.
    notes_.change([&](Journal& journal) { journal.forwarded += requests_ended; });
    return send_all(server_, bytes);
  }

  bool from_server(std::string_view bytes) {
    if (is_swallowing_) return true;
    const std::size_t before = answer_.size();
    answer_ += bytes;
    if (script_.side == Side::answer && !script_.answers && !tripped_ &&
        script_.trouble != Trouble::none) {
      if (const auto at = script_.place.find_in(answer_)) {
        const std::size_t rest = *at - before;
        return to_client(bytes.substr(0, rest)) && trouble(bytes.substr(rest));
      }
    }
    return to_client(bytes);
  }

  bool to_client(std::string_view bytes) {
    passed_ += bytes.size();
    const std::string_view passed = std::string_view(answer_).substr(0, passed_);
    const bool has_payload = passed.substr(0, 10) == "HTTP/1.1 2" &&
                             passed.find('{', passed.find("\r\n\r\n")) != passed.npos;
    notes_.change([&](Journal& journal) {
      journal.answer_bytes += bytes.size();
      journal.payload_passed |= has_payload;
    });
    return send_all(client_, bytes);
  }

  // What the script wants here; `left` is what was read and not passed. False: the end.
  bool trouble(std::string_view left) {
    tripped_ = true;
    if (!script_.says.empty() && !send_all(client_, script_.says)) return false;
    // What was passed shall be read before the connection breaks.
    if (script_.trouble == Trouble::close || script_.trouble == Trouble::reset) {
      if (script_.side != Side::accept) std::this_thread::sleep_for(30ms);
    }
    if (script_.trouble == Trouble::swallow) is_swallowing_ = true;
    notes_.change([](Journal& journal) { journal.reached = true; });
    switch (script_.trouble) {
      case Trouble::none:
      case Trouble::swallow:
        return true;
      case Trouble::close:
        // A server that closes while a request comes in does not go on reading it.
        if (script_.side == Side::request) return false;
        ::shutdown(client_.fd(), SHUT_WR);
        wait_until_client_goes();
        return false;
      case Trouble::reset: {
        const linger now{1, 0};
        ::setsockopt(client_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        client_.close();
        return false;
      }
      case Trouble::stall:
        wait_until_client_goes();
        return false;
      case Trouble::slice:
        pace_ = Pace::slices;
        break;
      case Trouble::slow:
        pace_ = Pace::slow;
        break;
    }
    if (left.empty()) return true;
    return script_.side == Side::request ? to_server(left, 1) : to_client(left);
  }

  void wait_until_client_goes() {
    while (!stops_) {
      pollfd ready{client_.fd(), POLLRDHUP, 0};
      if (::poll(&ready, 1, look_every_ms) > 0) return;
    }
  }

  bool send_all(const Socket& to, std::string_view bytes) {
    const std::size_t step = pace_ == Pace::full     ? bytes.size()
                             : pace_ == Pace::slices ? std::size_t{1}
                                                     : std::size_t{100};
    while (!bytes.empty()) {
      if (stops_) return false;
      if (pace_ == Pace::slow) std::this_thread::sleep_for(10ms);
      const ssize_t size =
          ::send(to.fd(), bytes.data(), std::min(step, bytes.size()), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  Socket client_;
  Socket server_;
  const int server_port_;
  const ConnectionScript script_;
  Notes& notes_;
  const std::atomic<bool>& stops_;

  RequestCounter requests_;
  std::uint64_t requests_begun_ = 0;
  std::size_t request_size_ = 0;
  std::string answer_;
  std::size_t passed_ = 0;
  bool tripped_ = false;
  bool is_swallowing_ = false;
  Pace pace_ = Pace::full;
};

}  // namespace

std::optional<std::size_t> Place::find_in(std::string_view flow) const {
  std::size_t at = 0;
  for (const std::string_view text : {first, second}) {
    const std::size_t found = flow.find(text, at);
    if (found == flow.npos) return std::nullopt;
    at = found + text.size();
  }
  at += more;
  return at <= flow.size() ? std::optional(at) : std::nullopt;
}

struct FaultProxy::State {
  int server_port;
  ProxyScript script;
  Socket listener;
  int port = 0;
  std::vector<Socket> backlog;  // Fills the queue of a deaf door.
  Notes notes;
  std::atomic<bool> stops{false};
  std::thread acceptor;
  std::vector<std::thread> links;

  void open_door() {
    listener = new_socket();
    const sockaddr_in any = loopback_address(0);
    ::bind(listener.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&bound), &size);
    port = ntohs(bound.sin_port);
    if (script.door == Door::refusing) return;  // A bound port is nobody else's, and refuses.
    if (script.rest.small_window) {
      const int window = 16384;
      ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    }
    ::listen(listener.fd(), script.door == Door::deaf ? 0 : 64);
    if (script.door == Door::open) return;
    // A full queue drops every further SYN.
    for (int i = 0; i < 4; ++i) {
      backlog.push_back(new_socket(SOCK_NONBLOCK));
      connect_to(backlog.back(), port);
    }
    std::this_thread::sleep_for(20ms);
  }

  void accept_all() {
    std::size_t accepted = 0;
    while (!stops) {
      pollfd ready{listener.fd(), POLLIN, 0};
      if (::poll(&ready, 1, look_every_ms) <= 0) continue;
      Socket client(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client.is_open()) continue;
      const int at_once = 1;
      ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
      const ConnectionScript& of =
          accepted < script.connections.size() ? script.connections[accepted] : script.rest;
      notes.change([](Journal& journal) { ++journal.connections; });
      ++accepted;
      const bool was_last = accepted == script.shuts_after;
      if (was_last) listener.close();  // Before this one is answered.
      links.emplace_back([this, of, held = std::move(client)]() mutable {
        Link(std::move(held), server_port, of, notes, stops).run();
      });
      if (was_last) return;
    }
  }
};

FaultProxy::FaultProxy(int server_port, ProxyScript script) : state_(std::make_unique<State>()) {
  state_->server_port = server_port;
  state_->script = std::move(script);
  state_->open_door();
  if (state_->script.door == Door::open) {
    state_->acceptor = std::thread([this] { state_->accept_all(); });
  }
}

FaultProxy::~FaultProxy() {
  state_->stops = true;
  if (state_->acceptor.joinable()) state_->acceptor.join();
  for (std::thread& link : state_->links) link.join();
}

int FaultProxy::port() const { return state_->port; }
Journal FaultProxy::journal() const { return state_->notes.copy(); }

}  // namespace faults
