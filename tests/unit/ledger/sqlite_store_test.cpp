// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#if TALLY_WITH_SQLITE

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "ledger/ledger_state.hpp"
#include "ledger/sqlite_store.hpp"
#include "unit/ledger/store_contract.hpp"
#include "unit/ledger/store_session.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::Durability;
using tally::ErrorKind;
using tally::Ledger;
using tally::LedgerOptions;
using tally::LedgerWrite;
using tally::SqliteStore;

namespace {

/// A folder that goes with its owner.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tally-XXXXXX").string();
    path_ = ::mkdtemp(name.data()) == nullptr ? std::string() : name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const char* name = "ledger.db") const { return path_ + "/" + name; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      all.push_back(entry.path().filename().string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  std::string path_;
};

std::shared_ptr<SqliteStore> open(const std::string& path,
                                  Durability durability = Durability::durable) {
  LedgerOptions options;
  options.durability = durability;
  auto store = SqliteStore::open(path, options);
  if (!store) FAIL(store.error().message);
  return store ? *store : nullptr;
}

contract::FreshStorage fresh_file(Durability durability) {
  return [durability] {
    auto folder = std::make_shared<Folder>();
    return contract::StoreUnderTest{[folder, durability]() -> std::shared_ptr<tally::LedgerStore> {
                                      return open(folder->file(), durability);
                                    },
                                    true};
  };
}

/// SQL over the file, past the store.
class Sql {
 public:
  explicit Sql(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 10'000);
  }
  ~Sql() { sqlite3_close(handle_); }

  void run(const std::string& sql) {
    char* error = nullptr;
    sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &error);
    if (error != nullptr) FAIL(error);
  }
  std::string value(const std::string& sql) {
    std::string value;
    const auto take = [](void* into, int, char** texts, char**) {
      *static_cast<std::string*>(into) = texts[0] == nullptr ? "NULL" : texts[0];
      return 0;
    };
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), take, &value, nullptr) == SQLITE_OK);
    return value;
  }

 private:
  sqlite3* handle_ = nullptr;
};

std::vector<LedgerWrite> one(std::uint64_t ticket, LedgerWrite::Kind kind, tally::LedgerRow row) {
  std::vector<LedgerWrite> batch;
  batch.push_back({ticket, kind, std::move(row), {}});
  return batch;
}

std::vector<tally::LedgerDone> answers_of(tally::LedgerStore& store, std::size_t count) {
  std::vector<tally::LedgerDone> all;
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (all.size() < count && std::chrono::steady_clock::now() < until) {
    for (auto& done : store.collect()) all.push_back(std::move(done));
    if (all.size() < count) store.await(10ms);
  }
  return all;
}

std::size_t count_rows(tally::LedgerStore& store, BillState state) {
  std::size_t count = 0;
  tally::LedgerFilter filter;
  filter.state = state;
  CHECK(store.each_row(filter, [&](const auto&) { return ++count > 0; }));
  return count;
}

/// What opening it says.
tally::Error refused(const std::string& path) {
  auto ledger = Ledger::open(path);
  REQUIRE_FALSE(ledger);
  return ledger.error();
}

bool says(const tally::Error& error, const char* words) {
  return error.message.find(words) != std::string::npos;
}

void overwrite(const std::string& path, std::streamoff at, std::size_t bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(bytes, '\x5a');
}

/// In a child that ends without a word, as a killed one does.
template <class Work>
void in_a_child_that_dies(const Work& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

/// Another process: forked before anything is open, it begins its work when it is asked.
class ForkedFirst {
 public:
  template <class Work>
  explicit ForkedFirst(const Work& work) {
    REQUIRE(::pipe(ends_) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    char go = 0;
    ::close(ends_[1]);
    ::_exit(::read(ends_[0], &go, 1) == 1 && work() ? 0 : 1);
  }
  bool goes_well() {
    int status = -1;
    const bool is_told = ::write(ends_[1], "x", 1) == 1;
    ::close(ends_[0]);
    ::close(ends_[1]);
    ::waitpid(child_, &status, 0);
    return is_told && status == 0;
  }

 private:
  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
};

}  // namespace

TEST_CASE("sqlite store: keeps the contract") {
  SUBCASE("durable") { contract::check_every_promise(fresh_file(Durability::durable)); }
  SUBCASE("batched") { contract::check_every_promise(fresh_file(Durability::batched)); }
}

TEST_CASE("sqlite store: random courses end where an independent model does") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    contract::check_random_course(fresh_file(Durability::batched)(), seed, 120);
  }
}

