// SPDX-License-Identifier: MIT

// Many at once against one budget: what is let through is exactly what fits.

#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "faults/programs.hpp"
#include "ledger/child.hpp"
#include "ledger/samples.hpp"
#include "loopback_provider.hpp"

namespace {

using faults::TempFolder;
using ledger_tests::Child;
using tally::cents;

constexpr int processes = 16;
constexpr int threads = 64;

tally::Ledger ledger_with(const std::string& path, const tally::Money& limit) {
  auto ledger = tally::Ledger::open(path);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  REQUIRE(ledger->set_budget(ledger_tests::total_budget("all", limit)));
  return *std::move(ledger);
}

/// Starts the processes, lets all go at once, and waits until each has said how many it got.
class Race {
 public:
  Race(const std::string& path, const std::vector<std::string>& words) {
    for (int i = 0; i < processes; ++i) {
      std::vector<std::string> all = {"race", path};
      all.insert(all.end(), words.begin(), words.end());
      children_.push_back(std::make_unique<Child>(all));
    }
    for (const auto& child : children_) REQUIRE(child->read_line() == "ready");
    std::ofstream(path + ".go") << "go";
    for (const auto& child : children_) {
      const std::string line = child->read_line();
      REQUIRE(!line.empty());  // Else it failed, and has said why.
      granted += std::atoi(line.c_str());
    }
  }

  void kill() {
    for (const auto& child : children_) child->signal(SIGKILL);
    for (const auto& child : children_) CHECK(child->wait() == 128 + SIGKILL);
  }

  int granted = 0;

 private:
  std::vector<std::unique_ptr<Child>> children_;
};

void run_threads(const std::function<void()>& work) {
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back(work);
  for (std::thread& thread : all) thread.join();
}

/// Calls until one is refused; how many were billed.
int chat_until_refused(const tally::Client& client, std::atomic<int>& failures) {
  for (int billed = 0;; ++billed) {
    const tally::Completion completion = client.chat(ledger_tests::asking("Name three rivers."));
    if (completion.reply) continue;
    if (completion.reply.error().kind != tally::ErrorKind::budget) ++failures;
    return billed;
  }
}

/// A call may cost $0.30 and costs $0.09. $4.68 is spent after 52 of them and the 53rd still fits
/// ($4.98); after it, $4.77 + $0.30 is more than $5.
void race_clients(const tally::Ledger& ledger) {
  const loopback::LoopbackProvider provider;
  auto options = ledger_tests::options_for(provider.url(), ledger);
  options.prices = ledger_tests::cent_prices();
  const auto client = tally::Client::open(std::move(options));
  REQUIRE(client);
  std::atomic<int> billed{0};
  std::atomic<int> failures{0};
  run_threads([&] { billed += chat_until_refused(*client, failures); });
  CHECK(failures == 0);
  CHECK(billed == 53);
  CHECK(provider.served().chats == 53);
  const auto status = *ledger.budget_status("all");
  CHECK(to_string(status.spent) == "4.77");
  CHECK(status.held.is_zero());
  CHECK(status.in_flight == 0);
  CHECK(ledger_tests::drift_of(ledger) == "");
}

/// 320 tries to hold $0.30 of $5: 16 are $4.80, and a 17th would be $5.10.
void race_holds(const tally::Ledger& ledger) {
  std::atomic<int> granted{0};
  std::atomic<int> failures{0};
  run_threads([&] {
    for (int i = 0; i < 5; ++i) {
      const auto done = ledger_tests::reserve(ledger, ledger_tests::reserved_row(cents(30)));
      failures += done.error ? 1 : 0;
      granted += done.error || done.refusal ? 0 : 1;
    }
  });
  CHECK(failures == 0);
  CHECK(granted == 16);
  const auto status = *ledger.budget_status("all");
  CHECK(to_string(status.held) == "4.8");
  CHECK(status.in_flight == 16);
  CHECK(ledger.rows()->size() == 16);  // Nothing is kept of what was refused.
  CHECK(ledger_tests::drift_of(ledger) == "");
}

}  // namespace

