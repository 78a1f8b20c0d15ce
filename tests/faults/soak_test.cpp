// SPDX-License-Identifier: MIT

// 10,000 calls of every face, over four threads, against a server that fails in every way it
// knows. TALLY_SOAK_CALLS changes how many.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "integration/loopback_client.hpp"

using namespace std::chrono_literals;
using integration::keep;
using integration::options_for;
using integration::three_rivers;
using loopback::LoopbackProvider;
using tally::BillState;

namespace {

constexpr int threads = 4;
constexpr unsigned seed = 20261121;

// What the server does to a call. Where the client may end it before it has read the usage, no
// usage is sent: else the server would rightly count as served what the client has not seen.
constexpr std::array<const char*, 24> scripts = {
    "",
    "",
    "usage=extra",
    "usage=both; no_done",
    "reasoning; keepalives=2",
    "tools",
    "chunks_per_write=5; hit=10",
    "no_usage_key",
    "document",
    "stream",
    "garbage_chunk=3",
    "prompt=100000; hit=80000; completion=2000",
    "status=429; retry_after=0",
    "status=500",
    "status=503",
    "status=401",
    "status=502",
    "html",
    "empty",
    "usage=none",
    "cut_after=3",
    "cut_bytes=300",
    "error_after=4; stream",
    "stall_after=3; usage=none",
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

/// What the receipts of one thread say. Plain data.
struct Sum {
  int calls = 0;
  int settled = 0;
  int estimated = 0;
  int not_billed = 0;
  std::vector<std::string> unflagged;
  std::int64_t prompt = 0;
  std::int64_t hit = 0;
  std::int64_t completion = 0;

  void add(const tally::Completion& completion_, const std::string& script) {
    ++calls;
    for (const tally::Attempt& attempt : completion_.receipt.attempts) add(attempt, script);
  }

  void add(const tally::Attempt& attempt, const std::string& script) {
    if (attempt.state == BillState::settled) {
      ++settled;
      prompt += attempt.usage.prompt_tokens.value_or(0);
      hit += attempt.usage.prompt_cache_hit_tokens.value_or(0);
      completion += attempt.usage.completion_tokens.value_or(0);
      return;
    }
    const bool has_cost = attempt.cost.total && !attempt.cost.total->amount.is_zero();
    const bool is_estimate =
        attempt.state == BillState::estimated && has_cost && attempt.cost.bounds;
    const bool is_free = attempt.state == BillState::not_billed && !has_cost;
    estimated += is_estimate;
    not_billed += is_free;
    if (!is_estimate && !is_free) {
      unflagged.push_back("'" + script + "': " + std::string(to_string(attempt.state)) + ", " +
                          attempt.reason);
    }
  }

  void add(const Sum& other) {
    calls += other.calls;
    settled += other.settled;
    estimated += other.estimated;
    not_billed += other.not_billed;
    unflagged.insert(unflagged.end(), other.unflagged.begin(), other.unflagged.end());
    prompt += other.prompt;
    hit += other.hit;
    completion += other.completion;
  }
};

/// One client for each script, since a script goes with a client's headers. May be shared by
/// threads.
class Clients {
 public:
  Clients(const LoopbackProvider& provider, const tally::Ledger& ledger) {
    for (const char* script : scripts) {
      tally::ClientOptions options = options_for(provider, script);
      options.ledger = ledger;
      options.retries.most = 1;
      options.retries.first_delay = 1ms;
      options.retries.longest_delay = 2ms;
      if (is_stall(script)) options.clocks.payload_idle = 20ms;
      clients_.push_back(integration::open(std::move(options)));
    }
  }

  static bool is_stall(const std::string& script) { return script.substr(0, 5) == "stall"; }
  const tally::Client& at(std::size_t i) const { return clients_[i]; }

 private:
  std::vector<tally::Client> clients_;
};

std::size_t any_script(std::mt19937& random) { return random() % scripts.size(); }

/// Ends a stalled call in the middle now and then; else its clock does.
bool shall_stop(std::size_t script, std::mt19937& random) {
  return Clients::is_stall(scripts[script]) && random() % 2 == 0;
}

/// `chat`, `chat` with deltas, and `stream`, in turn by chance.
Sum wait_for_calls(const Clients& clients, int calls, std::mt19937 random) {
  Sum sum;
  for (int i = 0; i < calls; ++i) {
    const std::size_t script = any_script(random);
    const tally::Client& client = clients.at(script);
    const bool stops = shall_stop(script, random);
    switch (random() % 3) {
      case 0:
        sum.add(client.chat(three_rivers()), scripts[script]);
        break;
      case 1:
        sum.add(client.chat(three_rivers(),
                            [&](const tally::Delta&) {
                              return stops ? tally::Flow::stop : tally::Flow::keep;
                            }),
                scripts[script]);
        break;
      default: {
        tally::Stream stream = client.stream(three_rivers());
        if (stops && stream.next()) stream.cancel();
        for (const tally::Delta& delta : stream) (void)delta;
        sum.add(stream.finish(), scripts[script]);
      }
    }
  }
  return sum;
}

/// Started calls, a dozen at a time.
Sum poll_calls(const Clients& clients, int calls, std::mt19937 random) {
  Sum sum;
  int started = 0;
  tally::Event event;
  while (sum.calls < calls) {
    while (started < calls && started - sum.calls < 12) {
      const std::size_t script = any_script(random);
      const tally::CallId id = clients.at(script).chat_start(three_rivers());
      if (shall_stop(script, random)) clients.at(script).cancel(id);
      ++started;
    }
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      (void)clients.at(i).poll(0us);
      while (clients.at(i).next_event(event)) {
        if (event.completion) sum.add(*event.completion, scripts[i]);
      }
    }
    std::this_thread::sleep_for(500us);
  }
  return sum;
}

Sum soak(const LoopbackProvider& provider, const tally::Ledger& ledger, int calls) {
  const Clients clients(provider, ledger);
  std::array<Sum, threads> sums;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      const std::mt19937 random(seed + static_cast<unsigned>(i));
      const auto work = i == 0 ? poll_calls : wait_for_calls;
      sums[static_cast<std::size_t>(i)] = work(clients, calls / threads, random);
    });
  }
  for (std::thread& worker : workers) worker.join();
  Sum all;
  for (const Sum& sum : sums) all.add(sum);
  return all;
}

}  // namespace

