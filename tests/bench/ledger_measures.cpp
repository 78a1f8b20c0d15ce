// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "measures.hpp"

namespace bench {
namespace {

void measure_attempts(Report& report, const Scale& scale, const std::string& mode, int groups,
                      const std::string& key) {
  report.section("Ledger on disk, " + mode +
                 ": attempts a second, each reserved and settled, in groups of 32");
  const std::string count = std::to_string(groups);
  const std::vector<Row> rows = {process_row("sqlite", {"attempts", "sqlite", mode, count}),
                                 process_row("tally", {"attempts", "tally", mode, count})};
  const Results results = run_rounds("attempts, " + mode, rows, scale.rounds);
  for (const Row& row : rows) {
    report.row(results, row.name, "attempts_per_s", "attempts/s", 1);
    report.row(results, row.name, "cpu_us", "us CPU each", 1.0 / (groups * 32));
  }
  report.figure(key, "tally / sqlite, attempts a second",
                results.ratio("tally", "sqlite", "attempts_per_s"), 0.7, true);
  report.figure(key + "_cpu", "tally / sqlite, CPU", results.ratio("tally", "sqlite", "cpu_us"));
}

void measure_polls(Report& report, const Server& server, const Scale& scale) {
  const std::string count = std::to_string(scale.polls);
  report.section("A poll's CPU with 16 calls in flight, 800 a second, " + count + " polls");
  const std::string url = server.url("/paced/10/2000");
  std::vector<Row> rows;
  for (const char* name : {"none", "durable", "batched"}) {
    rows.push_back(process_row(name, {"polls", name, url, count}));
  }
  const Results results = run_rounds("polls", rows, scale.rounds);
  for (const char* figure : {"p50_us", "p99_us", "worst_us"}) {
    for (const Row& row : rows) {
      report.row(results, row.name, figure, std::string("us ") + figure, 1);
    }
  }
  const auto added = [&](const std::string& row, const std::string& figure) {
    return results.of(row, figure).median - results.of("none", figure).median;
  };
  report.figure("ledger_poll_added_p99_us", "durable, with a thread lent: added, p99",
                added("durable", "p99_us"));
  report.figure("ledger_poll_added_worst_us", "the same, worst", added("durable", "worst_us"),
                1000);
  report.figure("ledger_poll_batched_added_p99_us", "batched, without one: added, p99",
                added("batched", "p99_us"));
  report.figure("ledger_poll_batched_added_worst_us", "the same, worst",
                added("batched", "worst_us"), 1000);
}

}  // namespace

void measure_ledger(Report& report, const Server& server, const Scale& scale) {
  measure_attempts(report, scale, "durable", scale.ledger_groups, "ledger_attempts_vs_sqlite");
  measure_attempts(report, scale, "batched", 4 * scale.ledger_groups,
                   "ledger_attempts_batched_vs_sqlite");
  measure_polls(report, server, scale);
}

void measure_ledger_queries(Report& report, const Scale& scale) {
  char folder[] = "/tmp/tally-bench-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return;
  const std::string path = std::string(folder) + "/ledger.db";
  const std::string count = std::to_string(scale.ledger_rows);
  report.section("What each of 100 players spent on one day of 30, in a ledger of " + count +
                 " rows");
  run_in_process({"fill", path, count});
  const std::vector<Row> rows = {process_row("sqlite", {"spend", "sqlite", path}),
                                 process_row("tally", {"spend", "tally", path})};
  const Results results = run_rounds("ledger queries", rows, scale.rounds);
  for (const Row& row : rows) report.row(results, row.name, "wall_us", "ms", 1e-3);
  for (const char* figure : {"rows", "spent_nano"}) {
    if (results.ratio("tally", "sqlite", figure) != 1) {
      report.note(std::string("WRONG: tally and sqlite did not find the same ") + figure);
    }
  }
  report.figure("ledger_label_query_vs_sql", "tally / sqlite",
                results.ratio("tally", "sqlite", "wall_us"), 2.0);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace bench
