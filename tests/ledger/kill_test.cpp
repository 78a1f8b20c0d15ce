// SPDX-License-Identifier: MIT

// Processes that are killed or stopped at any moment. What reached the server is known by the
// server's own journal.

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "faults/programs.hpp"
#include "ledger/child.hpp"
#include "ledger/samples.hpp"
#include "loopback_provider.hpp"

namespace {

using namespace std::chrono_literals;
using faults::TempFolder;
using ledger_tests::Child;
using tally::BillState;

constexpr int rounds = 300;
constexpr int rounds_per_file = 25;

std::string id_of(const loopback::ReceivedRequest& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  REQUIRE(body.is_object());
  return body["messages"][0]["content"];
}

/// Each id that came to the server, and how often.
std::map<std::string, int> journal_of(const loopback::LoopbackProvider& provider) {
  std::map<std::string, int> journal;
  for (const auto& request : provider.received()) ++journal[id_of(request)];
  return journal;
}

bool wait_for_request(const loopback::LoopbackProvider& provider, std::uint64_t before) {
  for (int i = 0; i < 200'000; ++i) {
    if (provider.served().chats > before) return true;
    std::this_thread::sleep_for(100us);
  }
  return false;
}

/// A dead owner's row is an estimate between the bounds that it was reserved with.
void check_row(const tally::LedgerRow& row) {
  CAPTURE(row.labels.at("id"));
  CHECK(row.state != BillState::reserved);
  if (row.state != BillState::estimated) return;
  CHECK(row.reason == "owner_gone");
  REQUIRE(row.cost.bounds);
  REQUIRE(row.cost.total);
  CHECK(row.cost.bounds->low.amount <= row.cost.bounds->high.amount);
  CHECK(*row.cost.total == row.cost.bounds->high);
}

/// The journal's ids of these rounds against the ledger's rows.
class Comparison {
 public:
  explicit Comparison(const loopback::LoopbackProvider& provider) : provider_(provider) {}

  void add(const tally::LedgerRow& row) {
    const std::string& id = row.labels.at("id");
    if (++rows_[id] > 1) twice_.insert(id);
    estimated_ += row.state == BillState::estimated ? 1 : 0;
    settled_ += row.state == BillState::settled ? 1 : 0;
  }

  /// Prints the closing line. The provider has stopped: nothing comes any more.
  void close() {
    const auto journal = journal_of(provider_);
    int lost = 0;
    for (const auto& [id, times] : journal) {
      lost += rows_.count(id) == 0 ? 1 : 0;
      if (times > 1) twice_.insert(id);
    }
    // A bill that the provider never sent cannot be settled.
    CHECK(settled_ <= provider_.served().settled);
    CHECK(lost == 0);
    CHECK(twice_.empty());
    CHECK(estimated_ > 0);  // Or nothing was killed in mid-call.
    std::printf("kill test: %zu rows found, %llu settled, %llu estimated\n", rows_.size(),
                static_cast<unsigned long long>(settled_),
                static_cast<unsigned long long>(estimated_));
    std::printf("kill test: %d rounds, %zu requests, %d lost, %zu double\n", rounds, journal.size(),
                lost, twice_.size());
  }

 private:
  const loopback::LoopbackProvider& provider_;
  std::map<std::string, int> rows_;
  std::set<std::string> twice_;
  std::uint64_t settled_ = 0;
  std::uint64_t estimated_ = 0;
};

tally::Ledger open_ledger(const std::string& path) {
  auto ledger = tally::Ledger::open(path);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  return *std::move(ledger);
}

/// What the rows of a file add up to is what its budget has spent.
void check_file(const std::string& path, Comparison& comparison) {
  const tally::Ledger ledger = open_ledger(path);
  tally::Decimal sum;
  const auto read = ledger.each_row({}, [&](const tally::LedgerRow& row) {
    comparison.add(row);
    if (row.cost.total) sum = *checked_add(sum, row.cost.total->amount);
    return true;
  });
  REQUIRE(read);
  const auto status = ledger.budget_status("all");
  REQUIRE(status);
  CHECK(to_string(status->spent) == to_string(sum));
  CHECK(status->held.is_zero());
  CHECK(status->in_flight == 0);
}

void new_ledger(const std::string& path) {
  const tally::Ledger ledger = open_ledger(path);
  REQUIRE(ledger.set_budget(ledger_tests::total_budget("all", tally::cents(1'000'000))));
}

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder)) names.insert(file.path());
  return names;
}

/// A call whose server is in no hurry, stopped in mid-call.
struct StoppedCall {
  /// `face`: of calls without end; empty: one call.
  explicit StoppedCall(const std::string& face = "")
      : provider(slow()), path(folder / "ledger.db") {
    new_ledger(path);
    const auto before = files_in(folder.path());
    std::vector<std::string> words = {"one", provider.url(), path};
    if (!face.empty()) words = {"calls", provider.url(), path, "durable", face, "0"};
    child.emplace(words);
    REQUIRE(wait_for_request(provider, 0));
    REQUIRE(child->stop(path));
    for (const std::string& file : files_in(folder.path())) {
      const bool is_sqlite = file == path + "-wal" || file == path + "-shm";
      if (before.count(file) == 0 && !is_sqlite) owner_files.insert(file);
    }
  }

