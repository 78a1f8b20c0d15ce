// SPDX-License-Identifier: MIT
#include "measures.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "answers.hpp"
#include "decoders.hpp"
#ifdef TALLY_BENCH_TLS
#include "tls_server.hpp"
#endif

namespace bench {
namespace {

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
#ifdef TALLY_BENCH_HTTPLIB
  rows.push_back(process_row("httplib", {"stream", "httplib", url, warm_up}));
#endif
  rows.push_back(process_row("tally", {"stream", "tally", url, warm_up}));
  const Results results = run_rounds("stream, " + framing, rows, scale.short_rounds);
  for (const Row& row : rows) {
    report.row(results, row.name, "cpu_us", "us/chunk", 1.0 / static_cast<double>(scale.chunks));
  }
  report.same_text(results, decoder_rows());
  report.figure(key + "_vs_count", "tally / count bytes",
                results.ratio("tally", "count bytes", "cpu_us"));
  if (results.has("simdjson")) {
    report.figure(key + "_vs_simdjson", "tally / simdjson",
                  results.ratio("tally", "simdjson", "cpu_us"), 1.2);
  }
  report.figure(key + "_dom_over_tally", "dom / tally", results.ratio("dom", "tally", "cpu_us"),
                6.0, true);
  if (results.has("httplib")) {
    report.figure(key + "_httplib_over_tally", "cpp-httplib + dom / tally",
                  results.ratio("httplib", "tally", "cpu_us"));
  }
}

/// `rows` name what `calls` does; each figure's key begins with `key`.
void measure_calls(Report& report, const Scale& scale, const std::vector<std::string>& rows,
                   const std::string& url, const std::string& ca_file,
                   const std::function<std::int64_t()>& accepted, const std::string& key) {
  std::vector<Row> runs;
  for (const std::string& name : rows) {
    runs.push_back({name, [&, name] {
                      const std::int64_t before = accepted();
                      Figures figures = run_in_process(
                          {"calls", name, url, std::to_string(scale.calls), ca_file});
                      figures["connections"] = static_cast<double>(accepted() - before);
                      return figures;
                    }});
  }
  const Results results = run_rounds(key, runs, scale.short_rounds);
  for (const std::string& name : rows) {
    report.row(results, name, "cpu_us", "us CPU", 1.0 / scale.calls);
    report.row(results, name, "wall_us", "us wall", 1.0 / scale.calls);
    report.row(results, name, "allocations", "allocations", 1.0 / scale.calls);
    report.row(results, name, "connections", "connections", 1);
  }
  report.figure(key + "_vs_raw_dom", "tally / dom, CPU", results.ratio("tally", "dom", "cpu_us"),
                1.15);
  report.figure(key + "_wall_vs_raw_dom", "tally / dom, wall",
                results.ratio("tally", "dom", "wall_us"));
  if (results.has("httplib")) {
    report.figure(key + "_httplib_over_tally", "cpp-httplib + dom / tally, CPU",
                  results.ratio("httplib", "tally", "cpu_us"));
  }
  report.figure(key + "_connections", "connections of tally",
                results.of("tally", "connections").most, 1);
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

#ifdef TALLY_BENCH_TLS
/// Whether a second connection takes up the session of the first. Of many at the same time some do
/// not: OpenSSL lets a ticket go once a handshake with it is done.
void measure_sessions(Report& report) {
  const TlsServer tls;
  std::int64_t further = 0;
  // Where the first of two is answered before the other one begins, they share a connection.
  for (int tries = 0; further == 0 && tries < 100; ++tries) {
    const std::int64_t before = tls.accepted();
    run_in_process({"at_once", tls.url(), "2", tls.ca_file()});
    further = tls.accepted() - before - 1;
  }
  report.figure("tls_sessions_resumed", "TLS sessions resumed / further connections",
                static_cast<double>(tls.resumed()) / static_cast<double>(further), 1.0, true);
}
#endif

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
    const Results results = run_rounds("decode, " + name, rows, scale.short_rounds);
    for (const Row& row : rows) {
      report.row(results, row.name, "cpu_us", "ns/chunk", each);
      report.row(results, row.name, "allocations", "allocations", each / 1000);
    }
    report.same_text(results, decoder_rows());
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
  std::vector<std::string> rows = {"unread", "dom", "tally"};
#ifdef TALLY_BENCH_HTTPLIB
  rows.push_back("httplib");
#endif
  measure_calls(
      report, scale, rows, server.url("/small"), "", [&] { return server.accepted(); },
      "small_calls");
#ifdef TALLY_BENCH_TLS
  report.section("The same over TLS, the certificate verified against a CA file");
  const TlsServer tls;
  measure_calls(
      report, scale, {"unread", "dom", "tally"}, tls.url(), tls.ca_file(),
      [&] { return tls.accepted(); }, "small_calls_tls");
  measure_sessions(report);
#else
  report.note("With TLS: not measured, since there was no OpenSSL 3 (libssl-dev).");
#endif
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

void measure_money(Report& report, const Scale& scale) {
  report.section(
      "Cost of a usage (lookup with windows and a calendar, and arithmetic); loading prices");
  const std::vector<Row> rows = {
      process_row("built-in catalogue", {"cost", "builtin"}),
      process_row("3,000 models", {"cost", "3000"}),
      process_row("load 3,000 models: dom", {"catalog", "dom", "3000"}),
      process_row("load 3,000 models: tally", {"catalog", "tally", "3000"})};
  const Results results = run_rounds("money", rows, scale.short_rounds);
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
  const auto command = [&](const std::string& file, const std::string& text) {
    const std::string path = folder / file;
    std::ofstream(path) << text;
    return std::vector<std::string>{TALLY_COMPILER, "-std=c++17", "-fsyntax-only",
                                    "-I" TALLY_INCLUDE_DIR, path};
  };
  const auto std_headers = command("tally_bench_std.cpp", std_includes());
  const auto tally_header = command("tally_bench_tally.cpp", "#include \"tally/tally.hpp\"\n");
  const auto row = [](const std::string& name, const std::vector<std::string>& words) {
    return Row{name, [words] { return Figures{{"cpu_us", cpu_us_of_command(words)}}; }};
  };
  const std::vector<Row> rows = {row("the std headers that it needs", std_headers),
                                 row("tally.hpp", tally_header)};
  const Results results = run_rounds("include", rows, scale.short_rounds);
  for (const Row& each : rows) report.row(results, each.name, "cpu_us", "s CPU", 1e-6);
  report.figure("include_cost_vs_std", "tally.hpp / std headers",
                results.ratio("tally.hpp", "the std headers that it needs", "cpu_us"), 1.3);
#ifdef TALLY_BENCH_VALGRIND
  if (!scale.counts_instructions) return;
  report.figure("include_instructions_vs_std", "the same, instructions of the compiler",
                instructions_of_command(tally_header) / instructions_of_command(std_headers), 1.3);
#endif
}

void measure_open(Report& report, const Scale& scale) {
  report.section("Start-up, each in a fresh process");
  const std::vector<Row> rows = {
      process_row("curl_global_init + curl_multi_init", {"open", "curl"}),
      process_row("Client::open", {"open", "tally"})};
  const Results results = run_rounds("open", rows, 2 * scale.short_rounds);
  for (const Row& row : rows) report.row(results, row.name, "cpu_us", "ms CPU", 1e-3);
  report.figure("open_vs_curl_init", "Client::open / curl",
                results.ratio("Client::open", "curl_global_init + curl_multi_init", "cpu_us"), 1.5);
}

}  // namespace bench
