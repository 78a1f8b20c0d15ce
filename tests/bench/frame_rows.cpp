// SPDX-License-Identifier: MIT
#include "frame_rows.hpp"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "call.hpp"
#include "raw_client.hpp"
#include "server.hpp"
#include "timing.hpp"

namespace bench {
namespace {

constexpr std::int64_t frame_ns = 16'666'667;

std::int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void sleep_until(std::int64_t at_ns) {
  const timespec at = {at_ns / 1'000'000'000, at_ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
  }
}

/// Runs `work` in every frame. A frame that came late does not hurry the next ones.
Figures paced(int frames, const std::function<void()>& work) {
  std::vector<double> wall_us;
  std::vector<double> cpu_us;
  std::int64_t next = monotonic_ns();
  for (int i = 0; i < frames; ++i) {
    sleep_until(next);
    const std::int64_t wall = monotonic_ns();
    const std::int64_t cpu = thread_cpu_ns();
    work();
    cpu_us.push_back(static_cast<double>(thread_cpu_ns() - cpu) / 1000);
    wall_us.push_back(static_cast<double>(monotonic_ns() - wall) / 1000);
    next = std::max(next + frame_ns, monotonic_ns());
  }
  Figures figures;
  for (const auto& [name, value] : percentiles(std::move(wall_us))) figures["wall_" + name] = value;
  for (const auto& [name, value] : percentiles(std::move(cpu_us))) figures["cpu_" + name] = value;
  return figures;
}

Figures tally_frames(const std::string& url, int streams, int frames) {
  const tally::Client client = open_client(url);
  for (int i = 0; i < streams; ++i) client.chat_start(small_request());

  std::size_t text = 0;
  tally::Event event;
  Figures figures = paced(frames, [&] {
    if (!client.poll(std::chrono::milliseconds(1))) fail("poll");
    while (client.next_event(event)) {
      text += event.delta.text.size();
      if (event.completion) fail("a stream ended");
    }
  });
  figures["bytes"] = static_cast<double>(text);
  client.shutdown(std::chrono::milliseconds(0));
  return figures;
}

}  // namespace

Figures frames(const std::vector<std::string>& words) {
  const int streams = std::atoi(words[3].c_str());
  const int count = std::atoi(words[4].c_str());
  if (words[1] == "tally") return tally_frames(words[2], streams, count);
  RawFrames raw(words[2] + "/chat/completions", streams);
  Figures figures = paced(count, [&] { raw.perform(); });
  figures["bytes"] = static_cast<double>(raw.bytes());
  return figures;
}

}  // namespace bench
