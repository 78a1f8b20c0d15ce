// SPDX-License-Identifier: MIT
#include <algorithm>

#include "measures.hpp"
#include "timing.hpp"

namespace bench {
namespace {

/// The streams begin when all are connected, or there would never be so many at once on a slow
/// machine. Each run has a server of its own: to an address with thousands of connections that were
/// closed less than a minute ago, the kernel finds free ports but slowly.
Row streams_row(const std::string& name, const std::string& decoder, int streams, int chunks,
                int interval_us) {
  return {name, [=] {
            const Server server;
            const std::string url =
                server.url("/paced/" + std::to_string(chunks) + "/" + std::to_string(interval_us));
            return run_in_process({"streams", decoder, url, std::to_string(streams)});
          }};
}

}  // namespace

void measure_many_streams(Report& report, const Scale& scale) {
  const std::string count = std::to_string(scale.streams);
  report.section(count + " streams on one thread, 20 chunks a second each, " +
                 std::to_string(scale.paced_chunks) + " chunks");
  const std::vector<Row> rows = {
      streams_row("dom", "dom", scale.streams, scale.paced_chunks, 50'000),
      streams_row("tally", "tally", scale.streams, scale.paced_chunks, 50'000)};
  const Results results = run_rounds("streams", rows, scale.rounds);
  for (const Row& row : rows) {
    report.row(results, row.name, "cpu_us", "s CPU", 1e-6);
    report.row(results, row.name, "peak_kib", "MB peak", 1.0 / 1024);
    report.row(results, row.name, "wall_us", "s wall", 1e-6);
  }
  report.same_text(results, {"dom"});
  const std::string key = "streams_" + count;
  report.figure(key + "_cpu_vs_epoll_dom", "tally / socket_action + epoll + dom, CPU",
                results.ratio("tally", "dom", "cpu_us"), 0.9);
  report.figure(key + "_rss_vs_epoll_dom", "the same, peak memory",
                results.ratio("tally", "dom", "peak_kib"), 1.0);
}

void measure_most_streams(Report& report, const Scale& scale) {
  const std::string most = std::to_string(scale.most_streams);
  report.section(most + " streams on one thread, 20 chunks a second each, " +
                 std::to_string(scale.most_chunks) + " chunks, and 1,000");
  if (descriptor_limit() < static_cast<std::uint64_t>(scale.most_streams) + 100) {
    return report.note("Not measured: no more than " + std::to_string(descriptor_limit()) +
                       " descriptors (ulimit -H -n)");
  }
  const std::string one = "tally, 1";
  const std::string thousand = "tally, 1000";
  const std::string all = "tally, " + most;
  const std::string unhurried = all + ", 2 a second";
  const std::string dom = "dom, " + most;
  const int unhurried_chunks = scale.most_chunks / 2;
  const std::vector<Row> rows = {
      streams_row(one, "tally", 1, scale.most_chunks, 50'000),
      streams_row(thousand, "tally", 1000, scale.most_chunks, 50'000),
      streams_row(all, "tally", scale.most_streams, scale.most_chunks, 50'000),
      streams_row(unhurried, "tally", scale.most_streams, unhurried_chunks, 500'000),
      streams_row(dom, "dom", scale.most_streams, scale.most_chunks, 50'000)};
  const Results results = run_rounds("most streams", rows, scale.rounds);
  for (const Row& each : rows) {
    report.row(results, each.name, "cpu_us", "s CPU", 1e-6);
    report.row(results, each.name, "peak_kib", "MB peak", 1.0 / 1024);
    report.row(results, each.name, "wall_us", "s wall", 1e-6);
  }
  if (results.of(all, "text").median != results.of(dom, "text").median) {
    report.note("WRONG: dom and tally did not read the same text");
  }
  const double times = scale.most_streams / 1000.0;
  // What a process holds before its first stream is not a stream's.
  const auto held = [&](const std::string& name) {
    return results.of(name, "peak_kib").median - results.of(one, "peak_kib").median;
  };
  const std::string key = "streams_" + most;
  report.figure(key + "_cpu_per_chunk_vs_1000", "CPU a chunk / that of 1,000 streams",
                results.ratio(all, thousand, "cpu_us") / times, 1.2);
  // 200,000 chunks a second are more than two cores serve; late ones come several at once, which is
  // cheaper. Two a second each are as many in all as from 1,000 streams.
  report.figure(key + "_unhurried_cpu_per_chunk_vs_1000", "as many a second in all, once begun",
                results.ratio(unhurried, thousand, "begun_cpu_us"), 1.2);
  report.figure(key + "_memory_per_stream_vs_1000", "memory a stream / that of 1,000",
                held(all) / held(thousand) / times, 1.2);
  report.figure(key + "_cpu_vs_epoll_dom", "tally / socket_action + epoll + dom, CPU",
                results.ratio(all, dom, "cpu_us"), 0.9);
  report.figure(key + "_rss_vs_epoll_dom", "the same, peak memory",
                results.ratio(all, dom, "peak_kib"), 1.0);
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

}  // namespace bench
