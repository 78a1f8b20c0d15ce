// SPDX-License-Identifier: MIT

// The power goes while the ledger writes: what no sync had confirmed is gone, whole or in part.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "faults/programs.hpp"
#include "ledger/disk.hpp"
#include "ledger/ledger_state.hpp"
#include "ledger/samples.hpp"

namespace {

using faults::TempFolder;
using ledger_tests::Disk;
using ledger_tests::DiskImage;
using ledger_tests::Unsynced;
using tally::BillState;
using tally::Durability;
using tally::LedgerWrite;

/// What the ledger had said by then.
struct Confirmed {
  std::set<std::string> reserved;
  std::set<std::string> settled;
};

struct Cut {
  DiskImage disk;
  Confirmed confirmed;
};

/// Attempts that are reserved and settled in groups of any size, while the power goes now and then.
class Work {
 public:
  Work(Durability durability, std::mt19937& random) : durability_(durability), random_(random) {}

  std::vector<Cut> run() {
    Disk& disk = Disk::install();
    disk.forget();
    disk.watch(folder_.path(), [this] { cut_sometimes(); });
    write_all();
    disk.forget();
    return std::move(cuts_);
  }

 private:
  struct Sent {
    std::uint64_t ticket;
    bool is_reserve;
    std::string attempt;
  };

  void cut_sometimes() {
    if (random_() % 12 != 0) return;
    const Unsynced unsynced = static_cast<Unsynced>(random_() % 3);
    cuts_.push_back({Disk::install().image(unsynced, random_), confirmed_});
  }

  void write_all() {
    tally::LedgerOptions options;
    options.durability = durability_;
    const auto ledger = tally::Ledger::open(folder_ / "ledger.db", options);
    REQUIRE_MESSAGE(ledger, ledger.error().message);
    REQUIRE(ledger->set_budget(ledger_tests::total_budget("all", tally::cents(1'000'000))));
    for (int i = 0; i < 60; ++i) {
      send_some(*ledger);
      await_all(*ledger);
      if (random_() % 8 == 0) checkpoint();
    }
  }

  void send_some(const tally::Ledger& ledger) {
    for (std::uint32_t i = 0, count = 1 + random_() % 8; i < count; ++i) {
      if (open_.empty() || random_() % 2 == 0) {
        tally::LedgerRow row = ledger_tests::reserved_row(tally::cents(30));
        sent_.push_back(
            {ledger_tests::submit(ledger, LedgerWrite::Kind::reserve, row), true, row.attempt_id});
        fresh_.push_back(std::move(row));
      } else {
        const tally::LedgerRow row =
            ledger_tests::settled_row(std::move(open_.back()), tally::cents(7));
        open_.pop_back();
        sent_.push_back(
            {ledger_tests::submit(ledger, LedgerWrite::Kind::settle, row), false, row.attempt_id});
      }
    }
  }

  void await_all(const tally::Ledger& ledger) {
    for (const Sent& sent : sent_) {
      const tally::LedgerDone done = ledger_tests::answer_to(ledger, sent.ticket);
      REQUIRE_MESSAGE(!done.error, done.error->message);
      (sent.is_reserve ? confirmed_.reserved : confirmed_.settled).insert(sent.attempt);
    }
    sent_.clear();
    for (tally::LedgerRow& row : fresh_) open_.push_back(std::move(row));
    fresh_.clear();
  }

  /// SQLite's own moment of danger: the log is copied into the file and begun anew.
  void checkpoint() {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open((folder_ / "ledger.db").c_str(), &db) == SQLITE_OK);
    const auto mode = random_() % 2 == 0 ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_wal_checkpoint_v2(db, nullptr, mode, nullptr, nullptr);
    sqlite3_close(db);
  }

  const Durability durability_;
  std::mt19937& random_;
  TempFolder folder_;
  Confirmed confirmed_;
  std::vector<Cut> cuts_;
  std::vector<Sent> sent_;
  std::vector<tally::LedgerRow> fresh_;
  std::vector<tally::LedgerRow> open_;
};

bool is_sound(const std::string& path) {
  sqlite3* db = nullptr;
  sqlite3_stmt* check = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  const bool is_prepared =
      sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, nullptr) == SQLITE_OK;
  const bool is_good =
      is_prepared && sqlite3_step(check) == SQLITE_ROW &&
      std::string(reinterpret_cast<const char*>(sqlite3_column_text(check, 0))) == "ok";
  sqlite3_finalize(check);
  sqlite3_close(db);
  return is_good;
}

struct Missing {
  std::size_t rows = 0;
  std::size_t settles = 0;
};

/// Opens what the disk holds after the cut. Whatever is missing, what is there is sound.
Missing look_at(const Cut& cut) {
  TempFolder folder;
  ledger_tests::write_image(cut.disk, folder.path());
  const std::string path = folder / "ledger.db";
  const auto ledger = tally::Ledger::open(path);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  CHECK(is_sound(path));
  CHECK(ledger_tests::drift_of(*ledger) == "");
  std::map<std::string, BillState> states;
  REQUIRE(ledger->each_row({}, [&](const tally::LedgerRow& row) {
    CHECK(states.emplace(row.attempt_id, row.state).second);
    CHECK((row.state == BillState::settled || row.state == BillState::estimated));
    return true;
  }));
  Missing missing;
  for (const std::string& attempt : cut.confirmed.reserved)
    missing.rows += 1 - states.count(attempt);
  for (const std::string& attempt : cut.confirmed.settled) {
    missing.settles += states.count(attempt) != 0 && states[attempt] != BillState::settled ? 1 : 0;
  }
  return missing;
}

struct Sum {
  int cuts = 0;
  int cuts_with_less = 0;
  Missing missing;
};

Sum cut_often(Durability durability, const char* name) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  Sum sum;
  for (int i = 0; i < 6; ++i) {
    for (const Cut& cut : Work(durability, random).run()) {
      const Missing missing = look_at(cut);
      ++sum.cuts;
      sum.cuts_with_less += missing.rows + missing.settles > 0 ? 1 : 0;
      sum.missing.rows += missing.rows;
      sum.missing.settles += missing.settles;
    }
  }
  std::printf("power loss, %s: seed %u, %d cuts, %zu rows and %zu settles lost\n", name, seed,
              sum.cuts, sum.missing.rows, sum.missing.settles);
  return sum;
}

}  // namespace

TEST_CASE("power loss: a durable ledger opens, and nothing that it had confirmed is gone") {
  const Sum sum = cut_often(Durability::durable, "durable");
  CHECK(sum.cuts > 100);
  CHECK(sum.missing.rows == 0);
  CHECK(sum.missing.settles == 0);
}

TEST_CASE(
    "power loss: a batched ledger opens and agrees with itself; the last moments may be gone") {
  const Sum sum = cut_often(Durability::batched, "batched");
  CHECK(sum.cuts > 100);
  CHECK(sum.cuts_with_less > 0);  // Or nothing was ever dropped, and this test shows nothing.
}
