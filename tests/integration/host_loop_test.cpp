// SPDX-License-Identifier: MIT

// A client in a host's own loop: poll(2) in place of Qt, GLib or libuv.

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/loopback_client.hpp"
#include "integration/poll_loop.hpp"

using namespace std::chrono_literals;
using integration::idle_watches;
using integration::options_for;
using integration::three_rivers;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::ErrorKind;
using tally::SocketWatch;

namespace {

constexpr auto patience = 30s;
constexpr const char* whole_text = "The Danube, the Nile and the Amazon.";

tally::SteadyInstant now() { return std::chrono::steady_clock::now(); }

/// A program with one client in its loop. It calls the client where the loop says so, never else.
struct Host {
  integration::PollLoop loop;
  std::optional<tally::SteadyInstant> timer;
  std::function<void()> in_on_socket, in_on_timer, in_on_event;
  std::optional<tally::Client> client;
  std::map<tally::CallId, std::string> texts;
  std::map<tally::CallId, tally::Completion> ended;
  int turns = 0;

  explicit Host(tally::ClientOptions options) {
    options.loop.on_socket = [this](const SocketWatch& watch) {
      loop.watch(watch);
      if (in_on_socket) std::exchange(in_on_socket, nullptr)();
    };
    options.loop.on_timer = [this](std::optional<std::chrono::microseconds> after) {
      timer.reset();
      if (after) timer = now() + *after;
      if (in_on_timer) std::exchange(in_on_timer, nullptr)();
    };
    client = integration::open(std::move(options));
  }

  void turn(std::chrono::microseconds longest = 100ms) {
    const auto until = std::min(now() + longest, timer.value_or(tally::SteadyInstant::max()));
    for (const auto& [socket, ready] :
         loop.wait(std::chrono::ceil<std::chrono::microseconds>(until - now()))) {
      if (!client) return;
      ++turns;
      CHECK(client->drive_socket(socket, ready));
      pull_events();
    }
    if (!client || !timer || now() < *timer) return;
    timer.reset();
    ++turns;
    CHECK(client->drive_timer());
    pull_events();
  }

  void pull_events() {
    tally::Event event;
    while (client && client->next_event(event)) {
      CHECK(ended.count(event.call) == 0);  // Nothing comes after the completion.
      texts[event.call] += event.delta.text;
      if (event.completion) ended.emplace(event.call, *std::move(event.completion));
      if (in_on_event) std::exchange(in_on_event, nullptr)();
    }
  }

  template <class Done>
  void run_until(const Done& done) {
    for (const auto end = now() + patience; !done() && now() < end;) turn();
    CHECK(done());
  }

  tally::Completion& completion_of(tally::CallId call) {
    run_until([&] { return ended.count(call) != 0; });
    REQUIRE(ended.count(call) != 0);
    return ended.at(call);
  }
};

}  // namespace

TEST_CASE("client loop: twenty calls of a slow server come whole, in order, each with its bill") {
  LoopbackProvider provider;
  Host host(options_for(provider, "delay_ms=5"));
  std::vector<tally::CallId> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(host.client->chat_start(three_rivers()));
  for (const tally::CallId call : calls) {
    CHECK(total_of(host.completion_of(call).receipt) == "0.0000081");
    CHECK(host.texts[call] == whole_text);
  }
  CHECK(host.loop.watches().size() == idle_watches);  // What hears of other threads.
}

TEST_CASE("client loop: a name is looked up, and the loop comes back when it is found") {
  LoopbackProvider provider;
  tally::ClientOptions options = options_for(provider);
  options.base_url = "http://localhost:" + std::to_string(provider.port());
  Host host(std::move(options));
  CHECK(host.completion_of(host.client->chat_start(three_rivers())).reply);
}

TEST_CASE("client loop: a call's clock ends it while no socket stirs, and the loop does not spin") {
  LoopbackProvider provider;
  tally::ClientOptions options = options_for(provider, "stall_after=2");
  options.clocks.payload_idle = 300ms;
  Host host(std::move(options));
  const tally::Completion& end = host.completion_of(host.client->chat_start(three_rivers()));
  REQUIRE_FALSE(end.reply);
  CHECK(end.reply.error().clock == tally::ClockKind::payload_idle);
  CHECK(end.reply.error().partial.text() == "The Danube");
  CHECK(host.turns < 100);
}

