// SPDX-License-Identifier: MIT

// The faces of a client, its connections and its threads, over real HTTP.

#include <doctest/doctest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "integration/loopback_client.hpp"

using integration::client_of;
using integration::keep;
using integration::open;
using integration::options_for;
using integration::streamed;
using integration::three_rivers;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::BillState;
using tally::ErrorKind;

namespace {

constexpr const char* whole_text = "The Danube, the Nile and the Amazon.";

std::chrono::nanoseconds cpu_time_of_this_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Adds up what receipts say, to be compared with what the provider served.
struct Sum {
  std::int64_t prompt = 0;
  std::int64_t completion = 0;
  tally::Decimal cost;

  void add(const tally::Receipt& receipt) {
    prompt += receipt.usage.prompt_tokens.value_or(0);
    completion += receipt.usage.completion_tokens.value_or(0);
    if (receipt.cost.total) cost = *checked_add(cost, receipt.cost.total->amount);
  }
  void add(const Sum& other) {
    prompt += other.prompt;
    completion += other.completion;
    cost = *checked_add(cost, other.cost);
  }
};

}  // namespace

TEST_CASE("client: every face gives the same message and the same bill") {
  LoopbackProvider provider;
  const auto client = client_of(provider);
  std::vector<tally::Completion> completions;
  completions.push_back(client.chat(three_rivers()));
  completions.push_back(streamed(client));
  auto stream = client.stream(three_rivers());
  for (const auto& delta : stream) CHECK_FALSE(delta.text.empty());
  completions.push_back(stream.finish());
  client.chat_start(three_rivers());
  tally::Event event;
  while (completions.size() < 4) {
    REQUIRE(client.wait(std::chrono::milliseconds(1000)));
    while (client.next_event(event)) {
      if (event.completion) completions.push_back(*event.completion);
    }
  }
  for (const auto& completion : completions) {
    REQUIRE(completion.reply);
    CHECK(completion.reply->text() == whole_text);
    CHECK(completion.reply->finish_reason == tally::FinishReason::stop);
    CHECK(completion.receipt.state == BillState::settled);
    CHECK(completion.receipt.usage.prompt_tokens == 18);
    CHECK(completion.receipt.usage.completion_tokens == 9);
    // 18 * 0.15 / 10^6 + 9 * 0.60 / 10^6
    CHECK(total_of(completion.receipt) == "0.0000081");
    CHECK(to_string(completion.receipt) ==
          "18 in (0 cached) + 9 out = $0.0000081  deepseek-flash off-peak, settled");
  }
}

TEST_CASE("client: usage on the finish chunk, on an extra one or on both is billed once") {
  LoopbackProvider provider;
  for (const char* script : {"usage=finish", "usage=extra", "usage=both", "no_usage_key", "no_done",
                             "keepalives=3", "byte_by_byte", "chunks_per_write=5"}) {
    CAPTURE(script);
    const auto completion = streamed(client_of(provider, script));
    REQUIRE(completion.reply);
    CHECK(completion.reply->text() == whole_text);
    CHECK(total_of(completion.receipt) == "0.0000081");
  }
}

TEST_CASE("client: an answer without usage is estimated, not free") {
  LoopbackProvider provider;
  const auto completion = streamed(client_of(provider, "usage=none"));
  REQUIRE(completion.reply);
  CHECK(completion.receipt.state == BillState::estimated);
  REQUIRE(completion.receipt.cost.total);
  CHECK_FALSE(completion.receipt.cost.total->amount.is_zero());
}

TEST_CASE("client: reasoning comes first, apart from the text, and is billed inside the output") {
  LoopbackProvider provider;
  const auto completion = streamed(client_of(provider, "reasoning"));
  REQUIRE(completion.reply);
  CHECK(completion.reply->reasoning() == "Rivers of three continents.");
  CHECK(completion.reply->text() == whole_text);
  CHECK(completion.receipt.usage.reasoning_tokens == 5);
  // 18 * 0.15 / 10^6 + 14 * 0.60 / 10^6
  CHECK(total_of(completion.receipt) == "0.0000111");
}

TEST_CASE("client: tool calls come whole") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "tools");
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE(completion.reply);
    const auto& calls = completion.reply->message.tool_calls;
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].name == "get_weather");
    CHECK(calls[0].arguments == "{\"city\": \"Vienna\"}");
    CHECK(calls[1].id == "call_01_b");
    CHECK(calls[1].arguments == "{\"city\": \"Cairo\"}");
    CHECK(completion.reply->finish_reason == tally::FinishReason::tool_calls);
  }
}