TEST_CASE("budget race: 16 processes hold exactly what fits into a budget") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  const tally::Ledger ledger = ledger_with(path, cents(500));
  Race race(path, {"20", "30", "-"});
  CHECK(race.granted == 16);
  const auto held = *ledger.budget_status("all");
  CHECK(to_string(held.held) == "4.8");
  CHECK(held.spent.is_zero());
  CHECK(held.in_flight == 16);
  CHECK(ledger_tests::drift_of(ledger) == "");

  // Their owners die: what was held is counted as spent, since nobody knows.
  race.kill();
  CHECK(*ledger.recover() == 16);
  const auto spent = *ledger.budget_status("all");
  CHECK(to_string(spent.spent) == "4.8");
  CHECK(to_string(spent.estimated) == "4.8");
  CHECK(spent.held.is_zero());
  CHECK(ledger.rows()->size() == 16);
  CHECK(ledger_tests::drift_of(ledger) == "");
}

TEST_CASE("budget race: 16 processes spend a budget to its last call, and not beyond") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  const tally::Ledger ledger = ledger_with(path, cents(500));
  // Held: $0.30; billed: $0.10. Each goes on until it is refused, so the last one alone decides: at
  // $4.70 a call fits, at $4.80 none does.
  const Race race(path, {"1000", "30", "10"});
  CHECK(race.granted == 48);
  const auto status = *ledger.budget_status("all");
  CHECK(to_string(status.spent) == "4.8");
  CHECK(status.held.is_zero());
  CHECK(status.in_flight == 0);
  CHECK(ledger.rows()->size() == 48);
  CHECK(ledger_tests::drift_of(ledger) == "");
}

TEST_CASE("budget race: 64 threads hold exactly what fits, in a file") {
  TempFolder folder;
  race_holds(ledger_with(folder / "ledger.db", cents(500)));
}

TEST_CASE("budget race: 64 threads hold exactly what fits, in memory") {
  const tally::Ledger ledger = tally::Ledger::in_memory();
  REQUIRE(ledger.set_budget(ledger_tests::total_budget("all", cents(500))));
  race_holds(ledger);
}

TEST_CASE("budget race: 64 threads of calls spend a budget to its last call, in a file") {
  TempFolder folder;
  race_clients(ledger_with(folder / "ledger.db", cents(500)));
}

TEST_CASE("budget race: 64 threads of calls spend a budget to its last call, in memory") {
  const tally::Ledger ledger = tally::Ledger::in_memory();
  REQUIRE(ledger.set_budget(ledger_tests::total_budget("all", cents(500))));
  race_clients(ledger);
}

TEST_CASE("budget race: hidden tokens pass the limit by one call's, and the next is refused") {
  TempFolder folder;
  const tally::Ledger ledger = ledger_with(folder / "ledger.db", cents(480));
  std::vector<tally::LedgerRow> rows;
  for (int i = 0; i < 16; ++i) {
    rows.push_back(ledger_tests::reserved_row(cents(30)));
    const auto done = ledger_tests::reserve(ledger, rows.back());
    REQUIRE(!done.error);
    REQUIRE(!done.refusal);
  }
  // 15 cost what was held; one costs $0.45, in the end $0.15 more than the limit.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto done = ledger_tests::settle(
        ledger, ledger_tests::settled_row(rows[i], i == 15 ? cents(45) : cents(30)));
    REQUIRE(!done.error);
    CHECK(done.notices.size() == (i == 15 ? 1 : 0));
  }
  const auto status = *ledger.budget_status("all");
  CHECK(to_string(status.spent) == "4.95");
  CHECK(to_string(status.left()) == "-0.15");
  const auto next = ledger_tests::reserve(ledger, ledger_tests::reserved_row(cents(0)));
  REQUIRE(next.refusal);
  CHECK(next.refusal->reason == tally::BudgetReason::amount);
}