TEST_CASE("client loop: a retry waits by the loop's timer") {
  LoopbackProvider provider;
  tally::ClientOptions options = options_for(provider, "status=503");
  options.retries.most = 1;
  options.retries.first_delay = 50ms;
  Host host(std::move(options));
  const tally::Completion& end = host.completion_of(host.client->chat_start(three_rivers()));
  REQUIRE_FALSE(end.reply);
  CHECK(end.receipt.attempts.size() == 2);
  CHECK(provider.served().chats == 2);
}

#if !defined(_WIN32)
TEST_CASE("client loop: a ledger on disk answers from another thread, and the call goes on") {
  char folder[] = "/tmp/tally-loop-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  {
    const auto ledger = tally::Ledger::open(std::string(folder) + "/ledger.db");
    if (ledger || ledger.error().kind != ErrorKind::unsupported) {
      REQUIRE(ledger);
      std::thread writer([copy = *ledger] { copy.run_writer(); });
      LoopbackProvider provider;
      tally::ClientOptions options = options_for(provider);
      options.ledger = *ledger;
      Host host(std::move(options));
      const tally::Completion& end = host.completion_of(host.client->chat_start(three_rivers()));
      CHECK(end.reply);
      CHECK_FALSE(end.receipt.ledger_error);
      CHECK(ledger->rows()->size() == 1);
      ledger->stop_writer();
      writer.join();
    }
  }
  std::system(("rm -r " + std::string(folder)).c_str());
}
#endif

TEST_CASE("client loop: a call that cannot begin has its event by the loop too") {
  LoopbackProvider provider;
  Host host(options_for(provider));
  tally::ChatRequest nothing;
  nothing.model = "deepseek-flash";
  const tally::Completion& end = host.completion_of(host.client->chat_start(nothing));
  REQUIRE_FALSE(end.reply);
  CHECK(end.reply.error().kind == ErrorKind::invalid_argument);
  CHECK(provider.served().requests == 0);
}

TEST_CASE("client loop: calls are started from inside both functions, and between two events") {
  LoopbackProvider provider;
  Host host(options_for(provider));
  std::vector<tally::CallId> calls;
  const auto start = [&] { calls.push_back(host.client->chat_start(three_rivers())); };
  host.in_on_socket = host.in_on_timer = host.in_on_event = start;
  start();
  host.run_until([&] { return calls.size() == 4 && host.ended.size() == 4; });
  for (const tally::CallId call : calls) CHECK(host.texts[call] == whole_text);
}

TEST_CASE("client loop: a call that is driven from inside a function keeps the watches in order") {
  LoopbackProvider provider;
  Host host(options_for(provider));
  std::function<void()> again = [&] {
    CHECK(host.client->poll());  // Has news of its own while the loop is being told.
    host.in_on_socket = again;
  };
  host.in_on_socket = again;
  for (int i = 0; i < 10; ++i) {
    CHECK(host.completion_of(host.client->chat_start(three_rivers())).reply);
  }
  host.in_on_socket = nullptr;
  CHECK(host.loop.watches().size() == idle_watches);
  CHECK(provider.served().connections == 1);
}

TEST_CASE("client loop: the client's end inside a function or an event leaves nothing to watch") {
  LoopbackProvider provider;
  for (const auto place : {&Host::in_on_socket, &Host::in_on_timer, &Host::in_on_event}) {
    Host host(options_for(provider, "delay_ms=5"));
    host.client->chat_start(three_rivers());
    host.*place = [&] { host.client.reset(); };
    host.run_until([&] { return !host.client; });
    CHECK(host.loop.watches().empty());
    CHECK_FALSE(host.timer);
  }
}

TEST_CASE("client loop: after a shutdown nothing is watched, and what ended can be pulled") {
  LoopbackProvider provider;
  Host host(options_for(provider, "stall_after=2"));
  const tally::CallId call = host.client->chat_start(three_rivers());
  host.run_until([&] { return host.texts[call] == "The Danube"; });
  host.client->shutdown(0ms);
  CHECK(host.loop.watches().empty());
  CHECK_FALSE(host.timer);
  host.pull_events();
  REQUIRE(host.ended.count(call) == 1);
  CHECK(host.ended.at(call).reply.error().kind == ErrorKind::closed);
  CHECK(host.loop.watches().empty());
  CHECK_FALSE(host.timer);
}

