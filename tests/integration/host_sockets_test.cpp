// SPDX-License-Identifier: MIT

// The libcurl transport over the sockets that a host's loop watches, without a client.

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "integration/poll_loop.hpp"
#include "loopback_provider.hpp"
#include "transport/curl_transport.hpp"

using namespace std::chrono_literals;
using integration::idle_watches;
using loopback::LoopbackProvider;
using tally::BodyFlow;
using tally::TransferResult;

namespace {

constexpr auto patience = 30s;

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

std::unique_ptr<tally::Transport> transport_of() {
  return *tally::make_curl_transport({}, tally::PollerChoice::fastest);
}

tally::HttpRequest three_rivers(const std::string& url, const std::string& script = "") {
  tally::HttpRequest request;
  request.url = url + "/chat/completions";
  request.headers = std::make_shared<const tally::HttpHeaders>(
      tally::HttpHeaders{{"Authorization", "Bearer sk-example"},
                         {"Content-Type", "application/json"},
                         {"x-loopback-script", script}});
  request.body = std::make_shared<const std::string>(
      R"({"model":"deepseek-flash","stream":true,"messages":[{"role":"user","content":"?"}]})");
  return request;
}

struct Heard final : tally::TransferHandler {
  int status = 0;
  std::string body;
  bool pause_next = false;
  std::optional<tally::TransferEnd> end;

  void on_connected() override {}
  void on_header(std::string_view, std::string_view) override {}
  void on_head(int code) override { status = code; }
  BodyFlow on_body(std::string_view bytes) override {
    if (std::exchange(pause_next, false)) return BodyFlow::pause;
    body += bytes;
    return BodyFlow::keep;
  }
  void on_end(const tally::TransferEnd& how) override { end = how; }

  bool is_whole() const {
    return end && end->result == TransferResult::complete && status == 200 &&
           body.find("\" Amazon\"") != std::string::npos &&
           body.find("data: [DONE]") != std::string::npos;
  }
};

/// A transport and the host's loop that drives it: only where a socket is ready or the time has
/// come, so that a watch which is missing stands still.
struct Hosted {
  std::unique_ptr<tally::Transport> transport = transport_of();
  integration::PollLoop loop;

  Hosted() { REQUIRE(transport->show_sockets()); }

  void take_watches() {
    for (const tally::SocketWatch& watch : transport->take_watches()) loop.watch(watch);
  }

  void turn(std::chrono::microseconds longest = 100ms) {
    take_watches();
    const auto until = std::min(now() + longest, transport->next_deadline());
    const auto ready = loop.wait(std::chrono::ceil<std::chrono::microseconds>(until - now()));
    for (const auto& [socket, what] : ready) transport->note_ready(socket, what);
    if (!ready.empty() || now() >= transport->next_deadline()) transport->drive(0us);
  }

  void run_until_end(const Heard& heard) {
    for (const auto until = now() + patience; !heard.end && now() < until;) turn();
    take_watches();
  }
};

}  // namespace

TEST_CASE("host loop: a stream comes whole over watched sockets, also by a name to look up") {
  LoopbackProvider provider;
  Hosted host;
  for (const std::string& url :
       {provider.url(), "http://localhost:" + std::to_string(provider.port())}) {
    Heard heard;
    REQUIRE(host.transport->start(three_rivers(url, "delay_ms=2"), heard));
    host.run_until_end(heard);
    CHECK(heard.is_whole());
    // The connection is kept and lies idle: what is left to watch tells of `wake`.
    CHECK(host.loop.watches().size() == idle_watches);
  }
}

TEST_CASE("host loop: transfers one after the other share a connection") {
  LoopbackProvider provider;
  Hosted host;
  for (int i = 0; i < 3; ++i) {
    Heard heard;
    REQUIRE(host.transport->start(three_rivers(provider.url()), heard));
    host.run_until_end(heard);
    CHECK(heard.is_whole());
  }
  CHECK(provider.served().connections == 1);
}

TEST_CASE("host loop: fifty streams at once come whole") {
  LoopbackProvider provider;
  Hosted host;
  std::deque<Heard> heard(50);
  for (Heard& each : heard) {
    REQUIRE(host.transport->start(three_rivers(provider.url(), "delay_ms=2"), each));
  }
  for (Heard& each : heard) host.run_until_end(each);
  for (const Heard& each : heard) CHECK(each.is_whole());
  CHECK(host.loop.watches().size() == idle_watches);
}

TEST_CASE("host loop: a connection that is refused ends its transfer") {
  LoopbackProvider provider;
  const std::string url = provider.url();
  provider.stop();
  Hosted host;
  Heard heard;
  REQUIRE(host.transport->start(three_rivers(url), heard));
  host.run_until_end(heard);
  REQUIRE(heard.end);
  CHECK(heard.end->result == TransferResult::connect_failed);
  CHECK(host.loop.watches().size() == idle_watches);
}

