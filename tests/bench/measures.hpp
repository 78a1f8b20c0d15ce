// SPDX-License-Identifier: MIT
#pragma once

#include "report.hpp"
#include "server.hpp"

namespace bench {

/// How much is measured.
struct Scale {
  int rounds = 7;
  int short_rounds = 15;  ///< Of rows that take less than half a second.
  long chunks = 100'000;
  int calls = 2'000;
  int latency_chunks = 500;
  int streams = 1'000;
  int paced_chunks = 80;  ///< 20 a second for 4 s.
  int most_streams = 10'000;
  int most_chunks = 40;
  long largest_stream = 1'000'000;
  long largest_reply = 100'000'000;
  int longest_conversation = 10'000;
  int ledger_groups = 100;
  int polls = 3'000;
  long ledger_rows = 1'000'000;
  int frames = 10'000;              ///< At 60 a second: 167 s for each row.
  bool counts_instructions = true;  ///< Of a compiler, which takes half a minute.
};

/// To see that it runs. The counts that are in names of figures stay.
constexpr Scale quick_scale() {
  Scale scale;
  scale.rounds = 3;
  scale.short_rounds = 3;
  scale.chunks = 20'000;
  scale.calls = 500;
  scale.latency_chunks = 100;
  scale.paced_chunks = 20;
  scale.most_chunks = 8;
  scale.largest_stream = 100'000;
  scale.largest_reply = 10'000'000;
  scale.longest_conversation = 1'000;
  scale.ledger_groups = 20;
  scale.polls = 500;
  scale.ledger_rows = 50'000;
  scale.frames = 600;
  scale.counts_instructions = false;
  return scale;
}

void measure_stream(Report& report, const Server& server, const Scale& scale);
void measure_decoding(Report& report, const Scale& scale);
void measure_small_calls(Report& report, const Server& server, const Scale& scale);
void measure_latency(Report& report, const Server& server, const Scale& scale);
void measure_many_streams(Report& report, const Scale& scale);
/// Beside the descriptors' limit: 10,000 where it allows.
void measure_most_streams(Report& report, const Scale& scale);
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
