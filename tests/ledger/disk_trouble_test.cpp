// SPDX-License-Identifier: MIT

// Disks that are full, slow, locked, broken or gone: the caller is told, and no frame waits.

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "faults/programs.hpp"
#include "ledger/child.hpp"
#include "ledger/disk.hpp"
#include "ledger/samples.hpp"
#include "loopback_provider.hpp"

namespace {

using namespace std::chrono_literals;
using faults::TempFolder;
using ledger_tests::Child;
using ledger_tests::Disk;
using tally::BillState;
using tally::Durability;
using tally::ErrorKind;

// Who spins while the disk or a lock keeps it waiting takes all of the 50 ms and more that it does.
constexpr double most_cpu_us = 20'000;

tally::Ledger open_ledger(const std::string& path, tally::LedgerOptions options = {}) {
  auto ledger = tally::Ledger::open(path, options);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  return *std::move(ledger);
}

tally::Client client_of(const loopback::LoopbackProvider& provider, const tally::Ledger& ledger) {
  return *tally::Client::open(ledger_tests::options_for(provider.url(), ledger));
}

tally::Completion ask(const tally::Client& client) {
  return client.chat(ledger_tests::asking("Name three rivers."));
}

/// The disk is full from here to the end of the scope.
struct FullDisk {
  FullDisk() { Disk::install().set_full(true); }
  ~FullDisk() { Disk::install().set_full(false); }
};

struct SlowDisk {
  explicit SlowDisk(std::chrono::milliseconds sync) { Disk::install().set_sync_delay(sync); }
  ~SlowDisk() { Disk::install().set_sync_delay(0ms); }
};

// What a frame's poll cost.

double thread_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

long voluntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

struct Polls {
  int count = 0;
  double worst_cpu_us = 0;
  int waits = 0;  ///< Polls that slept, and long: a busy machine takes the CPU from those that do
                  ///< not.
  int ended = 0;
  int failed = 0;

