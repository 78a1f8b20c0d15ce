// SPDX-License-Identifier: MIT

// What must not creep, without a clock: it holds on any machine, and is part of ctest. (One
// connection for 2,000 calls: integration/client_test.cpp.)

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bench/allocations.hpp"
#include "bench/answers.hpp"
#include "tally/provider.hpp"
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

}  // namespace

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
