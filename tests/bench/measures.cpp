// SPDX-License-Identifier: MIT
#include "measures.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "answers.hpp"
#include "decoders.hpp"

namespace bench {
namespace {

Row process_row(const std::string& name, std::vector<std::string> words) {
  return {name, [words = std::move(words)] { return run_in_process(words); }};
}

void check_same_text(Report& report, const Results& results, const std::vector<std::string>& rows) {
  for (const std::string& row : rows) {
    if (!results.has(row) || results.of(row, "text").median == results.of("tally", "text").median) {
      continue;
    }
    report.note("WRONG: " + row + " and tally did not read the same text");
  }
}

const std::vector<std::string>& decoder_rows() {
  static const std::vector<std::string> rows = has_simdjson()
                                                   ? std::vector<std::string>{"simdjson", "dom"}
                                                   : std::vector<std::string>{"dom"};
  return rows;
}

void measure_stream_framed(Report& report, const Server& server, const Scale& scale,
                           const std::string& framing, const std::string& key) {
  const std::string url = server.url("/stream/" + std::to_string(scale.chunks) + "/" + framing);
  const std::string warm_up = server.url("/stream/1000/" + framing);
  std::vector<Row> rows;
  rows.push_back(process_row("count bytes", {"stream", "count", url, warm_up}));
  for (const std::string& name : decoder_rows()) {
    rows.push_back(process_row(name, {"stream", name, url, warm_up}));
  }
  rows.push_back(process_row("tally", {"stream", "tally", url, warm_up}));
  const Results results = run_rounds("stream, " + framing, rows, scale.rounds);
  for (const Row& row : rows) {
    report.row(results, row.name, "cpu_us", "us/chunk", 1.0 / static_cast<double>(scale.chunks));
  }
  check_same_text(report, results, decoder_rows());
  report.figure(key + "_vs_count", "tally / count bytes",
                results.ratio("tally", "count bytes", "cpu_us"));
  if (results.has("simdjson")) {
    report.figure(key + "_vs_simdjson", "tally / simdjson",
                  results.ratio("tally", "simdjson", "cpu_us"), 1.2);
  }
  report.figure(key + "_dom_over_tally", "dom / tally", results.ratio("dom", "tally", "cpu_us"),
                6.0, true);
}

std::string std_includes() {
  std::set<std::string> lines;
  for (const auto& file : std::filesystem::directory_iterator(TALLY_INCLUDE_DIR "/tally")) {
    if (file.path().filename() == "throwing.hpp") continue;  // Opt-in: not in tally.hpp.
    std::ifstream text(file.path());
    for (std::string line; std::getline(text, line);) {
      if (line.rfind("#include <", 0) == 0) lines.insert(line);
    }
  }
  std::string all;
  for (const std::string& line : lines) all += line + '\n';
  return all;
}

}  // namespace

void measure_stream(Report& report, const Server& server, const Scale& scale) {
  report.section("Stream of " + std::to_string(scale.chunks) +
                 " chunks over loopback: client CPU, with usage, cost and receipt for tally");
  measure_stream_framed(report, server, scale, "pieces", "stream_cpu");
  report.section("The same, each event in an HTTP chunk of its own");
  measure_stream_framed(report, server, scale, "events", "stream_events_cpu");
}

void measure_decoding(Report& report, const Scale& scale) {
  const double each = 1000.0 / static_cast<double>(scale.chunks);
  for (const ChunkKind kind : chunk_kinds) {
    const std::string name(to_string(kind));
    report.section(
        "Decoding alone, " + name + " chunks of " +
        std::to_string(prepare_stream(kind).block.size() / PreparedStream::chunks_per_block) +
        " bytes");
    std::vector<Row> rows;
    const auto add = [&](const std::string& row) {
      rows.push_back(process_row(row, {"decode", row, name, std::to_string(scale.chunks)}));
    };
    add("lines");
    for (const std::string& row : decoder_rows()) add(row);
    if (kind == ChunkKind::text) add("general");
    add("tally");
    const Results results = run_rounds("decode, " + name, rows, scale.rounds);
    for (const Row& row : rows) {
      report.row(results, row.name, "cpu_us", "ns/chunk", each);
      report.row(results, row.name, "allocations", "allocations", each / 1000);
    }
    check_same_text(report, results, decoder_rows());
    const std::string key = kind == ChunkKind::text ? "decode" : "decode_" + name;
    if (results.has("simdjson")) {
      report.figure(key + "_vs_simdjson", "tally / simdjson",
                    results.ratio("tally", "simdjson", "cpu_us"),
                    kind == ChunkKind::text ? 1.0 : 2.0);
    }
    report.figure(key + "_vs_dom", "tally / dom", results.ratio("tally", "dom", "cpu_us"), 0.2);
    report.figure(key + "_allocs_per_chunk", "allocations a chunk",
                  results.of("tally", "allocations").median / static_cast<double>(scale.chunks),
                  0.01);
  }
}

void measure_small_calls(Report& report, const Server& server, const Scale& scale) {
  report.section(std::to_string(scale.calls) + " small calls one after another");
  const auto row = [&](const std::string& name) {
    return Row{name, [&server, &scale, name] {
                 const auto before = server.accepted();
                 Figures figures = run_in_process(
                     {"calls", name, server.url("/small"), std::to_string(scale.calls)});
                 figures["connections"] = static_cast<double>(server.accepted() - before);
                 return figures;
               }};
  };
  const std::vector<Row> rows = {row("unread"), row("dom"), row("tally")};
  const Results results = run_rounds("small calls", rows, scale.rounds);
  for (const Row& each : rows) {
    report.row(results, each.name, "cpu_us", "us CPU", 1.0 / scale.calls);
    report.row(results, each.name, "wall_us", "us wall", 1.0 / scale.calls);
    report.row(results, each.name, "allocations", "allocations", 1.0 / scale.calls);
  }
  report.figure("small_calls_vs_raw_dom", "tally / dom, CPU",
                results.ratio("tally", "dom", "cpu_us"), 1.15);
  report.figure("small_calls_wall_vs_raw_dom", "tally / dom, wall",
                results.ratio("tally", "dom", "wall_us"));
  report.figure("small_calls_connections", "connections of tally",
                results.of("tally", "connections").most, 1);
  report.note("With TLS: not measured here.");
}

void measure_latency(Report& report, const Server& server, const Scale& scale) {
  report.section("From the server's send to the user's callback, " +
                 std::to_string(scale.latency_chunks) + " chunks, one every 2 ms");
  std::vector<Row> rows;
  const std::string url = server.url("/clock/" + std::to_string(scale.latency_chunks) + "/2000");
  for (const std::string& name : decoder_rows()) {
    rows.push_back(process_row(name, {"latency", name, url}));
  }
  rows.push_back(process_row("tally", {"latency", "tally", url}));
  const Results results = run_rounds("latency", rows, scale.rounds);
  for (const char* figure : {"p50_us", "p90_us", "p99_us"}) {
    for (const Row& row : rows) {
      report.row(results, row.name, figure, std::string("us ") + std::string(figure, 3), 1);
    }
  }
  if (!results.has("simdjson")) return;
  report.figure("latency_p50_vs_simdjson", "tally / simdjson, p50",
                results.ratio("tally", "simdjson", "p50_us"), 1.1);
  report.figure("latency_p99_vs_simdjson", "tally / simdjson, p99",
                results.ratio("tally", "simdjson", "p99_us"), 1.1);
}

void measure_many_streams(Report& report, const Server& server, const Scale& scale) {
  const std::string count = std::to_string(scale.streams);
  report.section(count + " streams on one thread, 20 chunks a second each, " +
                 std::to_string(scale.paced_chunks) + " chunks");
  const std::string url = server.url("/paced/" + std::to_string(scale.paced_chunks) + "/50000");
  const std::vector<Row> rows = {process_row("dom", {"streams", "dom", url, count}),
                                 process_row("tally", {"streams", "tally", url, count})};
  const Results results = run_rounds("streams", rows, scale.rounds);
  for (const Row& row : rows) {
    report.row(results, row.name, "cpu_us", "s CPU", 1e-6);
    report.row(results, row.name, "peak_kib", "MB peak", 1.0 / 1024);
    report.row(results, row.name, "wall_us", "s wall", 1e-6);
  }
  check_same_text(report, results, {"dom"});
  const std::string key = "streams_" + count;
  report.figure(key + "_cpu_vs_epoll_dom", "tally / socket_action + epoll + dom, CPU",
                results.ratio("tally", "dom", "cpu_us"), 0.9);
  report.figure(key + "_rss_vs_epoll_dom", "the same, peak memory",
                results.ratio("tally", "dom", "peak_kib"), 1.0);
}

void measure_frames(Report& report, const Server& server, const Scale& scale) {
  for (const char* streams : {"1", "50", "500"}) {
    const std::string frames = std::to_string(scale.frames);
    report.section(frames + " frames at 60 Hz, " + streams +
                   " streams of 20 chunks a second each: one frame's share");
    const std::string url = server.url("/paced/1000000/50000");
    const std::vector<Row> rows = {
        process_row("curl_multi_perform", {"frames", "curl", url, streams, frames}),
        process_row("tally", {"frames", "tally", url, streams, frames})};
    const Results results = run_rounds(std::string("frames, ") + streams, rows, 1);
    for (const char* figure : {"p50_us", "p99_us", "worst_us"}) {
      const std::string short_name(figure, std::string_view(figure).find('_'));
      for (const Row& row : rows) {
        report.row(results, row.name, std::string("wall_") + figure, "us " + short_name, 1);
        report.row(results, row.name, std::string("cpu_") + figure, "us CPU " + short_name, 1);
      }
    }
    const std::string key = std::string("frames_") + streams;
    report.figure(key + "_p50_vs_perform", "tally / curl_multi_perform, CPU p50",
                  results.ratio("tally", "curl_multi_perform", "cpu_p50_us"));
    report.figure(key + "_poll_p99_us", "us of tally, wall p99",
                  results.of("tally", "wall_p99_us").median, 1000);
    report.figure(key + "_poll_worst_us", "us of tally, wall worst",
                  results.of("tally", "wall_worst_us").median);
  }
}

void measure_money(Report& report, const Scale& scale) {
  report.section(
      "Cost of a usage (lookup with windows and a calendar, and arithmetic); loading prices");
  const std::vector<Row> rows = {
      process_row("built-in catalogue", {"cost", "builtin"}),
      process_row("3,000 models", {"cost", "3000"}),
      process_row("load 3,000 models: dom", {"catalog", "dom", "3000"}),
      process_row("load 3,000 models: tally", {"catalog", "tally", "3000"})};
  const Results results = run_rounds("money", rows, scale.rounds);
  for (const char* row : {"built-in catalogue", "3,000 models"}) {
    report.row(results, row, "each_ns", "ns", 1);
    report.row(results, row, "allocations", "allocations", 1);
  }
  for (const char* row : {"load 3,000 models: dom", "load 3,000 models: tally"}) {
    report.row(results, row, "cpu_us", "ms", 1e-3);
  }
  report.figure("cost_of_usage_ns", "ns for a cost",
                results.of("built-in catalogue", "each_ns").median, 300);
  report.figure("cost_of_usage_3000_vs_builtin", "3,000 models / built-in",
                results.ratio("3,000 models", "built-in catalogue", "each_ns"), 1.1);
  report.figure("catalog_load_vs_dom", "tally / dom",
                results.ratio("load 3,000 models: tally", "load 3,000 models: dom", "cpu_us"), 2.0);
}

void measure_include(Report& report, const Scale& scale) {
  report.section("Include cost: " TALLY_COMPILER " -std=c++17 -fsyntax-only");
  const auto folder = std::filesystem::temp_directory_path();
  const auto row = [&](const std::string& name, const std::string& file, const std::string& text) {
    const std::string path = folder / file;
    std::ofstream(path) << text;
    return Row{name, [path] {
                 const double cpu = cpu_us_of_command(
                     {TALLY_COMPILER, "-std=c++17", "-fsyntax-only", "-I" TALLY_INCLUDE_DIR, path});
                 return Figures{{"cpu_us", cpu}};
               }};
  };
  const std::vector<Row> rows = {
      row("the std headers that it needs", "tally_bench_std.cpp", std_includes()),
      row("tally.hpp", "tally_bench_tally.cpp", "#include \"tally/tally.hpp\"\n")};
  const Results results = run_rounds("include", rows, 3 * scale.rounds);
  for (const Row& each : rows) report.row(results, each.name, "cpu_us", "s CPU", 1e-6);
  report.figure("include_cost_vs_std", "tally.hpp / std headers",
                results.ratio("tally.hpp", "the std headers that it needs", "cpu_us"), 1.3);
}

void measure_open(Report& report, const Scale& scale) {
  report.section("Start-up, each in a fresh process");
  const std::vector<Row> rows = {
      process_row("curl_global_init + curl_multi_init", {"open", "curl"}),
      process_row("Client::open", {"open", "tally"})};
  const Results results = run_rounds("open", rows, 3 * scale.rounds);
  for (const Row& row : rows) report.row(results, row.name, "cpu_us", "ms CPU", 1e-3);
  report.figure("open_vs_curl_init", "Client::open / curl",
                results.ratio("Client::open", "curl_global_init + curl_multi_init", "cpu_us"), 1.5);
}

void measure_growth(Report& report, const Server& server, const Scale& scale) {
  report.section("Growth of tally: CPU of a chunk and peak memory by the length of the stream");
  std::vector<Row> rows;
  std::vector<long> lengths;
  for (long length = 1000; length <= scale.largest_stream; length *= 10) {
    lengths.push_back(length);
    rows.push_back(
        process_row(std::to_string(length) + " chunks",
                    {"stream", "tally", server.url("/stream/" + std::to_string(length) + "/pieces"),
                     server.url("/stream/1000/pieces")}));
  }
  const Results results = run_rounds("growth", rows, scale.rounds);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    report.row(results, rows[i].name, "cpu_us", "us/chunk", 1.0 / static_cast<double>(lengths[i]));
    report.row(results, rows[i].name, "peak_kib", "MB peak", 1.0 / 1024);
  }
  const std::string& longest = rows.back().name;
  const std::string& shorter = rows[rows.size() - 2].name;
  report.figure("growth_cpu_per_chunk", "CPU a chunk, longest / a tenth of it",
                results.ratio(longest, shorter, "cpu_us") / 10, 1.2);
  const double more_kib =
      results.of(longest, "peak_kib").median - results.of(shorter, "peak_kib").median;
  const double more_text = results.of(longest, "text").median - results.of(shorter, "text").median;
  report.figure("growth_bytes_per_byte_of_text", "bytes held for a byte more of text",
                more_kib * 1024 / more_text);
}

}  // namespace bench
