// SPDX-License-Identifier: MIT

// What stands below the client: libcurl, its two pollers, other threads and other processes.

#include <doctest/doctest.h>
#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "environment.hpp"
#include "integration/loopback_client.hpp"
#include "ledger/ledger_state.hpp"
#include "transport/curl_transport.hpp"

using namespace std::chrono_literals;
using integration::client_of;
using integration::open;
using integration::options_for;
using integration::streamed;
using integration::three_rivers;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::ErrorKind;

namespace {

tally::Client portable_client(const LoopbackProvider& provider, const std::string& script = "") {
  tally::ClientOptions options = options_for(provider, script);
  options.transport = [] { return make_curl_transport({}, tally::PollerChoice::portable); };
  return open(std::move(options));
}

struct EndNoter final : tally::TransferHandler {
  void on_connected() override {}
  void on_header(std::string_view, std::string_view) override {}
  void on_head(int code) override { status = code; }
  tally::BodyFlow on_body(std::string_view) override { return tally::BodyFlow::keep; }
  void on_end(const tally::TransferEnd& how) override { end = how; }

  int status = 0;
  std::optional<tally::TransferEnd> end;
};

}  // namespace

TEST_CASE("transport: curl_multi_poll, as other systems have it, gives the same as epoll") {
  LoopbackProvider provider;
  const tally::Client client = portable_client(provider);
  for (int i = 0; i < 3; ++i) {
    const tally::Completion completion = streamed(client);
    REQUIRE(completion.reply);
    CHECK(total_of(completion.receipt) == "0.0000081");
  }
  CHECK(client.chat(three_rivers()).reply);
  CHECK(provider.served().connections == 1);
}

TEST_CASE("threads: a token ends a waiting call from another thread, with either poller") {
  LoopbackProvider provider;
  for (const tally::Client& client :
       {client_of(provider, "stall_after=2"), portable_client(provider, "stall_after=2")}) {
    tally::CallOptions options;
    options.cancel.emplace();
    std::atomic<bool> begun{false};
    std::thread other([&begun, token = *options.cancel] {
      for (int i = 0; i < 10000 && !begun; ++i) std::this_thread::sleep_for(1ms);
      std::this_thread::sleep_for(50ms);
      token.cancel();
    });
    const auto note_begin = [&begun](const tally::Delta&) {
      begun = true;
      return tally::Flow::keep;
    };
    const tally::Completion completion = client.chat(three_rivers(), note_begin, options);
    other.join();
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::cancelled);
    CHECK_FALSE(completion.reply.error().partial.text().empty());
    CHECK(completion.receipt.state == tally::BillState::estimated);
  }
}

TEST_CASE("threads: shutdown from another thread ends a waiting call") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider, "stall_after=2");
  std::thread other([client] {
    std::this_thread::sleep_for(50ms);
    client.shutdown(20ms);
  });
  const tally::Completion completion = client.stream(three_rivers()).finish();
  other.join();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::closed);
}

TEST_CASE("threads: shutdown leaves its time to calls that another thread drives") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider, "delay_ms=20");
  client.chat_start(three_rivers());
  std::optional<tally::Completion> completion;
  std::thread other([&] {
    tally::Event event;
    for (int i = 0; i < 100 && !completion; ++i) {
      (void)client.wait(300ms);
      while (client.next_event(event)) {
        if (event.completion) completion = std::move(event.completion);
      }
    }
  });
  std::this_thread::sleep_for(20ms);
  client.shutdown(30s);
  other.join();
  REQUIRE(completion);
  CHECK(completion->reply);
}

TEST_CASE("threads: a thread that lives in wait pulls every completion before it is told closed") {
  LoopbackProvider provider;
  for (int round = 0; round < 20; ++round) {
    const tally::Client client = client_of(provider, "delay_ms=1");
    int completions = 0;
    ErrorKind last_word{};
    std::thread worker([&] {
      tally::Event event;
      while (true) {
        const auto waited = client.wait(30s);
        if (!waited) last_word = waited.error().kind;
        if (!waited) return;
        while (client.next_event(event)) completions += event.completion ? 1 : 0;
      }
    });
    client.chat_start(three_rivers());
    client.cancel(client.chat_start(three_rivers()));
    client.shutdown(30s);
    worker.join();
    CHECK(completions == 2);
    CHECK(last_word == ErrorKind::closed);
  }
}

TEST_CASE("threads: suspend, resume and shutdown do not wait for a thread that sleeps in wait") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider);
  const auto before = std::chrono::steady_clock::now();
  std::thread worker([&] {
    while (client.wait(30s)) {
    }
  });
  std::this_thread::sleep_for(20ms);
  client.suspend();
  client.resume();
  client.resume();
  std::this_thread::sleep_for(20ms);
  client.shutdown(0ms);
  worker.join();
  CHECK(std::chrono::steady_clock::now() - before < 15s);
}

TEST_CASE("transport: nothing listens: no connection, nothing billed, a retry may help") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider);
  provider.stop();
  const tally::Completion completion = client.chat(three_rivers());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::connection);
  CHECK(completion.reply.error().retry_may_help);
  CHECK_FALSE(completion.reply.error().charge_possible);
  CHECK(completion.receipt.state == tally::BillState::not_billed);
}

