// SPDX-License-Identifier: MIT

// tally_bench [--quick] [--json FILE] [SECTION...]: how fast tally is, beside libcurl alone.
// Sections: stream decode calls latency streams most_streams frames money include open growth
// estimator ledger ledger_queries; without one, all but frames.
// tally_bench --row WORD...: one row, once, in this process. What the above starts.
// tally_bench --serve: the server alone, for a row under a profiler.

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "decoders.hpp"
#include "measures.hpp"
#include "rows.hpp"
#include "timing.hpp"

namespace bench {
namespace {

int print_row(const std::vector<std::string>& words) {
  for (const auto& [name, value] : run_row(words)) std::printf("%s %.17g\n", name.c_str(), value);
  return 0;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string machine() {
  utsname system{};
  uname(&system);
  return processor() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores, " +
         system.sysname + ' ' + system.release;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return text;
}

struct Choice {
  Scale scale;
  std::string json;
  std::set<std::string> sections;
};

int measure(const Choice& choice) {
  const Server server;  // Forks before this process holds anything.
  const Scale& scale = choice.scale;
  Report report;
  report.fact("date", today());
  report.fact("machine", machine());
  report.fact("versions", library_versions() + ", compiler " TALLY_COMPILER_VERSION);
  report.fact("commit", TALLY_COMMIT);
  report.fact("rounds", std::to_string(scale.rounds) + " to " +
                            std::to_string(2 * scale.short_rounds) +
                            ", interleaved, every second one in reverse; medians (least to most); "
                            "ratios are medians of the rounds'");
  const std::vector<std::pair<std::string, std::function<void()>>> sections = {
      {"stream", [&] { measure_stream(report, server, scale); }},
      {"decode", [&] { measure_decoding(report, scale); }},
      {"calls", [&] { measure_small_calls(report, server, scale); }},
      {"latency", [&] { measure_latency(report, server, scale); }},
      {"streams", [&] { measure_many_streams(report, scale); }},
      {"most_streams", [&] { measure_most_streams(report, scale); }},
      {"frames", [&] { measure_frames(report, server, scale); }},
      {"money", [&] { measure_money(report, scale); }},
      {"include", [&] { measure_include(report, scale); }},
      {"open", [&] { measure_open(report, scale); }},
      {"growth", [&] { measure_growth(report, server, scale); }},
      {"estimator", [&] { measure_estimator(report); }},
#ifdef TALLY_BENCH_SQLITE
      {"ledger", [&] { measure_ledger(report, server, scale); }},
      {"ledger_queries", [&] { measure_ledger_queries(report, scale); }},
#endif
  };
  for (const auto& [name, run] : sections) {
    // 10,000 frames at 60 Hz, six times, are 17 minutes.
    const bool is_chosen =
        choice.sections.empty() ? name != "frames" : choice.sections.count(name) != 0;
    if (is_chosen) run();
  }
  std::printf("\n%d targets missed\n", report.missed());
  if (!choice.json.empty()) std::ofstream(choice.json) << report.json();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::raise_descriptor_limit();  // A descriptor for each stream, here and in what is started.
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "--row") {
    return bench::print_row({words.begin() + 1, words.end()});
  }
  if (!words.empty() && words[0] == "--serve") {
    const bench::Server server;
    std::printf("%s\n", server.url("/").c_str());
    std::fflush(stdout);
    for (;;) pause();
  }
  bench::Choice choice;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--quick") {
      choice.scale = bench::quick_scale();
    } else if (words[i] == "--json" && i + 1 < words.size()) {
      choice.json = words[++i];
    } else {
      choice.sections.insert(words[i]);
    }
  }
  return bench::measure(choice);
}
