// SPDX-License-Identifier: MIT
#include "frame_times.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace game {
namespace {

double cpu_us() {
  // On POSIX `std::clock` is the process's: tally starts no thread, but a sound system may.
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
#else
  return static_cast<double>(std::clock()) * 1e6 / CLOCKS_PER_SEC;
#endif
}

std::string percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  char text[80];
  std::snprintf(text, sizeof text, "p50 %.0f p99 %.0f worst %.0f us", at(0.5), at(0.99), at(1));
  return text;
}

}  // namespace

void FrameTimes::measure(const std::function<void()>& part) {
  const auto wall_before = std::chrono::steady_clock::now();
  const double cpu_before = cpu_us();
  part();
  cpu_us_.push_back(cpu_us() - cpu_before);
  const std::chrono::duration<double, std::micro> wall =
      std::chrono::steady_clock::now() - wall_before;
  wall_us_.push_back(wall.count());
}

std::string FrameTimes::summary(const std::string& name) const {
  if (wall_us_.empty()) return name + ": no frames";
  return name + ": wall " + percentiles(wall_us_) + ", cpu " + percentiles(cpu_us_) + ", " +
         std::to_string(wall_us_.size()) + " frames";
}

}  // namespace game
