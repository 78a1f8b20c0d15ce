// SPDX-License-Identifier: MIT
#include "rows.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "answers.hpp"
#include "call.hpp"
#include "decoders.hpp"
#include "frame_rows.hpp"
#include "growth_rows.hpp"
#include "httplib_client.hpp"
#include "ledger_rows.hpp"
#include "many_rows.hpp"
#include "raw_client.hpp"
#include "server.hpp"
#include "tally/tally.hpp"
#include "timing.hpp"
#include "wire/reply_reader.hpp"

namespace bench {
namespace {

// Streams.

std::string raw_url(const std::string& url) { return url + "/chat/completions"; }

std::size_t read_tally(const std::string& url) {
  std::size_t text = 0;
  check(open_client(url).chat(small_request(), [&text](const tally::Delta& delta) {
    text += delta.text.size();
    return tally::Flow::keep;
  }));
  return text;
}

std::size_t read_raw(const std::string& decoder_name, const std::string& url) {
  std::string text;
  const auto decoder =
      make_decoder(decoder_name, [&text](std::string_view piece) { text += piece; });
  const auto feed = [&](std::string_view bytes) { decoder->feed(bytes); };
  RawClient client(raw_url(url));
  if (!client.post(feed)) fail("libcurl");
  return text.size();
}

#ifdef TALLY_BENCH_HTTPLIB
std::size_t read_httplib(const std::string& url) {
  std::string text;
  const auto decoder = make_decoder("dom", [&text](std::string_view piece) { text += piece; });
  HttplibClient client(raw_url(url));
  if (!client.post([&](std::string_view bytes) { decoder->feed(bytes); })) fail("cpp-httplib");
  return text.size();
}
#endif

/// stream NAME URL WARM_UP_URL
Figures stream(const std::vector<std::string>& words) {
  const auto read = [&](const std::string& url) {
#ifdef TALLY_BENCH_HTTPLIB
    if (words[1] == "httplib") return read_httplib(url);
#endif
    return words[1] == "tally" ? read_tally(url) : read_raw(words[1], url);
  };
  read(words[3]);
  std::size_t text = 0;
  Figures figures = timed([&] { text = read(words[2]); });
  figures["text"] = static_cast<double>(text);
  figures["peak_kib"] = peak_kib();
  return figures;
}

// Decoding alone.

constexpr std::size_t piece_bytes = 16384;  // What libcurl hands over by default.

void feed_all(const PreparedStream& stream, std::int64_t chunks,
              const std::function<void(std::string_view)>& feed) {
  const auto feed_pieces = [&](std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), piece_bytes))) {
      feed(bytes.substr(0, piece_bytes));
    }
  };
  feed_pieces(stream.head);
  for (std::int64_t i = 0; i < chunks; i += PreparedStream::chunks_per_block) {
    feed_pieces(stream.block);
  }
  feed_pieces(stream.tail);
}

std::size_t decode_tally(const PreparedStream& stream, std::int64_t chunks, tally::ChunkPath path) {
  std::size_t text = 0;
  std::vector<tally::DeltaRecord> deltas;
  tally::ReplyReader reader(tally::provider_named("deepseek"), {}, &deltas, path);
  feed_all(stream, chunks, [&](std::string_view bytes) {
    reader.feed(bytes);
    for (const tally::DeltaRecord& record : deltas) {
      const tally::Delta delta = reader.view(record);
      text += delta.text.size() + delta.reasoning.size();
      if (delta.tool_call) text += delta.tool_call->arguments.size();
    }
    deltas.clear();
  });
  reader.finish(false);
  if (reader.error() || !reader.usage()) fail("the reader did not like the stream");
  return text;
}

std::size_t decode_raw(const std::string& name, const PreparedStream& stream, std::int64_t chunks) {
  std::string text;
  const auto decoder = make_decoder(name, [&text](std::string_view piece) { text += piece; });
  feed_all(stream, chunks, [&](std::string_view bytes) { decoder->feed(bytes); });
  return text.size();
}

/// decode NAME KIND CHUNKS
Figures decode(const std::vector<std::string>& words) {
  const PreparedStream stream = prepare_stream(chunk_kind_named(words[2]));
  const std::int64_t chunks = std::atoll(words[3].c_str());
  const auto run = [&](std::int64_t count) {
    if (words[1] == "tally") return decode_tally(stream, count, tally::ChunkPath::recognise);
    if (words[1] == "general") return decode_tally(stream, count, tally::ChunkPath::general);
    return decode_raw(words[1], stream, count);
  };
  run(2 * PreparedStream::chunks_per_block);
  std::size_t text = 0;
  Figures figures = timed([&] { text = run(chunks); });
  figures["text"] = static_cast<double>(text);
  return figures;
}

// Small calls.

/// calls NAME URL COUNT [CA_FILE]
Figures calls(const std::vector<std::string>& words) {
  const int count = std::atoi(words[3].c_str());
  const std::string ca_file = words.size() > 4 ? words[4] : "";
  // The first call connects, and is not timed.
  const auto time_calls = [count](const std::function<void()>& call) {
    call();
    return timed([&] {
      for (int i = 0; i < count; ++i) call();
    });
  };
  if (words[1] == "tally") {
    const tally::Client client = open_client(words[2], ca_file);
    return time_calls([&] { check(client.chat(small_request())); });
  }
  std::string body;
  const auto keep = [&body](std::string_view bytes) { body += bytes; };
#ifdef TALLY_BENCH_HTTPLIB
  if (words[1] == "httplib") {
    HttplibClient client(raw_url(words[2]));
    return time_calls([&] {
      body.clear();
      if (!client.post(keep) || read_document(body).empty()) fail("cpp-httplib");
    });
  }
#endif
  RawClient client(raw_url(words[2]), ca_file);
  return time_calls([&] {
    body.clear();
    if (!client.post(keep)) fail("libcurl");
    if (words[1] == "dom" && read_document(body).empty()) fail("no text");
  });
}

