// SPDX-License-Identifier: MIT

// Cancel, shutdown and the end of a client while the network does nothing: a name service that is
// silent (slow_names.hpp), an address that never answers, a TLS handshake that stalls.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "integration/loopback_client.hpp"

using namespace std::chrono_literals;
using integration::open;
using integration::options_for;
using integration::three_rivers;
using loopback::LoopbackProvider;
using tally::BillState;
using tally::ErrorKind;

namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// Listens and never accepts. The kernel completes handshakes until its queue is full: then it
/// drops what comes, as a black hole does.
class Listener {
 public:
  explicit Listener(bool full) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, full ? 0 : 64);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; full && i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(fillers_.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~Listener() {
    for (const int filler : fillers_) ::close(filler);
    ::close(fd_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  int port_ = 0;
  std::vector<int> fillers_;
};

/// The places where a call can stand still.
struct Stillness {
  LoopbackProvider provider;
  LoopbackProvider stopped;
  Listener black_hole{true};
  Listener mute{false};

  struct Stage {
    std::string name;
    tally::ClientOptions options;
    BillState state;
  };

  std::vector<Stage> stages() {
    stopped.stop();
    const auto to = [this](const std::string& url, const std::string& script = "") {
      tally::ClientOptions options = options_for(provider, script);
      if (!url.empty()) options.base_url = url;
      return options;
    };
    std::vector<Stage> stages = {
        {"name lookup", to("https://silent.1.invalid"), BillState::not_billed},
        {"connect, black hole", to("http://" + black_hole.address()), BillState::not_billed},
        {"TLS handshake", to("https://" + mute.address()), BillState::not_billed},
        {"answer awaited", to("http://" + mute.address()), BillState::estimated},
        {"mid-stream", to("", "stall_after=3"), BillState::estimated},
        {"back-off", to(stopped.url()), BillState::not_billed},
    };
    stages.back().options.retries.most = 5;
    stages.back().options.retries.first_delay = 60s;
    stages.back().options.retries.longest_delay = 60s;
    return stages;
  }
};

Milliseconds thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Long enough for a call to come to where it stands still.
void poll_for_a_while(const tally::Client& client) {
  for (int i = 0; i < 40; ++i) {
    REQUIRE(client.poll());
    std::this_thread::sleep_for(2ms);
  }
}

/// Polls until the call has ended; 10 s are for ever.
tally::Completion completion_of(const tally::Client& client) {
  const auto until = SteadyClock::now() + 10s;
  tally::Event event;
  while (SteadyClock::now() < until) {
    (void)client.poll(0us);
    while (client.next_event(event)) {
      if (event.completion) return *event.completion;
    }
  }
  FAIL("the call never ended");
  return *event.completion;
}

struct Range {
  Milliseconds best = 1h;
  Milliseconds worst{0};
  void add(Milliseconds time) {
    best = std::min(best, time);
    worst = std::max(worst, time);
  }
};

std::string in_words(const Range& range) {
  return "best " + std::to_string(range.best.count()) + " ms, worst " +
         std::to_string(range.worst.count()) + " ms";
}

}  // namespace

TEST_CASE("cancel: at once wherever a call stands still, and with its bill") {
  Stillness still;
  for (const Stillness::Stage& stage : still.stages()) {
    CAPTURE(stage.name);
    Range wall;
    Range cpu;
    for (int i = 0; i < 5; ++i) {
      const tally::Client client = open(stage.options);
      const tally::CallId id = client.chat_start(three_rivers());
      poll_for_a_while(client);
      const auto began = SteadyClock::now();
      const auto cpu_began = thread_cpu();
      REQUIRE(client.cancel(id));
      const tally::Completion completion = completion_of(client);
      wall.add(SteadyClock::now() - began);
      cpu.add(thread_cpu() - cpu_began);
      REQUIRE_FALSE(completion.reply);
      CHECK(completion.reply.error().kind == ErrorKind::cancelled);
      CHECK(completion.receipt.state == stage.state);
      CHECK(completion.reply.error().charge_possible == (stage.state != BillState::not_billed));
    }
    MESSAGE("cancel, ", stage.name, ": ", in_words(wall), "; CPU ", in_words(cpu));
    CHECK(wall.best.count() < 5);
    CHECK(cpu.best.count() < 1);
  }
}

TEST_CASE("cancel: a token ends a call that waits, from another thread") {
  Stillness still;
  for (const Stillness::Stage& stage : still.stages()) {
    CAPTURE(stage.name);
    Range wall;
    for (int i = 0; i < 3; ++i) {
      const tally::Client client = open(stage.options);
      tally::CallOptions options;
      options.cancel.emplace();
      SteadyClock::time_point began;
      std::thread other([&began, token = *options.cancel] {
        std::this_thread::sleep_for(80ms);
        began = SteadyClock::now();
        token.cancel();
      });
      const tally::Completion completion = client.stream(three_rivers(), options).finish();
      const auto ended = SteadyClock::now();
      other.join();
      wall.add(ended - began);
      REQUIRE_FALSE(completion.reply);
      CHECK(completion.reply.error().kind == ErrorKind::cancelled);
    }
    MESSAGE("token, ", stage.name, ": ", in_words(wall));
    CHECK(wall.worst.count() < 1000);  // The name service is silent for 1.5 s.
  }
}

TEST_CASE("shutdown: returns by its deadline wherever calls stand still") {
  Stillness still;
  for (const Stillness::Stage& stage : still.stages()) {
    CAPTURE(stage.name);
    Range wall;
    for (int i = 0; i < 3; ++i) {
      const tally::Client client = open(stage.options);
      for (int call = 0; call < 3; ++call) client.chat_start(three_rivers());
      std::thread waiting([&] { (void)client.chat(three_rivers()); });
      poll_for_a_while(client);
      const auto began = SteadyClock::now();
      client.shutdown(50ms);
      wall.add(SteadyClock::now() - began);
      waiting.join();
      tally::Event event;
      int ended = 0;
      while (client.next_event(event)) ended += event.completion.has_value();
      CHECK(ended == 3);
    }
    MESSAGE("shutdown(50 ms), ", stage.name, ": ", in_words(wall));
    CHECK(wall.best.count() < 80);
    CHECK(wall.worst.count() < 1000);
  }
}

TEST_CASE("client: its end with calls in flight does not hang") {
  Stillness still;
  for (const Stillness::Stage& stage : still.stages()) {
    CAPTURE(stage.name);
    Range wall;
    for (int i = 0; i < 3; ++i) {
      std::optional<tally::Client> client = open(stage.options);
      for (int call = 0; call < 3; ++call) client->chat_start(three_rivers());
      poll_for_a_while(*client);
      const auto began = SteadyClock::now();
      client.reset();
      wall.add(SteadyClock::now() - began);
    }
    MESSAGE("the client's end, ", stage.name, ": ", in_words(wall));
    CHECK(wall.best.count() < 50);
    CHECK(wall.worst.count() < 1000);
  }
}