  static loopback::Script slow() {
    loopback::Script script;
    script.head_delay = 1s;
    return script;
  }

  loopback::LoopbackProvider provider;
  TempFolder folder;
  std::string path;
  std::optional<Child> child;
  std::set<std::string> owner_files;
};

}  // namespace

TEST_CASE("kill: every request that reached the server has exactly one row") {
  const unsigned seed = std::random_device{}();
  std::printf("kill test: seed %u\n", seed);
  std::mt19937 random(seed);
  TempFolder folder;
  loopback::LoopbackProvider provider;
  provider.keep_received(10'000'000);
  Comparison comparison(provider);
  std::string path;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const int file = round / rounds_per_file;
    if (round % rounds_per_file == 0) {
      if (!path.empty()) check_file(path, comparison);
      path = folder / ("ledger-" + std::to_string(file) + ".db");
      new_ledger(path);
    }
    const bool is_batched = file % 2 == 1;
    // Only a batched ledger needs no thread when nothing but `poll` is called.
    const char* faces[] = {"chat", "writer", is_batched ? "poll" : "writer"};
    const std::string face = faces[random() % 3];
    loopback::Script script;
    script.delay = std::chrono::milliseconds(random() % 3);
    provider.set_script(script);

    const std::uint64_t before = provider.served().chats;
    Child child({"calls", provider.url(), path, is_batched ? "batched" : "durable", face,
                 std::to_string(round)});
    REQUIRE(wait_for_request(provider, before));
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + random() % 59'000));
    child.signal(SIGKILL);
    REQUIRE(child.wait() == 128 + SIGKILL);  // Else it ended by itself, and said why.

    const tally::Ledger ledger = open_ledger(path);
    tally::LedgerFilter of_round;
    of_round.labels = {{"round", std::to_string(round)}};
    const auto rows = ledger.rows(of_round);
    REQUIRE(rows);
    for (const tally::LedgerRow& row : *rows) check_row(row);
    REQUIRE(ledger_tests::drift_of(ledger) == "");
  }
  check_file(path, comparison);
  provider.stop();
  comparison.close();
}

TEST_CASE("kill: an owner that is only stopped keeps its row") {
  StoppedCall call;
  const tally::Ledger ledger = open_ledger(call.path);
  const auto recovered = ledger.recover();
  REQUIRE(recovered);
  CHECK(*recovered == 0);
  REQUIRE(ledger.rows()->size() == 1);
  CHECK((*ledger.rows())[0].state == BillState::reserved);
  call.child->signal(SIGCONT);
  CHECK(call.child->read_line() == "settled");
  CHECK(call.child->wait() == 0);
  CHECK((*ledger.rows())[0].state == BillState::settled);
  CHECK(ledger_tests::drift_of(ledger) == "");
}

TEST_CASE("kill: an owner that was taken for dead settles over the estimate, which is kept") {
  StoppedCall call;
  REQUIRE(call.owner_files.size() == 1);
  std::filesystem::remove(*call.owner_files.begin());
  const tally::Ledger ledger = open_ledger(call.path);
  REQUIRE(ledger.recover());
  const auto estimate = *ledger.rows();
  REQUIRE(estimate.size() == 1);
  CHECK(estimate[0].state == BillState::estimated);
  CHECK(estimate[0].reason == "owner_gone");
  CHECK(ledger.budget_status("all")->spent == estimate[0].cost.total->amount);

  call.child->signal(SIGCONT);
  CHECK(call.child->read_line() == "settled");
  CHECK(call.child->wait() == 0);
  const auto settled = *ledger.rows();
  REQUIRE(settled.size() == 1);
  CHECK(settled[0].state == BillState::settled);
  const auto history = *ledger.history(settled[0].attempt_id);
  REQUIRE(history.size() == 1);
  CHECK(history[0].reason == "late_settle");
  CHECK(history[0].state == BillState::estimated);
  CHECK(history[0].cost == estimate[0].cost.total);
  // Counted once: what the estimate had counted is taken back.
  CHECK(ledger.budget_status("all")->spent == settled[0].cost.total->amount);
  CHECK(ledger_tests::drift_of(ledger) == "");
}

TEST_CASE("kill: an owner that was taken for dead, comes back and dies leaves nothing reserved") {
  StoppedCall call("chat");
  REQUIRE(call.owner_files.size() == 1);
  std::filesystem::remove(*call.owner_files.begin());
  const tally::Ledger ledger = open_ledger(call.path);
  REQUIRE(ledger.recover());
  const std::uint64_t before = call.provider.served().chats;
  call.child->signal(SIGCONT);
  REQUIRE(wait_for_request(call.provider, before + 1));
  call.child->signal(SIGKILL);
  CHECK(call.child->wait() == 128 + SIGKILL);
  REQUIRE(ledger.recover());
  call.provider.stop();
  std::set<std::string> ids;
  REQUIRE(ledger.each_row({}, [&](const tally::LedgerRow& row) {
    CHECK(row.state != BillState::reserved);
    ids.insert(row.labels.at("id"));
    return true;
  }));
  for (const auto& [id, times] : journal_of(call.provider)) {
    CHECK(times == 1);
    CHECK(ids.count(id) == 1);
  }
  CHECK(ledger.budget_status("all")->in_flight == 0);
  CHECK(ledger_tests::drift_of(ledger) == "");
}