TEST_CASE("soak: 10,000 calls over a failing server: every token is billed once, nothing is left") {
  const char* asked = std::getenv("TALLY_SOAK_CALLS");
  const int calls = asked != nullptr ? std::atoi(asked) / threads * threads : 10'000;
  // Every client keeps its connections, up to one for each call that was under way at once.
  LoopbackProvider provider({}, 400);
  const tally::Ledger ledger = tally::Ledger::in_memory();
  const std::size_t descriptors = open_descriptors();
  const Sum sum = soak(provider, ledger, calls);

  for (const std::string& attempt : sum.unflagged) FAIL_CHECK(attempt);
  const loopback::Served served = provider.served();
  CHECK(sum.calls == calls);
  CHECK(sum.settled == static_cast<int>(served.settled));
  CHECK(sum.prompt == served.prompt_tokens);
  CHECK(sum.hit == served.cache_hit_tokens);
  CHECK(sum.completion == served.completion_tokens);

  const auto rows = ledger.rows();
  REQUIRE(rows);
  CHECK(static_cast<int>(rows->size()) == sum.settled + sum.estimated + sum.not_billed);
  int open_rows = 0;
  for (const tally::LedgerRow& row : *rows) open_rows += row.state == BillState::reserved;
  CHECK(open_rows == 0);

  // The server notices a little later that its connections are gone.
  for (int i = 0; i < 1000 && open_descriptors() > descriptors; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(open_descriptors() <= descriptors);
  MESSAGE(sum.calls, " calls: ", sum.settled, " attempts settled, ", sum.estimated, " estimated, ",
          sum.not_billed, " not billed; ", served.connections, " connections");
}