TEST_CASE("client loop: a shutdown gives calls their time without the loop") {
  LoopbackProvider provider;
  Host host(options_for(provider, "delay_ms=5"));
  const tally::CallId call = host.client->chat_start(three_rivers());
  host.client->shutdown(patience);
  host.pull_events();
  REQUIRE(host.ended.count(call) == 1);
  CHECK(host.ended.at(call).reply);
}

TEST_CASE("client loop: connections made ahead are used by the calls of the loop") {
  LoopbackProvider provider;
  Host host(options_for(provider));
  REQUIRE(host.client->warm_up(patience));
  CHECK(provider.served().connections == 2);
  for (int i = 0; i < 2; ++i) {
    CHECK(host.completion_of(host.client->chat_start(three_rivers())).reply);
  }
  CHECK(provider.served().connections == 2);
}

TEST_CASE("client loop: while suspended a stream's bytes do not stir the loop") {
  LoopbackProvider provider;
  Host host(options_for(provider, "delay_ms=5"));
  const tally::CallId call = host.client->chat_start(three_rivers());
  host.run_until([&] { return !host.texts[call].empty(); });
  host.client->suspend();
  CHECK(host.loop.watches().empty());
  CHECK_FALSE(host.timer);
  std::this_thread::sleep_for(100ms);
  const tally::CallId later = host.client->chat_start(three_rivers());
  CHECK(host.loop.watches().empty());
  CHECK_FALSE(host.timer);
  host.client->resume();
  CHECK(host.completion_of(call).reply);
  CHECK(host.completion_of(later).reply);
  CHECK(host.texts[call] == whole_text);
}

TEST_CASE("client loop: a stream that nobody pulls is paused, and goes on when somebody does") {
  LoopbackProvider provider;
  tally::ClientOptions options = options_for(provider, "delay_ms=5");
  options.limits.queued_deltas = 2;
  Host host(std::move(options));
  const tally::CallId call = host.client->chat_start(three_rivers());
  std::size_t events = 0;
  for (const auto end = now() + patience; events < 2 && now() < end;) {
    for (const auto& [socket, ready] : host.loop.wait(10ms)) {
      events = host.client->drive_socket(socket, ready)->events_ready;
    }
    if (!host.timer || now() < *host.timer) continue;
    host.timer.reset();
    events = host.client->drive_timer()->events_ready;
  }
  host.pull_events();
  CHECK(host.completion_of(call).reply);
  CHECK(host.texts[call] == whole_text);
}

TEST_CASE("threads: a loop that sleeps is woken by a cancel and by a call of another thread") {
  LoopbackProvider provider;
  Host host(options_for(provider, "stall_after=2"));
  const tally::CallId call = host.client->chat_start(three_rivers());
  host.run_until([&] { return host.texts[call] == "The Danube"; });
  const auto sleep_until_ended = [&](tally::CallId which) {
    const auto before = now();
    while (host.ended.count(which) == 0 && now() - before < patience) host.turn(patience);
    CHECK(now() - before < patience);
    REQUIRE(host.ended.count(which) == 1);
  };
  std::thread([client = *host.client, call] { CHECK(client.cancel(call)); }).join();
  sleep_until_ended(call);
  CHECK(host.ended.at(call).reply.error().kind == ErrorKind::cancelled);

  std::optional<tally::CallId> second;
  std::thread([&, client = *host.client] {
    tally::CallOptions options;
    options.clocks.emplace().payload_idle = 100ms;
    second = client.chat_start(three_rivers(), options);
  }).join();
  sleep_until_ended(*second);
}

TEST_CASE("client loop: who waits in the client instead of in the loop gets the same") {
  LoopbackProvider provider;
  Host host(options_for(provider, "delay_ms=2"));
  const tally::CallId call = host.client->chat_start(three_rivers());
  for (const auto end = now() + patience; host.ended.empty() && now() < end;) {
    REQUIRE(host.client->wait(100ms));
    host.pull_events();
  }
  REQUIRE(host.ended.count(call) == 1);
  CHECK(host.texts[call] == whole_text);
}