#if !defined(_WIN32)  // No descriptor tells of it there.
TEST_CASE("host loop: wake from another thread makes a watched descriptor ready, once") {
  Hosted host;
  host.take_watches();
  REQUIRE(host.loop.watches().size() == idle_watches);
  CHECK(host.loop.wait(0us).empty());
  std::thread([&] { host.transport->wake(); }).join();
  const auto ready = host.loop.wait(patience);
  REQUIRE(ready.size() == 1);
  host.transport->note_ready(ready[0].first, ready[0].second);
  host.transport->drive(0us);
  CHECK(host.loop.wait(0us).empty());
}
#endif

TEST_CASE("host loop: a paused transfer is not watched, and goes on when it is resumed") {
  LoopbackProvider provider;
  Hosted host;
  Heard heard;
  heard.pause_next = true;
  const auto id = host.transport->start(three_rivers(provider.url(), "delay_ms=5"), heard);
  REQUIRE(id);
  for (const auto until = now() + patience; heard.pause_next && now() < until;) host.turn();
  host.take_watches();
  CHECK(host.loop.watches().size() == idle_watches);
  CHECK(heard.body.empty());
  host.transport->resume(*id);
  const auto due = host.transport->next_deadline();
  CHECK(due <= now());
  host.run_until_end(heard);
  CHECK(heard.is_whole());
}

TEST_CASE("host loop: a socket's end is told before a new one of the same number begins") {
  LoopbackProvider provider;
  Hosted host;
  Heard first, second;
  const auto id = host.transport->start(three_rivers(provider.url(), "stall_after=2"), first);
  REQUIRE(id);
  for (const auto until = now() + patience; first.body.empty() && now() < until;) host.turn();
  REQUIRE_FALSE(first.body.empty());
  host.take_watches();
  REQUIRE(host.loop.watches().size() == idle_watches + 1);
  host.transport->cancel(*id);
  REQUIRE(host.transport->start(three_rivers(provider.url()), second));
  host.transport->drive(0us);
  const auto changes = host.transport->take_watches();
  REQUIRE(changes.size() == 2);
  CHECK(host.loop.watches().count(changes[0].socket) == 1);
  CHECK_FALSE((changes[0].read || changes[0].write));
  CHECK((changes[1].read || changes[1].write));
  CHECK(changes[0].socket == changes[1].socket);  // The lowest that is free, on every POSIX.
  for (const tally::SocketWatch& each : changes) host.loop.watch(each);
  host.run_until_end(second);
  CHECK(second.is_whole());
  CHECK_FALSE(first.end);
}

TEST_CASE("host loop: of a socket that came and went between two looks, the loop hears nothing") {
  LoopbackProvider provider;
  Hosted host;
  host.take_watches();
  Heard heard;
  const auto id = host.transport->start(three_rivers(provider.url()), heard);
  REQUIRE(id);
  for (int i = 0; i < 3; ++i) host.transport->drive(0us);
  host.transport->cancel(*id);
  CHECK(host.transport->take_watches().empty());
}

TEST_CASE("host loop: a drive that waits needs no loop, and is ended by wake") {
  LoopbackProvider provider;
  Hosted host;
  Heard heard;
  REQUIRE(host.transport->start(three_rivers(provider.url(), "delay_ms=2"), heard));
  for (const auto until = now() + patience; !heard.end && now() < until;) {
    host.transport->drive(100ms);
  }
  CHECK(heard.is_whole());
  const auto before = now();
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    host.transport->wake();
  });
  host.transport->drive(patience);
  other.join();
  CHECK(now() - before < patience);
}

TEST_CASE("host loop: what has come is read although no loop told of it") {
  LoopbackProvider provider;
  Hosted host;
  Heard heard;
  REQUIRE(host.transport->start(three_rivers(provider.url()), heard));
  for (const auto until = now() + patience; !heard.end && now() < until;) {
    std::this_thread::sleep_for(1ms);
    host.transport->drive(0us);
  }
  CHECK(heard.is_whole());
}

TEST_CASE("transport: idle connections that are forgotten are not used again, newer ones are") {
  LoopbackProvider provider;
  const auto transport = transport_of();
  const auto ask = [&] {
    Heard heard;
    REQUIRE(transport->start(three_rivers(provider.url()), heard));
    for (const auto until = now() + patience; !heard.end && now() < until;) transport->drive(100ms);
    CHECK(heard.is_whole());
  };
  ask();
  std::this_thread::sleep_for(1100ms);
  ask();
  CHECK(provider.served().connections == 1);
  std::this_thread::sleep_for(1100ms);
  transport->forget_idle_connections();
  ask();
  CHECK(provider.served().connections == 2);
  ask();
  std::this_thread::sleep_for(1100ms);
  ask();
  CHECK(provider.served().connections == 2);
}