TEST_CASE("client: cached input is billed at the cached price") {
  LoopbackProvider provider;
  const auto completion =
      streamed(client_of(provider, "prompt=100000; hit=80000; completion=2000"));
  CHECK(total_of(completion.receipt) == "0.00444");
}

TEST_CASE("client: what goes out holds the key once and asks for the usage") {
  LoopbackProvider provider;
  auto options = options_for(provider);
  options.base_url += "/beta/";
  options.user_agent = "game/1.2";
  REQUIRE(streamed(open(options)).reply);
  const auto received = provider.received();
  REQUIRE(received.size() == 1);
  CHECK(received[0].path == "/beta/chat/completions");
  CHECK(received[0].body.find("\"include_usage\":true") != std::string::npos);
  CHECK(received[0].body.find("sk-canary") == std::string::npos);
  int with_key = 0;
  for (const auto& [name, value] : received[0].headers) {
    with_key += value.find("sk-canary") != std::string::npos;
    if (name == "User-Agent") CHECK(value.substr(0, 15) == "game/1.2 tally/");
  }
  CHECK(with_key == 1);
}

TEST_CASE("client: 2,000 calls one after the other use one connection") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "chunks_per_write=20");
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(streamed(client).reply);
    REQUIRE(client.chat(three_rivers()).reply);
  }
  CHECK(provider.served().chats == 2000);
  CHECK(provider.served().connections == 1);
}

TEST_CASE("client: chat from inside on_delta") {
  LoopbackProvider provider;
  const auto client = client_of(provider);
  int inner = 0;
  const auto outer = client.chat(three_rivers(), [&](const tally::Delta& delta) {
    const std::string before(delta.text);
    const auto completion = client.chat(three_rivers());
    inner += completion.reply && completion.reply->text() == whole_text;
    // The delta's views live until the next step of this stream, whatever other calls do.
    CHECK(delta.text == before);
    return tally::Flow::keep;
  });
  REQUIRE(outer.reply);
  CHECK(outer.reply->text() == whole_text);
  CHECK(inner == 9);
  CHECK(provider.served().connections == 2);
}

TEST_CASE("client: stopping in on_delta ends the transfer and leaves an estimated bill") {
  LoopbackProvider provider;
  int deltas = 0;
  const auto completion = client_of(provider, "delay_ms=5").chat(three_rivers(), [&](const auto&) {
    return ++deltas == 2 ? tally::Flow::stop : tally::Flow::keep;
  });
  CHECK(deltas == 2);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(completion.reply.error().partial.text() == "The Danube");
  CHECK(completion.receipt.state == BillState::estimated);
  REQUIRE(completion.receipt.cost.bounds);
}

TEST_CASE("client: leaving a loop early costs an estimate, and the connection's next call works") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "delay_ms=5");
  {
    auto stream = client.stream(three_rivers());
    for (const auto& delta : stream) {
      if (delta.text == ",") break;
    }
    stream.cancel();
    const auto completion = stream.finish();
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::cancelled);
    CHECK(completion.receipt.state == BillState::estimated);
  }
  { auto dropped = client.stream(three_rivers()); }
  CHECK(streamed(client).reply);
}

TEST_CASE("client: a token cancels a waiting call from another thread") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "hang");
  tally::CallOptions options;
  options.cancel.emplace();
  std::thread canceller([token = *options.cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    token.cancel();
  });
  const auto completion = client.chat(three_rivers(), options);
  canceller.join();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(completion.receipt.state == BillState::estimated);
}

TEST_CASE("client: the ledger has every attempt with the receipt's bill") {
  LoopbackProvider provider;
  auto options = options_for(provider);
  options.ledger = tally::Ledger::in_memory();
  const auto client = open(options);
  tally::CallOptions call;
  call.labels = {{"player", "p-117"}};
  const auto completion = client.chat(three_rivers(), call);
  const auto rows = options.ledger->rows();
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  const auto& row = rows->front();
  CHECK(row.state == BillState::settled);
  CHECK(row.call_id == completion.receipt.call_id);
  CHECK(row.labels.at("player") == "p-117");
  REQUIRE(row.cost.total);
  CHECK(to_string(row.cost.total->amount) == "0.0000081");
}

