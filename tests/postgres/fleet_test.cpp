// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "postgres/private_server.hpp"
#include "tally/ledger.hpp"
#include "tally/postgres.hpp"
#include "unit/ledger/store_session.hpp"

using contract::attempt;
using contract::dollars;
using contract::Session;
using contract::StoreUnderTest;
using tally::LedgerDone;
using tally::LedgerStore;
using tally::LedgerWrite;
using namespace std::chrono_literals;

namespace {

StoreUnderTest handle_of(std::shared_ptr<LedgerStore> store) {
  return {[store] { return store; }, true};
}

/// Reserves 0.30 twenty times in both budgets; settles every second one that was let through at
/// 0.30. How many were.
int spend(const std::string& conninfo, int client) {
  Session session(handle_of(private_server::open(conninfo)));
  const std::vector<tally::BudgetHold> holds = {
      contract::hold(contract::budget("game", "5.00"), "0.3"),
      contract::hold(contract::budget("player", "4.70"), "0.3")};
  int let_through = 0;
  for (int i = 0; i < 20; ++i) {
    const auto row = contract::reserved(client * 100 + i, "0.3");
    const LedgerDone done = session.reserve(row, holds);
    REQUIRE_FALSE(done.error);
    if (done.refusal) continue;
    ++let_through;
    if (i % 2 == 0) {
      const auto settled = session.settle(contract::settled(row, "0.3"), holds);
      REQUIRE_FALSE(settled.error);
    }
  }
  return let_through;
}

}  // namespace

TEST_CASE("postgres fleet: 16 clients that begin at once make the tables once") {
  const std::string conninfo = private_server::fresh_storage();
  std::vector<std::string> errors(16);
  std::vector<std::thread> clients;
  for (std::string& error : errors) {
    clients.emplace_back([&conninfo, &error] {
      const auto store = tally::open_postgres_store(conninfo);
      if (!store) error = store.error().message;
    });
  }
  for (std::thread& client : clients) client.join();
  for (const std::string& error : errors) CHECK(error == "");
}

TEST_CASE("postgres fleet: 16 processes never spend more than a budget has") {
  const std::string conninfo = private_server::fresh_storage();
  private_server::open(conninfo);
  std::vector<pid_t> clients;
  for (int client = 1; client <= 16; ++client) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(spend(conninfo, client));
    clients.push_back(child);
  }
  int let_through = 0;
  for (const pid_t client : clients) {
    int status = 0;
    REQUIRE(::waitpid(client, &status, 0) == client);
    REQUIRE(WIFEXITED(status));
    let_through += WEXITSTATUS(status);
  }
  // 15 * 0.30 = 4.50; a sixteenth would be 4.80, and 4.70 are there.
  CHECK(let_through == 15);
  const auto store = private_server::open(conninfo);  // Which estimates what the children left.
  const auto status =
      store->budget_status(contract::budget("player", "4.70"),
                           contract::hold(contract::budget("player", "4.70")).window);
  REQUIRE(status);
  CHECK(status->held.is_zero());
  CHECK(store->verify_budgets(LedgerStore::Repair::no)->empty());
}

TEST_CASE(
    "postgres fleet: another session that locks in the opposite order delays, and fails nothing") {
  const std::string conninfo = private_server::fresh_storage();
  const auto store = private_server::open(conninfo);
  Session session(handle_of(store));
  const auto a = contract::hold(contract::budget("a", "100"), "0.01");
  const auto b = contract::hold(contract::budget("b", "100"), "0.01");
  REQUIRE_FALSE(session.reserve(contract::reserved(1, "0.01"), {a, b}).error);
  std::thread stranger([&] {
    for (int i = 0; i < 10; ++i) {
      const auto statements =
          "DO $$ BEGIN"
          " PERFORM FROM tally_budget_window WHERE budget_id = 'b' FOR UPDATE;"
          " PERFORM pg_sleep(0.02);"
          " PERFORM FROM tally_budget_window WHERE budget_id = 'a' FOR UPDATE;"
          " PERFORM FROM tally_budget_gate WHERE budget_id = 'b' FOR UPDATE;"
          " PERFORM FROM tally_budget_gate WHERE budget_id = 'a' FOR UPDATE;"
          " EXCEPTION WHEN deadlock_detected THEN NULL; END $$";
      private_server::ask(conninfo, statements);
    }
  });
  for (int i = 2; i <= 60; ++i) {
    const LedgerDone done = session.reserve(contract::reserved(i, "0.01"), {a, b});
    CHECK_FALSE(done.error);
    CHECK_FALSE(done.refusal);
  }
  stranger.join();
  CHECK(contract::figures(session.status(a)) == "0 0.6 0 0 60");
  CHECK(contract::figures(session.status(b)) == "0 0.6 0 0 60");
}