TEST_CASE("sqlite store: a file is made for its owner's eyes, and no other is left behind") {
  const Folder folder;
  {
    const auto store = open(folder.file());
    struct stat facts {};
    REQUIRE(::stat(folder.file().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
  }
  CHECK(folder.names() == std::vector<std::string>{"ledger.db"});
}

TEST_CASE("sqlite store: paths that name no file are refused, and say what does") {
  for (const char* path : {"", ":memory:"}) {
    const tally::Error error = refused(path);
    CHECK(error.kind == ErrorKind::invalid_argument);
    CHECK(says(error, "in_memory()"));
  }
  const tally::Error error = refused("/nowhere/at/all/ledger.db");
  CHECK(error.kind == ErrorKind::ledger);
  CHECK(says(error, "folder has to exist"));
}

TEST_CASE("sqlite store: what is no ledger is refused and left as it is") {
  const Folder folder;
  SUBCASE("a text") {
    std::ofstream(folder.file()) << std::string(5000, 'x');
    const tally::Error error = refused(folder.file());
    CHECK(error.kind == ErrorKind::ledger);
    CHECK(says(error, "not an SQLite database"));
    CHECK(std::filesystem::file_size(folder.file()) == 5000);
  }
  SUBCASE("another program's database") {
    Sql(folder.file()).run("CREATE TABLE notes(text); PRAGMA user_version=1;");
    const tally::Error error = refused(folder.file());
    CHECK(error.kind == ErrorKind::ledger);
    CHECK(says(error, "another program"));
    CHECK(Sql(folder.file()).value("SELECT count(*) FROM sqlite_schema") == "1");
  }
  SUBCASE("a folder") {
    std::filesystem::create_directory(folder.file());
    CHECK(refused(folder.file()).kind == ErrorKind::ledger);
  }
}

TEST_CASE("sqlite store: a newer schema is refused with both versions") {
  const Folder folder;
  open(folder.file());
  Sql(folder.file()).run("PRAGMA user_version=900");
  const tally::Error error = refused(folder.file());
  CHECK(error.kind == ErrorKind::unsupported);
  CHECK(says(error, "version 900"));
  CHECK(says(error, "up to 2"));
}

TEST_CASE("sqlite store: a damaged file is an error that says so") {
  const Folder folder;
  {
    const auto store = open(folder.file());
    contract::StoreUnderTest same{[&] { return store; }, true};
    contract::Session session(same);
    for (int i = 1; i <= 200; ++i) session.reserve(contract::reserved(i, "0.5"));
  }
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(folder.file()));
  overwrite(folder.file(), 4096, size - 4096);
  auto ledger = Ledger::open(folder.file());
  if (ledger) {
    const auto rows = ledger->rows();
    REQUIRE_FALSE(rows);
    CHECK(says(rows.error(), "damaged"));
  } else {
    CHECK(ledger.error().kind == ErrorKind::ledger);
    CHECK(says(ledger.error(), "damaged"));
  }
}

TEST_CASE("sqlite store: a row that the database refuses is set aside, and its batch lives") {
  const Folder folder;
  const auto store = open(folder.file());
  Sql(folder.file())
      .run(
          "CREATE TRIGGER no_two BEFORE INSERT ON ledger WHEN NEW.model_requested='cursed'"
          " BEGIN SELECT RAISE(ABORT,'no such model here'); END");
  std::vector<LedgerWrite> batch;
  for (int i = 1; i <= 5; ++i) {
    tally::LedgerRow row = contract::reserved(i, "0.5");
    if (i == 2 || i == 4) row.model_requested = "cursed";
    batch.push_back({static_cast<std::uint64_t>(i), LedgerWrite::Kind::reserve, row, {}});
  }
  store->submit(std::move(batch));
  int refused = 0;
  for (const auto& done : answers_of(*store, 5)) {
    CHECK((done.ticket % 2 == 0) == done.error.has_value());
    if (!done.error) continue;
    ++refused;
    CHECK(says(*done.error, "no such model here"));
    CHECK(says(*done.error, "ledger.db.dead"));
  }
  CHECK(refused == 2);
  CHECK(count_rows(*store, BillState::reserved) == 3);

  std::ifstream dead(folder.file("ledger.db.dead"));
  std::string line;
  int lines = 0;
  while (std::getline(dead, line)) {
    ++lines;
    CHECK(line.front() == '{');
    CHECK(line.find("\"model_requested\":\"cursed\"") != std::string::npos);
    CHECK(line.find("\"hold\":\"0.5\"") != std::string::npos);
  }
  CHECK(lines == 2);
}

TEST_CASE("sqlite store: the lock of another process delays a write and never fails it") {
  const Folder folder;
  const auto store = open(folder.file());
  Sql other(folder.file());
  other.run("BEGIN IMMEDIATE");
  store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  store->await(30ms);
  CHECK(store->collect().empty());
  CHECK(store->waiting_for().find("another process holds the write lock") != std::string::npos);
  std::thread release([&] {
    std::this_thread::sleep_for(200ms);
    other.run("COMMIT");
  });
  const auto done = answers_of(*store, 1);
  release.join();
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].error);
  CHECK(store->waiting_for().empty());
}