// From the server's send to the user's callback.

/// at_once URL COUNT CA_FILE: one call, then so many at the same time.
Figures at_once(const std::vector<std::string>& words) {
  const tally::Client client = open_client(words[1], words[3]);
  return timed([&] {
    for (const int count : {1, std::atoi(words[2].c_str())}) {
      for (int i = 0; i < count; ++i) client.chat_start(small_request());
      for (int left = count; left > 0;) {
        if (!client.wait(std::chrono::seconds(10))) fail("wait");
        for (tally::Event event; client.next_event(event);) {
          if (!event.completion) continue;
          check(*event.completion);
          --left;
        }
      }
    }
  });
}

/// latency NAME URL
Figures latency(const std::vector<std::string>& words) {
  std::vector<double> after_us;
  const auto note = [&after_us](std::string_view text) {
    const std::int64_t now = monotonic_ns();
    const std::int64_t sent = std::atoll(std::string(text).c_str());
    if (sent > 0) after_us.push_back(static_cast<double>(now - sent) / 1000);
  };
  if (words[1] == "tally") {
    check(open_client(words[2]).chat(small_request(), [&](const tally::Delta& delta) {
      note(delta.text);
      return tally::Flow::keep;
    }));
  } else {
    const auto decoder = make_decoder(words[1], note);
    RawClient client(raw_url(words[2]));
    if (!client.post([&](std::string_view bytes) { decoder->feed(bytes); })) fail("libcurl");
  }
  return percentiles(std::move(after_us));
}

// Money.

/// cost CATALOGUE: `builtin`, or so many models.
Figures cost(const std::vector<std::string>& words) {
  const bool is_builtin = words[1] == "builtin";
  const int models = is_builtin ? 0 : std::atoi(words[1].c_str());
  const tally::PriceCatalog prices = is_builtin
                                         ? tally::PriceCatalog::builtin()
                                         : *tally::PriceCatalog::parse(large_catalog(models));
  tally::ReportedUsage reported;
  reported.prompt_tokens = 100000;
  reported.prompt_cache_hit_tokens = 80000;
  reported.prompt_cache_miss_tokens = 20000;
  reported.completion_tokens = 2000;
  reported.total_tokens = 102000;
  const tally::Usage usage = tally::normalize(reported, tally::provider_named("deepseek"));
  // Of a large catalogue names from all over it, since a search may favour one.
  std::vector<std::string> names;
  for (int i = 0; i < 16; ++i) {
    names.push_back(is_builtin ? "deepseek-flash" : "model-" + std::to_string(models * i / 16));
  }
  const tally::Instant first = *tally::parse_instant("2026-10-01T00:07:00Z");
  constexpr int times = 100'000;
  std::int64_t units = 0;
  Figures figures = timed([&] {
    for (int i = 0; i < times; ++i) {
      tally::PriceQuery query;
      query.model = names[static_cast<std::size_t>(i) % names.size()];
      query.at = first + std::chrono::hours(i % 1000);  // Holidays, week-ends, peaks.
      const auto price = prices.price_at(query);
      if (!price) fail(price.error().message);
      units += tally::cost_of(usage, *price).total->amount.attos % 1000 + 1;
    }
  });
  if (units == 0) fail("no cost");
  return {{"each_ns", figures["cpu_us"] * 1000 / times},
          {"allocations", figures["allocations"] / times}};
}

/// catalog NAME MODELS
Figures catalog(const std::vector<std::string>& words) {
  const std::string text = large_catalog(std::atoi(words[2].c_str()));
  bool good = false;
  Figures figures = timed([&] {
    if (words[1] == "dom") good = nlohmann::json::parse(text, nullptr, false).is_object();
    if (words[1] == "tally") good = tally::PriceCatalog::parse(text).has_value();
  });
  if (!good) fail("the generated catalogue does not load");
  figures["bytes"] = static_cast<double>(text.size());
  return figures;
}

/// open NAME
Figures open(const std::vector<std::string>& words) {
  std::optional<tally::Client> client;
  return timed([&] {
    if (words[1] == "curl") return open_raw_curl();
    tally::ClientOptions options;
    options.api_key = "sk-bench";
    client = *tally::Client::open(std::move(options));
  });
}

}  // namespace

Figures run_row(const std::vector<std::string>& words) {
  using Row = Figures (*)(const std::vector<std::string>&);
  const std::map<std::string, Row> rows = {
      {"stream", &stream},
      {"decode", &decode},
      {"calls", &calls},
      {"at_once", &at_once},
      {"latency", &latency},
      {"streams", &streams},
      {"frames", &frames},
      {"cost", &cost},
      {"catalog", &catalog},
      {"open", &open},
      {"reply", &reply},
      {"conversation", &conversation},
#ifdef TALLY_BENCH_SQLITE
      {"attempts", &ledger_attempts},
      {"polls", &ledger_polls},
      {"fill", &fill_ledger},
      {"spend", &ledger_spend},
#endif
  };
  const auto found = words.empty() ? rows.end() : rows.find(words[0]);
  if (found == rows.end()) fail("no such row");
  return found->second(words);
}

}  // namespace bench