  void poll(const tally::Client& client) {
    const double cpu = thread_cpu_us();
    const long switches = voluntary_switches();
    const auto began = std::chrono::steady_clock::now();
    REQUIRE(client.poll());
    const auto wall = std::chrono::steady_clock::now() - began;
    ++count;
    worst_cpu_us = std::max(worst_cpu_us, thread_cpu_us() - cpu);
    if (wall > 40ms && voluntary_switches() != switches) ++waits;
    for (tally::Event event; client.next_event(event);) {
      if (!event.completion) continue;
      ++ended;
      if (!event.completion->reply) MESSAGE(event.completion->reply.error().message);
      failed += event.completion->reply && !event.completion->receipt.ledger_error ? 0 : 1;
    }
  }
};

constexpr auto frame = std::chrono::microseconds(16'667);

/// 60 frames a second until all calls have ended; a new call every so often while `starts`. The
/// connections stand before: what they cost is not the ledger's.
Polls run_frames(const tally::Client& client, const std::atomic<bool>& starts) {
  for (int i = 0; i < 8; ++i) client.chat_start(ledger_tests::asking("warm up"));
  for (Polls warm; warm.ended < 8;) warm.poll(client);
  Polls polls;
  int started = 0;
  while (starts || polls.ended < started) {
    if (starts && polls.count % 24 == 0) {
      client.chat_start(ledger_tests::asking("Name three rivers."));
      ++started;
    }
    polls.poll(client);
    std::this_thread::sleep_for(frame);
  }
  std::printf("disk trouble: %d polls, worst %.0f us of CPU, %d calls\n", polls.count,
              polls.worst_cpu_us, polls.ended);
  return polls;
}

void check_frames(const Polls& polls) {
  CHECK(polls.worst_cpu_us < most_cpu_us);
  CHECK(polls.waits == 0);
  CHECK(polls.failed == 0);
  CHECK(polls.ended > 2);
}

/// Lends the ledger a thread.
class Writer {
 public:
  explicit Writer(tally::Ledger ledger)
      : ledger_(std::move(ledger)), thread_([this] { ledger_.run_writer(); }) {}
  ~Writer() {
    ledger_.stop_writer();
    thread_.join();
  }

 private:
  const tally::Ledger ledger_;
  std::thread thread_;
};

/// Polls while another process holds the write lock for two seconds.
Polls run_frames_beside_a_lock(const tally::Ledger& ledger, const std::string& path) {
  const loopback::LoopbackProvider provider;
  const tally::Client client = client_of(provider, ledger);
  std::atomic<bool> starts{true};
  std::thread other([&] {
    std::this_thread::sleep_for(200ms);
    Child locks({"lock", path, "2000"});
    CHECK(locks.read_line() == "locked");
    CHECK(locks.wait() == 0);
    starts = false;
  });
  const Polls polls = run_frames(client, starts);
  other.join();
  return polls;
}

std::string kind_of(const tally::Error& error) { return std::string(to_string(error.kind)); }

}  // namespace

TEST_CASE("disk: a full one is told, and the call is not sent") {
  Disk::install();
  TempFolder folder;
  const loopback::LoopbackProvider provider;
  const tally::Ledger ledger = open_ledger(folder / "ledger.db");
  const tally::Client client = client_of(provider, ledger);
  {
    const FullDisk full;
    const tally::Completion completion = ask(client);
    REQUIRE(!completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::ledger);
    MESSAGE(completion.reply.error().message);
    CHECK(completion.receipt.state == BillState::not_billed);
    CHECK(provider.served().requests == 0);
  }
  const tally::Completion after = ask(client);
  CHECK(after.reply);
  CHECK(!after.receipt.ledger_error);
  CHECK(provider.served().requests == 1);
}

TEST_CASE("disk: with go_on a call is made over a full one, and its receipt says so") {
  Disk::install();
  TempFolder folder;
  const loopback::LoopbackProvider provider;
  tally::LedgerOptions options;
  options.on_failure = tally::OnLedgerFailure::go_on;
  const tally::Ledger ledger = open_ledger(folder / "ledger.db", options);
  const tally::Client client = client_of(provider, ledger);
  const FullDisk full;
  const tally::Completion completion = ask(client);
  REQUIRE(completion.reply);
  CHECK(completion.receipt.state == BillState::settled);
  REQUIRE(completion.receipt.ledger_error);
  CHECK(completion.receipt.ledger_error->kind == ErrorKind::ledger);
  CHECK(provider.served().requests == 1);
}

TEST_CASE("disk: one that is full when the bill comes leaves the row, and the receipt says so") {
  Disk::install();
  TempFolder folder;
  loopback::Script script;
  script.head_delay = 300ms;
  const loopback::LoopbackProvider provider(script);
  {
    const tally::Ledger ledger = open_ledger(folder / "ledger.db");
    const tally::Client client = client_of(provider, ledger);
    std::thread filler([&] {
      while (provider.served().requests == 0) std::this_thread::sleep_for(1ms);
      Disk::install().set_full(true);
    });
    const tally::Completion completion = ask(client);
    filler.join();
    Disk::install().set_full(false);
    CHECK(completion.reply);
    CHECK(completion.receipt.state == BillState::settled);
    CHECK(completion.receipt.ledger_error);
  }
  const auto rows = *open_ledger(folder / "ledger.db").rows();
  REQUIRE(rows.size() == 1);
  CHECK((rows[0].state == BillState::settled || rows[0].state == BillState::estimated));
}

TEST_CASE("disk: a real file system without room is an error, and nothing is half written") {
  TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=512k") != 0) {
    MESSAGE("not run: no right to mount a file system");
    return;
  }
  std::size_t stored = 0;
  {
    const tally::Ledger ledger = open_ledger(folder / "ledger.db");
    tally::LedgerRow row = ledger_tests::reserved_row(tally::cents(1));
    row.labels["story"] = std::string(20'000, 'x');
    for (int i = 0; i < 100; ++i) {
      row.attempt_id = row.call_id = "attempt-" + std::to_string(i);
      const auto done = ledger_tests::reserve(ledger, row);
      if (done.error) {
        CHECK(done.error->kind == ErrorKind::ledger);
        MESSAGE(done.error->message);
        break;
      }
      ++stored;
    }
    CHECK(stored > 0);
    CHECK(stored < 100);
    CHECK(ledger.rows()->size() == stored);
  }
  ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST_CASE("disk: no poll waits for another process's write lock, and its calls go through") {
  Disk::install();
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  SUBCASE("durable, with a thread lent") {
    const tally::Ledger ledger = open_ledger(path);
    const Writer writer(ledger);
    check_frames(run_frames_beside_a_lock(ledger, path));
  }
  SUBCASE("batched, without one") {
    tally::LedgerOptions options;
    options.durability = Durability::batched;
    check_frames(run_frames_beside_a_lock(open_ledger(path, options), path));
  }
}

TEST_CASE("disk: no poll waits for a sync that takes 50 ms") {
  Disk& disk = Disk::install();
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  tally::LedgerOptions options;
  SUBCASE("durable") {}
  SUBCASE("batched") { options.durability = Durability::batched; }
  const tally::Ledger ledger = open_ledger(path, options);
  const SlowDisk slow(50ms);
  const Writer writer(ledger);
  const loopback::LoopbackProvider provider;
  const tally::Client client = client_of(provider, ledger);
  std::atomic<bool> starts{true};
  std::thread stops([&] {
    std::this_thread::sleep_for(1500ms);
    starts = false;
  });
  const std::uint64_t syncs = disk.syncs();
  const Polls polls = run_frames(client, starts);
  stops.join();
  check_frames(polls);
  if (options.durability == Durability::durable) CHECK(disk.syncs() > syncs);
}

TEST_CASE("disk: a blocking call waits for another process's lock, and hears nothing of it") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  const loopback::LoopbackProvider provider;
  const tally::Client client = client_of(provider, open_ledger(path));
  Child locks({"lock", path, "500"});
  REQUIRE(locks.read_line() == "locked");
  const tally::Completion completion = ask(client);
  CHECK(completion.reply);
  CHECK(!completion.receipt.ledger_error);
}

TEST_CASE("disk: a lock that does not go is named when a question's time is over") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  tally::LedgerOptions options;
  options.lock_timeout = 300ms;
  const tally::Ledger ledger = open_ledger(path, options);
  Child locks({"lock", path, "60000"});
  REQUIRE(locks.read_line() == "locked");
  const auto set = ledger.set_budget(ledger_tests::total_budget("all", tally::cents(1)));
  REQUIRE(!set);
  MESSAGE(set.error().message);
  CHECK(set.error().message.find("lock") != std::string::npos);
}