TEST_CASE("poll: many started calls on one thread, each ends once, in order, with its bill") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "delay_ms=1");
  constexpr int calls = 40;
  std::vector<std::string> texts(calls + 1);
  std::vector<tally::CallId> ids;
  for (int i = 0; i < calls; ++i) ids.push_back(client.chat_start(three_rivers()));
  Sum sum;
  int ended = 0;
  tally::Event event;
  while (ended < calls) {
    REQUIRE(client.wait(std::chrono::milliseconds(2000)));
    while (client.next_event(event)) {
      const auto place = std::find(ids.begin(), ids.end(), event.call) - ids.begin();
      REQUIRE(place < calls);
      auto& text = texts[static_cast<std::size_t>(place)];
      if (!event.completion) {
        text += event.delta.text;
        continue;
      }
      ++ended;
      REQUIRE(event.completion->reply);
      CHECK(text == whole_text);
      CHECK(event.completion->reply->text() == whole_text);
      sum.add(event.completion->receipt);
    }
  }
  CHECK(sum.completion == provider.served().completion_tokens);
  CHECK_FALSE(client.next_event(event));
}

TEST_CASE("threads: 8 threads times 200 calls, and the receipts add up to what was served") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "chunks_per_write=20");
  std::vector<Sum> sums(8);
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (auto& sum : sums) {
    threads.emplace_back([&client, &sum, &failed] {
      for (int i = 0; i < 200; ++i) {
        const auto completion = i % 2 == 0 ? streamed(client) : client.chat(three_rivers());
        failed += !completion.reply || completion.receipt.state != BillState::settled;
        sum.add(completion.receipt);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  Sum all;
  for (const auto& sum : sums) all.add(sum);
  const auto served = provider.served();
  CHECK(failed == 0);
  CHECK(served.settled == 1600);
  CHECK(all.prompt == served.prompt_tokens);
  CHECK(all.completion == served.completion_tokens);
  // 1,600 times 0.0000081
  CHECK(to_string(all.cost) == "0.01296");
  CHECK(served.connections <= 8);
}

TEST_CASE("threads: a thread that polls beside 7 that wait") {
  LoopbackProvider provider;
  const auto client = client_of(provider);
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 7; ++i) {
    threads.emplace_back([&] {
      while (!stop) failed += !streamed(client).reply;
    });
  }
  using clock = std::chrono::steady_clock;
  std::chrono::nanoseconds worst{0};
  std::chrono::nanoseconds worst_cpu{0};
  int ended = 0;
  int polls = 0;
  tally::Event event;
  for (int i = 0; i < 8; ++i) client.chat_start(three_rivers());
  while (ended < 100) {
    const auto begin = clock::now();
    const auto cpu_begin = cpu_time_of_this_thread();
    const auto polled = client.poll(std::chrono::microseconds(500));
    worst = std::max<std::chrono::nanoseconds>(worst, clock::now() - begin);
    worst_cpu = std::max(worst_cpu, cpu_time_of_this_thread() - cpu_begin);
    ++polls;
    REQUIRE(polled);
    while (client.next_event(event)) {
      if (!event.completion) continue;
      failed += !event.completion->reply;
      ++ended;
      client.chat_start(three_rivers());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
  // Reported, not judged: on a machine with fewer cores than threads the wall time is the
  // scheduler's.
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  MESSAGE("worst of ", polls, " polls: ", duration_cast<microseconds>(worst).count(),
          " us, of CPU ", duration_cast<microseconds>(worst_cpu).count(), " us");
}

TEST_CASE("threads: a second thread in poll is told so") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "hang");
  client.chat_start(three_rivers());
  std::thread waiter([&] { (void)client.wait(std::chrono::milliseconds(300)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto second = client.poll();
  CHECK_FALSE(second);
  if (!second) CHECK(second.error().kind == ErrorKind::busy);
  waiter.join();
}

TEST_CASE("threads: shutdown ends waiting calls of other threads, with their bills") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "hang");
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto completion = client.chat(three_rivers());
      cancelled += !completion.reply && completion.receipt.state == BillState::estimated;
    });
  }
  while (provider.served().chats < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  client.shutdown(std::chrono::milliseconds(20));
  for (auto& thread : threads) thread.join();
  CHECK(cancelled == 4);
  const auto after = client.chat(three_rivers());
  REQUIRE_FALSE(after.reply);
  CHECK(after.reply.error().kind == ErrorKind::closed);
  CHECK(after.receipt.state == BillState::not_billed);
}
