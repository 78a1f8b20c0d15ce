// SPDX-License-Identifier: MIT

// Every stage of a call, every fault, every face: how it ends, how often it was tried, what was
// kept, and what it cost. The table is fault_table.cpp.
//
//     fault_matrix_test            all cells
//     fault_matrix_test mid-event  those whose name holds that

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "fault_cell.hpp"

using namespace std::chrono_literals;
using faults::Cell;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// No cell waits for more than two brief clocks and a back-off of a second.
constexpr auto longest_cell = 60s;
constexpr std::size_t workers = 4;

struct Run {
  std::vector<Cell> cells;
  std::vector<std::vector<std::string>> faults;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> ended{0};
  std::array<std::atomic<std::size_t>, workers> current{};
  std::array<std::atomic<SteadyTime>, workers> since{};
};

void work(Run& run, std::size_t worker, const loopback::LoopbackProvider& provider) {
  for (;;) {
    const std::size_t i = run.next++;
    if (i >= run.cells.size()) break;
    run.current[worker] = i;
    run.since[worker] = std::chrono::steady_clock::now();
    run.faults[i] = faults::play(run.cells[i], provider);
    ++run.ended;
  }
  run.since[worker] = SteadyTime::max();
}

// A call that hangs is the worst fault of all, and nothing can be done about it from inside.
void watch(const Run& run) {
  std::size_t shown = 0;
  while (run.ended < run.cells.size()) {
    std::this_thread::sleep_for(100ms);
    for (std::size_t worker = 0; worker < workers; ++worker) {
      const SteadyTime since = run.since[worker];
      if (since == SteadyTime::max() || std::chrono::steady_clock::now() - since < longest_cell) {
        continue;
      }
      std::printf("HANGS %s\n", name_of(run.cells[run.current[worker]]).c_str());
      std::fflush(stdout);
      std::_Exit(1);
    }
    if (run.ended >= shown + 50) {
      shown = run.ended;
      std::fprintf(stderr, "%zu of %zu cells\n", shown, run.cells.size());
    }
  }
}

void print_table() {
  for (const faults::Row& row : faults::fault_table()) {
    const std::string fault = std::string(to_string(row.fault)) +
                              (row.detail.empty() ? "" : " (" + std::string(row.detail) + ")");
    const std::array<const char*, 3> faces = {"all", "chat", "stream, poll"};
    const std::array<const char*, 4> bills = {"not_billed", "estimated", "settled",
                                              "not_billed or estimated"};
    std::printf("%-21s %-38s %-13s %-21s %d of %d seen  %-24s %s\n", to_string(row.stage).data(),
                fault.c_str(), faces[static_cast<std::size_t>(row.faces)], row.ends.data(),
                row.attempts, row.seen, bills[static_cast<std::size_t>(row.bill)], row.text.data());
  }
  for (const faults::NoCell& none : faults::no_cells()) {
    std::printf("no cell: %s / %s: %s\n", to_string(none.stage).data(), none.faults.data(),
                none.why.data());
  }
}

}  // namespace

int main(int count, char** arguments) {
  Run run;
  const std::string part = count > 1 ? arguments[1] : "";
  for (Cell& cell : faults::all_cells()) {
    if (name_of(cell).find(part) != std::string::npos) run.cells.push_back(cell);
  }
  run.faults.resize(run.cells.size());
  if (part.empty()) print_table();

  // One provider for each thread, until the end: its journal is told apart by the cell's number.
  std::array<loopback::LoopbackProvider, workers> providers;
  for (auto& since : run.since) since = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers; ++i) {
    threads.emplace_back([&run, i, &providers] { work(run, i, providers[i]); });
  }
  watch(run);
  for (std::thread& thread : threads) thread.join();

  std::size_t passed = 0;
  for (std::size_t i = 0; i < run.cells.size(); ++i) {
    passed += run.faults[i].empty();
    if (run.faults[i].empty()) continue;
    std::printf("FAILED %s\n", name_of(run.cells[i]).c_str());
    for (const std::string& fault : run.faults[i]) std::printf("    %s\n", fault.c_str());
  }
  std::printf("fault matrix: %zu cells, %zu passed\n", run.cells.size(), passed);
  return passed == run.cells.size() && passed > 0 ? 0 : 1;
}
