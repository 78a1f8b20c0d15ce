// SPDX-License-Identifier: MIT
#pragma once

#include "report.hpp"
#include "server.hpp"

namespace bench {

/// How much is measured.
struct Scale {
  int rounds = 7;
  long chunks = 100'000;
  int calls = 2'000;
  int latency_chunks = 500;
  int streams = 1'000;
  int paced_chunks = 80;  ///< 20 a second for 4 s.
  long largest_stream = 1'000'000;
  int ledger_groups = 100;
  int polls = 3'000;
  long ledger_rows = 1'000'000;
  int frames = 10'000;  ///< At 60 a second: 167 s for each row.
};
constexpr Scale quick{3, 20'000, 500, 100, 200, 20, 100'000, 20, 500, 50'000, 600};

void measure_stream(Report& report, const Server& server, const Scale& scale);
void measure_decoding(Report& report, const Scale& scale);
void measure_small_calls(Report& report, const Server& server, const Scale& scale);
void measure_latency(Report& report, const Server& server, const Scale& scale);
void measure_many_streams(Report& report, const Server& server, const Scale& scale);
void measure_frames(Report& report, const Server& server, const Scale& scale);
void measure_money(Report& report, const Scale& scale);
void measure_include(Report& report, const Scale& scale);
void measure_open(Report& report, const Scale& scale);
void measure_growth(Report& report, const Server& server, const Scale& scale);
/// Over the counts in the folder TALLY_TOKENS.
void measure_estimator(Report& report);
#ifdef TALLY_BENCH_SQLITE
void measure_ledger(Report& report, const Server& server, const Scale& scale);
void measure_ledger_queries(Report& report, const Scale& scale);
#endif

}  // namespace bench