TEST_CASE("disk: a file that may only be read is an error") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  { const tally::Ledger made = open_ledger(path); }
  ::chmod(path.c_str(), 0444);
  // Root may write everywhere, so nobody tries.
  const uid_t user = ::getuid() == 0 ? 65534 : ::getuid();
  Child opens({"open", path, std::to_string(user)});
  const std::string said = opens.read_line();
  MESSAGE(said);
  CHECK(said.rfind("open: ledger: ", 0) == 0);
}

TEST_CASE("disk: a file that is none, or is damaged, is an error") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  SUBCASE("a text") {
    folder.write("ledger.db", std::string(5000, 'x'));
    const auto ledger = tally::Ledger::open(path);
    REQUIRE(!ledger);
    MESSAGE(ledger.error().message);
    CHECK(kind_of(ledger.error()) == "ledger");
    CHECK(faults::read_file(path) == std::string(5000, 'x'));  // Somebody's file is not touched.
  }
  SUBCASE("pages that were overwritten") {
    {
      const tally::Ledger made = open_ledger(path);
      for (int i = 0; i < 50; ++i) {
        REQUIRE(!ledger_tests::reserve(made, ledger_tests::reserved_row(tally::cents(1))).error);
      }
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(std::filesystem::file_size(path) - 4096, 'x');
    file.close();
    std::filesystem::remove(path + "-wal");
    const auto ledger = tally::Ledger::open(path);
    if (!ledger) {
      MESSAGE(ledger.error().message);
      CHECK(kind_of(ledger.error()) == "ledger");
      return;
    }
    CHECK(!ledger->rows());
    CHECK(ledger_tests::reserve(*ledger, ledger_tests::reserved_row(tally::cents(1))).error);
  }
}

TEST_CASE("disk: a file that was deleted under a ledger is an error, not a call without a row") {
  TempFolder folder;
  const std::string path = folder / "ledger.db";
  const loopback::LoopbackProvider provider;
  const tally::Ledger ledger = open_ledger(path);
  const tally::Client client = client_of(provider, ledger);
  REQUIRE(ask(client).reply);
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-wal");
  const tally::Completion completion = ask(client);
  REQUIRE(!completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::ledger);
  MESSAGE(completion.reply.error().message);
  CHECK(provider.served().requests == 1);
}

TEST_CASE("disk: a folder that is not there is an error") {
  TempFolder folder;
  const auto ledger = tally::Ledger::open(folder / "none/ledger.db");
  REQUIRE(!ledger);
  CHECK(kind_of(ledger.error()) == "ledger");
  CHECK(ledger.error().message.find("none/ledger.db") != std::string::npos);
}
