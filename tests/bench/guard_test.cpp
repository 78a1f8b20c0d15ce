// SPDX-License-Identifier: MIT

// What must not creep, without a clock: it holds on any machine, and is part of ctest. (One
// connection for 2,000 calls: integration/client_test.cpp.)

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/allocations.hpp"
#include "bench/answers.hpp"
#include "runners/replay.hpp"
#include "tally/tally.hpp"
#include "wire/reply_reader.hpp"

using bench::ChunkKind;
using bench::PreparedStream;

namespace {

constexpr std::int64_t blocks = 20;

void feed(tally::ReplyReader& reader, std::vector<tally::DeltaRecord>& deltas,
          std::string_view bytes) {
  constexpr std::size_t piece_bytes = 16384;  // What libcurl hands over by default.
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    reader.feed(bytes.substr(at, piece_bytes));
    deltas.clear();
  }
}

/// Everything from the first byte to the usage.
std::int64_t allocations_of_reading(const PreparedStream& stream, tally::ChunkPath path) {
  const tally::Provider provider = tally::provider_named("deepseek");
  const std::int64_t before = bench::allocations();
  std::vector<tally::DeltaRecord> deltas;
  tally::ReplyReader reader(provider, {}, &deltas, path);
  feed(reader, deltas, stream.head);
  for (std::int64_t i = 0; i < blocks; ++i) feed(reader, deltas, stream.block);
  feed(reader, deltas, stream.tail);
  reader.finish(false);
  CHECK_FALSE(reader.error());
  CHECK(reader.output_deltas() >= blocks * PreparedStream::chunks_per_block);
  REQUIRE(reader.usage());
  CHECK(reader.usage()->total_tokens == 102000);
  return bench::allocations() - before;
}

/// Answered by `body` once, with a budget that was asked, and once more just begun.
tally::Client busy_client(std::string_view body) {
  auto recording = std::make_shared<runners::Recording>();
  recording->body = body;
  tally::ClientOptions options;
  options.api_key = "sk-guard";
  options.provider = "deepseek";
  options.transport = runners::replay_transport(recording);
  options.ledger = tally::Ledger::in_memory();
  tally::Budget budget;
  budget.id = "day";
  budget.limit = tally::cents(100);
  budget.window = tally::BudgetWindow::day;
  REQUIRE(options.ledger->set_budget(budget));
  auto client = tally::Client::open(std::move(options));
  REQUIRE(client);
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  REQUIRE(client->chat(request, [](const tally::Delta&) { return tally::Flow::keep; }).reply);
  client->chat_start(request);
  return *client;
}

}  // namespace

TEST_CASE("snapshot: a million reads allocate nothing") {
  const PreparedStream stream = prepare_stream(ChunkKind::text);
  const std::string body = stream.head + stream.tail;
  const tally::Client client = busy_client(body);
  std::int64_t calls = 0;
  const std::int64_t before = bench::allocations();
  for (int i = 0; i < 1'000'000; ++i) calls += client.snapshot().calls_begun;
  CHECK(bench::allocations() - before == 0);
  CHECK(calls == 2'000'000);
  const tally::Snapshot last = client.snapshot();
  CHECK(last.in_flight() == 1);
  CHECK(last.prompt_tokens == 100000);
  CHECK(last.budget);
}

TEST_CASE("speed: an ordinary chunk of any vendor takes at most 0.01 heap allocations") {
  for (const ChunkKind kind : bench::chunk_kinds) {
    CAPTURE(std::string(to_string(kind)));
    const PreparedStream stream = prepare_stream(kind);
    CHECK(allocations_of_reading(stream, tally::ChunkPath::recognise) <= 200);  // 20,000 chunks.
  }
}

TEST_CASE("speed: the counter of allocations counts") {
  const PreparedStream stream = prepare_stream(ChunkKind::text);
  CHECK(allocations_of_reading(stream, tally::ChunkPath::general) >= 20000);
}