TEST_CASE("sqlite store: a poll takes no time of its thread while others hold the lock for 2 s") {
  const Folder folder;
  const auto store = open(folder.file(), Durability::batched);
  Sql other(folder.file());
  other.run("BEGIN IMMEDIATE");
  store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  const auto until = std::chrono::steady_clock::now() + 2s;
  const std::clock_t before = std::clock();
  int polls = 0;
  while (std::chrono::steady_clock::now() < until) {
    CHECK(store->collect().empty());
    ++polls;
    std::this_thread::sleep_for(2ms);
  }
  const double busy = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  CHECK(busy / polls < 0.001);
  other.run("COMMIT");
  for (int i = 0; i < 2000; ++i) {
    if (!store->collect().empty()) break;
    std::this_thread::sleep_for(2ms);
    REQUIRE(i < 1999);
  }
}

TEST_CASE("sqlite store: a durable ledger that nobody lends a thread says what it waits for") {
  const Folder folder;
  const auto store = open(folder.file());
  store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  CHECK(store->collect().empty());
  CHECK(store->waiting_for().find("run_writer") != std::string::npos);
  store->await(10s);
  CHECK(store->collect().size() == 1);
}

TEST_CASE("sqlite store: a batched ledger hands rows to the system from the poll itself") {
  const Folder folder;
  const auto store = open(folder.file(), Durability::batched);
  store->submit(one(7, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  const auto done = store->collect();
  REQUIRE(done.size() == 1);
  CHECK(done[0].ticket == 7);
  CHECK(Sql(folder.file()).value("SELECT count(*) FROM ledger") == "1");
}

TEST_CASE("sqlite store: closing writes what is queued") {
  const Folder folder;
  {
    const auto store = open(folder.file());
    store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
    store->submit(
        one(2, LedgerWrite::Kind::settle, contract::settled(contract::reserved(1, "0.5"), "0.25")));
  }
  CHECK(Sql(folder.file()).value("SELECT state FROM ledger") == "settled");
}

TEST_CASE("sqlite store: what a dead process left reserved is estimated at the next opening") {
  const Folder folder;
  in_a_child_that_dies([&] {
    static auto store = SqliteStore::open(folder.file(), {});
    if (!store) ::_exit(1);
    tally::LedgerRow row = contract::reserved(1, "0.5");
    row.cost.bounds = tally::CostBounds{contract::dollars("0.1"), contract::dollars("0.5")};
    (*store)->submit(one(1, LedgerWrite::Kind::reserve, row));
    if (answers_of(**store, 1).size() != 1) ::_exit(2);
  });
  CHECK(folder.names().size() == 4);  // The file, its log and index, the owner's.
  const auto store = open(folder.file());
  REQUIRE(count_rows(*store, BillState::estimated) == 1);
  CHECK(store->each_row({}, [](const tally::LedgerRow& row) {
    CHECK(row.reason == "owner_gone");
    CHECK(row.revision == 1);
    CHECK(row.cost.total == contract::dollars("0.5"));
    return true;
  }));
  CHECK(Sql(folder.file()).value("SELECT count(*) FROM owner") == "1");
}

TEST_CASE("sqlite store: rows of living owners are left alone, of this process and of another") {
  const Folder folder;
  ForkedFirst other([&] {
    auto third = SqliteStore::open(folder.file(), {});
    return third && count_rows(**third, BillState::reserved) == 1;
  });
  const auto store = open(folder.file());
  store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  REQUIRE(answers_of(*store, 1).size() == 1);
  const auto second = open(folder.file());
  CHECK(count_rows(*second, BillState::reserved) == 1);
  CHECK(other.goes_well());
  CHECK(*second->recover() == 0);
  CHECK(count_rows(*second, BillState::reserved) == 1);
}

TEST_CASE("sqlite store: a forked child is told so, and harms nothing of its parent's") {
  const Folder folder;
  auto store = open(folder.file());
  store->submit(one(1, LedgerWrite::Kind::reserve, contract::reserved(1, "0.5")));
  REQUIRE(answers_of(*store, 1).size() == 1);
  in_a_child_that_dies([&] {
    store->submit(one(2, LedgerWrite::Kind::reserve, contract::reserved(2, "0.5")));
    const auto done = store->collect();
    if (done.size() != 1 || !done[0].error || done[0].error->kind != ErrorKind::forked) ::_exit(1);
    if (store->totals({}, {}).has_value()) ::_exit(2);
    store.reset();
  });
  store->submit(one(3, LedgerWrite::Kind::reserve, contract::reserved(3, "0.5")));
  REQUIRE(answers_of(*store, 1).size() == 1);
  CHECK(count_rows(*store, BillState::reserved) == 2);
}

TEST_CASE("sqlite store: a file that was open at the fork is refused to the child") {
  const Folder folder;
  auto store = open(folder.file());
  in_a_child_that_dies([&] {
    const auto own = SqliteStore::open(folder.file(), {});
    if (own || own.error().kind != ErrorKind::forked) ::_exit(1);
    if (!SqliteStore::open(folder.file("other.db"), {})) ::_exit(2);
  });
  store.reset();
  in_a_child_that_dies([&] {
    if (!SqliteStore::open(folder.file(), {})) ::_exit(1);
  });
}

TEST_CASE("sqlite store: a file with a budget that cannot be read is not opened without it") {
  const Folder folder;
  REQUIRE(Ledger::open(folder.file())->set_budget(contract::budget("all", "1")));
  Sql(folder.file()).run("UPDATE budget SET definition=replace(definition,'total','decade')");
  CHECK(says(refused(folder.file()), "\"window\""));
}

TEST_CASE("sqlite store: a bill that the file refused is stored when flush returns") {
  const Folder folder;
  const auto store = open(folder.file());
  const Ledger ledger(store);
  const auto write = [&](LedgerWrite::Kind kind, tally::LedgerRow row) {
    const auto ticket = ledger.state()->submit({0, kind, std::move(row), {}});
    while (true) {
      ledger.state()->collect();
      if (auto done = ledger.state()->ask(ticket)) return *done;
      store->await(10ms);
    }
  };
  const tally::LedgerRow row = contract::reserved(1, "0.5");
  REQUIRE_FALSE(write(LedgerWrite::Kind::reserve, row).error);
  Sql(folder.file()).run("ALTER TABLE ledger RENAME TO away");
  CHECK(write(LedgerWrite::Kind::settle, contract::settled(row, "0.25")).error);
  const auto waited = ledger.flush(1ms);
  REQUIRE_FALSE(waited);
  CHECK(says(waited.error(), "no such table"));
  Sql(folder.file()).run("ALTER TABLE away RENAME TO ledger");
  CHECK(ledger.flush(30s));
  CHECK(Sql(folder.file()).value("SELECT state FROM ledger") == "settled");
}

TEST_CASE("sqlite store: flush empties the log that a polling program has filled") {
  const Folder folder;
  const auto store = open(folder.file(), Durability::batched);
  const Ledger ledger(store);
  tally::LedgerRow row = contract::reserved(1, "0.5");
  row.usage.raw.assign(100'000, 'x');
  for (int i = 1; i <= 60; ++i) {
    row.attempt_id = contract::attempt(i);
    ledger.state()->submit({0, LedgerWrite::Kind::reserve, row, {}});
  }
  while (ledger.state()->collect() < 60) {
  }
  CHECK(std::filesystem::file_size(folder.file()) < 1'000'000);
  REQUIRE(ledger.flush());
  CHECK(std::filesystem::file_size(folder.file()) > 6'000'000);
}

TEST_CASE("sqlite store: many threads and two handles lose no row") {
  const Folder folder;
  const auto first = open(folder.file(), Durability::batched);
  const auto second = open(folder.file(), Durability::batched);
  const Ledger ledgers[] = {Ledger(first), Ledger(second)};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const Ledger& ledger = ledgers[t % 2];
      for (int i = 1; i <= 25; ++i) {
        const tally::LedgerRow row = contract::reserved(t * 100 + i, "0.5");
        ledger.state()->submit({0, LedgerWrite::Kind::reserve, row, {}});
        ledger.state()->submit({0, LedgerWrite::Kind::settle, contract::settled(row, "0.25"), {}});
        CHECK(ledger.flush(30s));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count_rows(*first, BillState::settled) == 200);
  const auto totals = second->totals({}, {});
  REQUIRE(totals);
  REQUIRE(totals->size() == 1);
  CHECK(to_string((*totals)[0].settled) == "50");
  CHECK((*totals)[0].calls == 200);
}

TEST_CASE("sqlite store: sums of amounts that no 64-bit attos hold are exact") {
  const Folder folder;
  const auto store = open(folder.file(), Durability::batched);
  std::uint64_t ticket = 0;
  for (int i = 1; i <= 20; ++i) {
    const tally::LedgerRow row =
        contract::settled(contract::reserved(i), "99999999.999999999999999999");
    store->submit(one(++ticket, LedgerWrite::Kind::settle, row));
  }
  REQUIRE(answers_of(*store, 20).size() == 20);
  const auto totals = store->totals({}, {});
  REQUIRE(totals);
  REQUIRE(totals->size() == 1);
  CHECK(to_string((*totals)[0].settled) == "1999999999.99999999999999998");
}

#endif