TEST_CASE("warm_up: the first calls find their connections made") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider);
  REQUIRE(client.warm_up(10s));
  CHECK(provider.served().connections == 2);
  CHECK(streamed(client).reply);
  client.chat_start(three_rivers());
  tally::Event event;
  while (client.wait(1s)->calls_in_flight > 0) {
    while (client.next_event(event)) {
    }
  }
  CHECK(provider.served().connections == 2);
  CHECK(provider.served().chats == 2);
  provider.stop();
  const tally::Client late = client_of(provider);
  const auto warm = late.warm_up(10s);
  REQUIRE_FALSE(warm);
  CHECK(warm.error().kind == ErrorKind::connection);
}

TEST_CASE("balance: the account's money, to the digit, is recorded in the ledger") {
  LoopbackProvider provider;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  tally::ClientOptions options = options_for(provider);
  options.ledger = ledger;
  const tally::Client client = open(options);
  const auto balance = client.balance(10s);
  REQUIRE(balance);
  CHECK(balance->is_available);
  REQUIRE(balance->in(tally::usd) != nullptr);
  CHECK(to_string(balance->in(tally::usd)->total) == "$110");
  CHECK_FALSE(balance->ledger_error);
  const auto now = options.clock->wall();
  const auto checks = ledger.state()->store->balances("deepseek", "", {now - 1h, now + 1h});
  REQUIRE(checks);
  CHECK(checks->size() == 1);
}

TEST_CASE("balance: a refused key and a server that is gone are errors like those of calls") {
  LoopbackProvider provider;
  tally::ClientOptions options = options_for(provider);
  options.api_key = "sk-wrong";
  const auto refused = open(options).balance(10s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::authentication);
  CHECK(refused.error().http_status == 401);
  CHECK(refused.error().message.find("sk-wrong") == std::string::npos);
  const tally::Client client = client_of(provider);
  provider.stop();
  const auto gone = client.balance(10s);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::connection);
}

TEST_CASE("transport: calls to one URL and another take turns over one connection") {
  LoopbackProvider provider;
  const tally::Client client = client_of(provider);
  for (int round = 0; round < 2; ++round) {
    CHECK(client.chat(three_rivers()).reply);
    CHECK(client.balance(10s));
  }
  std::vector<std::string> paths;
  for (const loopback::ReceivedRequest& request : provider.received()) {
    paths.push_back(request.path);
  }
  CHECK(paths == std::vector<std::string>{"/chat/completions", "/user/balance", "/chat/completions",
                                          "/user/balance"});
  CHECK(provider.served().connections == 1);
}

TEST_CASE(
    "transport: what is no URL is an error in words, and the next transfer is none the worse") {
  LoopbackProvider provider;
  const auto transport = *tally::make_curl_transport({}, tally::PollerChoice::fastest);
  const std::string good = provider.url() + "/user/balance";
  for (const std::string& url : {good, std::string("http://[::1"), std::string(), good}) {
    EndNoter noter;
    tally::HttpRequest request;
    request.url = url;
    request.headers = std::make_shared<const tally::HttpHeaders>(
        tally::HttpHeaders{{"Authorization", "Bearer sk-canary-5f1d"}});
    INFO(url);
    REQUIRE(transport->start(std::move(request), noter));
    for (int turns = 0; !noter.end && turns < 1000; ++turns) transport->drive(10ms);
    REQUIRE(noter.end);
    CHECK((noter.end->result == tally::TransferResult::complete) == (url == good));
    CHECK(noter.end->message.empty() == (url == good));
    CHECK((noter.status == 0) == (url != good));
  }
}

TEST_CASE("transport: environment proxies are not used") {
  LoopbackProvider provider;
  environment::set("http_proxy", "http://127.0.0.1:1");
  environment::set("ALL_PROXY", "http://127.0.0.1:1");
  CHECK(streamed(client_of(provider)).reply);
  environment::unset("http_proxy");
  environment::unset("ALL_PROXY");
}

TEST_CASE(
    "transport: an own CA file that is not there is an error of its own, before anything is sent") {
  tally::ClientOptions options;
  options.api_key = "sk-canary";
  options.base_url = "https://127.0.0.1:9";
  options.curl.ca_file = "/nowhere/ca.pem";
  const tally::Completion completion = open(std::move(options)).chat(three_rivers());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.receipt.state == tally::BillState::not_billed);
}

#if !defined(_WIN32)  // Nothing forks there.
TEST_CASE("fork: the child is told to open a client of its own, and the parent's stream goes on") {
  LoopbackProvider provider;
  tally::Client client = client_of(provider, "delay_ms=20");
  tally::Stream stream = client.stream(three_rivers());
  REQUIRE(stream.next());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const tally::Completion completion = client.chat(three_rivers());
    const bool is_refused = !completion.reply && completion.reply.error().kind == ErrorKind::forked;
    stream.cancel();  // Not the parent's transfer.
    const tally::Completion half = stream.finish();
    const bool is_cut = !half.reply && half.reply.error().kind == ErrorKind::forked;
    { tally::Stream dropped = std::move(stream); }
    { tally::Client dropped_too = std::move(client); }
    ::_exit(is_refused && is_cut ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const tally::Completion completion = stream.finish();
  REQUIRE(completion.reply);
  CHECK(completion.receipt.state == tally::BillState::settled);
}
#endif
