// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "answers.hpp"

namespace bench {
namespace {

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: "
    "no-cache\r\n"
    "x-ds-trace-id: 3f1c0c6d\r\nTransfer-Encoding: chunked\r\n\r\n";

using Bytes = std::shared_ptr<const std::string>;
Bytes bytes_of(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// Bytes to send so many times.
struct Part {
  Bytes bytes;
  std::int64_t times = 1;
};

struct Connection {
  int socket = -1;
  std::uint64_t generation = 0;
  std::string in;
  std::deque<Part> out;
  std::size_t sent_of_front = 0;
  bool waits_for_room = false;
  std::int64_t paced_chunks_left = 0;
  std::int64_t interval_ns = 0;
  std::int64_t due_ns = 0;
  bool tells_the_time = false;
};

std::vector<std::string> split_path(std::string_view request) {
  std::vector<std::string> words;
  const std::size_t begin = request.find('/');
  const std::string_view path = request.substr(begin, request.find(' ', begin) - begin);
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    words.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  words.resize(std::max<std::size_t>(words.size(), 4));
  return words;
}

class Loop {
 public:
  Loop(int listener, Counts& counts)
      : listener_(listener), accepted_(counts.accepted), epoll_(epoll_create1(0)) {
    const PreparedStream stream = prepare_stream(ChunkKind::text);
    for (const Framing framing : {Framing::pieces, Framing::events}) {
      Prepared& prepared = streams_[framing == Framing::events ? "events" : "pieces"];
      prepared.head = bytes_of(std::string(stream_head) + framed(stream.head, framing));
      prepared.block = bytes_of(framed(stream.block, framing));
      prepared.tail = bytes_of(framed(stream.tail, framing) + std::string(last_frame));
    }
    paced_ = bytes_of(framed(text_event(" river"), Framing::events));
    small_answer_ = bytes_of(small_answer());
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    for (;;) {
      epoll_event events[256];
      const int count = epoll_wait(epoll_, events, 256, milliseconds_to_wait());
      for (int i = 0; i < count; ++i) act_on(events[i]);
      send_due();
    }
  }

 private:
  struct Prepared {
    Bytes head, block, tail;
  };

  void watch(int descriptor, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, operation, descriptor, &event);
  }

  int milliseconds_to_wait() const {
    if (due_.empty()) return -1;
    const std::int64_t left = std::get<0>(due_.top()) - monotonic_ns();
    return left <= 0 ? 0 : static_cast<int>((left + 999'999) / 1'000'000);
  }

  void act_on(const epoll_event& event) {
    if (event.data.fd == listener_) return accept_all();
    Connection& connection = connections_[event.data.fd];
    if ((event.events & EPOLLOUT) != 0) flush(connection);
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(connection);
  }

  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      ++accepted_;
      send_without_delay(socket);
      Connection& connection = connections_[socket];
      connection = Connection{};
      connection.socket = socket;
      connection.generation = ++generations_;
      watch(socket, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void receive(Connection& connection) {
    char buffer[65536];
    const ssize_t got = recv(connection.socket, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close(connection.socket);
      connections_.erase(connection.socket);
      return;
    }
    connection.in.append(buffer, static_cast<std::size_t>(got));
    while (const std::size_t length = request_length(connection.in)) {
      const std::vector<std::string> words = split_path(connection.in);
      connection.in.erase(0, length);
      answer(connection, words);
    }
  }

  void answer(Connection& connection, const std::vector<std::string>& words) {
    const std::int64_t count = std::atoll(words[1].c_str());
    if (words[0] == "stream") {
      const Prepared& stream = streams_[words[2] == "events" ? "events" : "pieces"];
      connection.out.push_back({stream.head, 1});
      connection.out.push_back({stream.block, count / PreparedStream::chunks_per_block});
      connection.out.push_back({stream.tail, 1});
    } else if (words[0] == "paced" || words[0] == "clock") {
      connection.out.push_back({streams_["events"].head, 1});
      connection.tells_the_time = words[0] == "clock";
      connection.paced_chunks_left = count;
      connection.interval_ns = std::atoll(words[2].c_str()) * 1000;
      gathered_.push_back({connection.socket, connection.generation});
      if (static_cast<std::int64_t>(gathered_.size()) >= std::atoll(words[3].c_str())) begin();
    } else if (words[0] == "reply") {
      connection.out.push_back({bytes_of(answer_of(count)), 1});
    } else {
      connection.out.push_back({small_answer_, 1});
    }
    flush(connection);
  }

  /// Streams that begin together do not go on in step.
  void begin() {
    const std::int64_t now = monotonic_ns();
    for (const auto& [socket, generation] : gathered_) {
      const auto found = connections_.find(socket);
      if (found == connections_.end() || found->second.generation != generation) continue;
      Connection& connection = found->second;
      const auto phase = static_cast<std::int64_t>(generation * 617 % 1000);
      connection.due_ns = now + connection.interval_ns + connection.interval_ns * phase / 1000;
      due_.push({connection.due_ns, socket, generation});
    }
    gathered_.clear();
  }

  void send_due() {
    while (!due_.empty() && std::get<0>(due_.top()) <= monotonic_ns()) {
      const auto [at, socket, generation] = due_.top();
      due_.pop();
      const auto found = connections_.find(socket);
      if (found == connections_.end() || found->second.generation != generation) continue;
      Connection& connection = found->second;
      if (connection.paced_chunks_left-- > 0) {
        connection.out.push_back({connection.tells_the_time ? time_event() : paced_, 1});
        connection.due_ns += connection.interval_ns;
        due_.push({connection.due_ns, socket, generation});
      } else {
        connection.out.push_back({streams_["events"].tail, 1});
      }
      flush(connection);
    }
  }

  static Bytes time_event() {
    return bytes_of(framed(text_event(std::to_string(monotonic_ns())), Framing::events));
  }

  void flush(Connection& connection) {
    while (!connection.out.empty()) {
      Part& part = connection.out.front();
      const std::size_t left = part.bytes->size() - connection.sent_of_front;
      const ssize_t sent =
          part.times <= 0 ? 0
                          : send(connection.socket, part.bytes->data() + connection.sent_of_front,
                                 left, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) connection.out.clear();
      if (sent < 0) return;  // The client is gone; `receive` sees that too.
      connection.sent_of_front += static_cast<std::size_t>(sent);
      if (part.times > 0 && connection.sent_of_front < part.bytes->size()) continue;
      connection.sent_of_front = 0;
      if (--part.times <= 0) connection.out.pop_front();
    }
    const bool waits = !connection.out.empty();
    if (waits == connection.waits_for_room) return;
    connection.waits_for_room = waits;
    watch(connection.socket, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  }

  using Due = std::tuple<std::int64_t, int, std::uint64_t>;

  const int listener_;
  std::atomic<std::int64_t>& accepted_;
  const int epoll_;
  std::unordered_map<int, Connection> connections_;
  std::uint64_t generations_ = 0;
  std::vector<std::pair<int, std::uint64_t>> gathered_;  // Whose streams have not begun.
  std::priority_queue<Due, std::vector<Due>, std::greater<Due>> due_;
  std::map<std::string, Prepared> streams_;
  Bytes paced_;
  Bytes small_answer_;
};

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Server::Server() : process_([](int listener, Counts& counts) { Loop(listener, counts).run(); }) {}

std::string Server::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(process_.port()) + path;
}

}  // namespace bench
