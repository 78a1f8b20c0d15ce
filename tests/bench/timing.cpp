// SPDX-License-Identifier: MIT
#include "timing.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "allocations.hpp"
#include "server.hpp"

namespace bench {
[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "tally_bench: %s\n", why.c_str());
  std::exit(1);
}

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto microseconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

double peak_kib() {
  // `ru_maxrss` would have the parent's in it.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6);
  }
  return 0;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Figures timed(const std::function<void()>& work) {
  const std::int64_t allocations_before = allocations();
  const std::int64_t wall_before = monotonic_ns();
  const double cpu_before = cpu_us();
  work();
  const double cpu = cpu_us() - cpu_before;
  const std::int64_t wall = monotonic_ns() - wall_before;
  return {{"cpu_us", cpu},
          {"wall_us", static_cast<double>(wall) / 1000},
          {"allocations", static_cast<double>(allocations() - allocations_before)}};
}

Figures percentiles(std::vector<double> values) {
  if (values.empty()) fail("nothing was measured");
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {{"p50_us", at(0.50)},
          {"p90_us", at(0.90)},
          {"p99_us", at(0.99)},
          {"worst_us", values.back()}};
}

}  // namespace bench
