// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <thread>

#include "postgres/private_server.hpp"
#include "unit/ledger/store_session.hpp"

using contract::Session;
using contract::StoreUnderTest;
using tally::LedgerStore;
using tally::LedgerWrite;

TEST_CASE("postgres restart: a server that is killed in mid-run costs time, and no row") {
  const std::string conninfo = private_server::fresh_storage();
  const auto store = private_server::open(conninfo);
  const StoreUnderTest under_test{[store] { return store; }, true};
  const auto all = contract::hold(contract::budget("all", "1000"), "0.3");
  constexpr int calls = 600;
  std::thread killer([] {
    for (int i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
      private_server::restart();
    }
  });
  Session session(under_test);
  for (int call = 1; call <= calls; call += 20) {
    std::vector<LedgerWrite> batch;
    for (int i = call; i < call + 20; ++i) {
      batch.push_back({0, LedgerWrite::Kind::reserve, contract::reserved(i, "0.3"), {all}});
      const auto bill = contract::settled(contract::reserved(i, "0.3"), "0.1");
      batch.push_back({0, LedgerWrite::Kind::settle, bill, {all}});
    }
    for (const auto& done : session.write_all(std::move(batch))) {
      CHECK_FALSE(done.error);
      CHECK_FALSE(done.refusal);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  killer.join();
  const auto rows = session.rows();
  CHECK(rows.size() == calls);
  for (const auto& row : rows) {
    CHECK(row.state == tally::BillState::settled);
    CHECK(row.revision == 1);
  }
  CHECK(contract::figures(session.status(all)) == "60 0 0 0 0");  // 600 * 0.10.
  CHECK(store->verify_budgets(LedgerStore::Repair::no)->empty());
}

TEST_CASE("postgres restart: what waits for a server that is away says so") {
  const std::string conninfo = private_server::fresh_storage();
  const auto store = private_server::open(conninfo);
  std::thread restarting(private_server::restart);
  std::string why;
  std::uint64_t ticket = 0;
  int answered = 0;
  for (int i = 0; i < 20'000 && why.empty(); ++i) {
    store->submit({LedgerWrite{
        ++ticket, LedgerWrite::Kind::reserve, contract::reserved(static_cast<int>(ticket)), {}}});
    for (const auto& done : store->collect()) answered += done.error ? 0 : 1;
    const std::string now = store->waiting_for();
    if (now.find("answer") == std::string::npos) why = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  restarting.join();
  CHECK_MESSAGE(why.find("PostgreSQL") != std::string::npos, why);
  while (answered < static_cast<int>(ticket)) {
    for (const auto& done : store->collect()) answered += done.error ? 0 : 1;
    store->await(std::chrono::milliseconds(20));
  }
  CHECK(store->waiting_for().empty());
}