TEST_CASE(
    "postgres fleet: rows of a client that is gone are estimated, those of a living one are not") {
  const std::string conninfo = private_server::fresh_storage();
  const auto living = private_server::open(conninfo);
  Session session(handle_of(living));
  session.reserve(contract::reserved(1, "0.5"));
  {
    Session gone(handle_of(private_server::open(conninfo)));
    gone.reserve(contract::reserved(2, "0.5"));
  }
  const auto recovered = living->recover();
  REQUIRE(recovered);
  CHECK(*recovered == 1);
  CHECK(session.row(attempt(1)).state == tally::BillState::reserved);
  CHECK(session.row(attempt(2)).reason == "owner_gone");
  CHECK(*living->recover() == 0);
}

TEST_CASE(
    "postgres fleet: a row that the server refuses is told of, and the rest of its batch lives") {
  Session session(private_server::fresh_store());
  std::vector<LedgerWrite> batch;
  for (int i = 1; i <= 20; ++i) {
    auto row = contract::reserved(i, "0.5");
    if (i == 7) {  // An index entry that long does not fit on a page.
      row.attempt_id.clear();
      for (int k = 0; k < 20'000; ++k) row.attempt_id += std::to_string(k * 7919);
    }
    batch.push_back({0, LedgerWrite::Kind::reserve, std::move(row), {}});
  }
  const auto done = session.write_all(std::move(batch));
  REQUIRE(done.size() == 20);
  for (std::size_t i = 0; i < done.size(); ++i) CHECK(done[i].error.has_value() == (i == 6));
  CHECK(session.rows().size() == 19);
}

TEST_CASE("postgres fleet: tables of a newer tally are refused in words") {
  const std::string conninfo = private_server::fresh_storage();
  private_server::open(conninfo);
  private_server::ask(conninfo, "UPDATE tally_meta SET value = '999'");
  const auto store = tally::open_postgres_store(conninfo);
  REQUIRE_FALSE(store);
  CHECK(store.error().kind == tally::ErrorKind::unsupported);
  CHECK(store.error().message.find("999") != std::string::npos);
}

TEST_CASE(
    "postgres fleet: no server, and a conninfo that is none, are errors that keep passwords") {
  const auto nobody = tally::open_postgres_store("host=/nowhere/at/all password=hunter2");
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().kind == tally::ErrorKind::ledger);
  CHECK(nobody.error().message.find("hunter2") == std::string::npos);
  const auto nonsense = tally::open_postgres_store("password = 'hunter2");
  REQUIRE_FALSE(nonsense);
  CHECK(nonsense.error().kind == tally::ErrorKind::invalid_argument);
  CHECK(nonsense.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("postgres fleet: a forked child is told so, and its parent's ledger goes on") {
  const auto store = private_server::open(private_server::fresh_storage());
  Session session(handle_of(store));
  session.reserve(contract::reserved(1, "0.5"));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto rows = store->each_row({}, [](const tally::LedgerRow&) { return true; });
    store->submit({LedgerWrite{7, LedgerWrite::Kind::reserve, contract::reserved(2), {}}});
    const auto done = store->collect();
    const bool is_told = !rows && rows.error().kind == tally::ErrorKind::forked &&
                         done.size() == 1 && done[0].error &&
                         done[0].error->kind == tally::ErrorKind::forked;
    ::_exit(is_told ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(session.settle(contract::settled(contract::reserved(1), "0.2")).error);
  CHECK(session.rows().size() == 1);
}

TEST_CASE("postgres fleet: a hundred thousand additions of 0.000000003625 are exact") {
  const std::string conninfo = private_server::fresh_storage();
  Session session(handle_of(private_server::open(conninfo)));
  const auto all = contract::hold(contract::budget("all", "1"));
  session.reserve(contract::reserved(1), {all});
  REQUIRE_FALSE(
      session.settle(contract::settled(contract::reserved(1), "0.000000003625"), {all}).error);
  // Copies that the server makes: what is tested are the sums, and the window's first sight.
  const std::string columns = private_server::ask(
      conninfo,
      "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
      "'tally_ledger'::regclass AND attname NOT IN ('row_id', 'attempt_id') AND attnum > 0");
  private_server::ask(conninfo, "INSERT INTO tally_ledger(attempt_id, " + columns +
                                    ") SELECT 'copy ' || n, " + columns +
                                    " FROM tally_ledger, generate_series(2, 100000) AS n");
  const auto totals = session.store().totals({}, {});
  REQUIRE(totals);
  REQUIRE(totals->size() == 1);
  CHECK(totals->front().attempts == 100'000);
  CHECK(to_string(totals->front().settled) == "0.0003625");
  const auto late = contract::hold(contract::budget("set late", "1"));
  CHECK(contract::figures(session.status(late)) == "0.0003625 0 0 0 0");
}
