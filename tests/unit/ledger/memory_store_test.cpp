// SPDX-License-Identifier: MIT
#include "ledger/memory_store.hpp"

#include <doctest/doctest.h>

#include "unit/ledger/store_contract.hpp"

namespace {

contract::StoreUnderTest fresh_store() {
  return {[] { return std::make_shared<tally::MemoryStore>(); }, false};
}

}  // namespace

TEST_CASE("memory store: keeps the contract") { contract::check_every_promise(fresh_store); }

TEST_CASE("memory store: random courses end where an independent model does") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    contract::check_random_course(fresh_store(), seed, 200);
  }
}

TEST_CASE("memory store: a thread that was lent waits, and does not spin") {
  using std::chrono::steady_clock;
  tally::MemoryStore store;
  const auto begin = steady_clock::now();
  store.await(std::chrono::milliseconds(20));
  CHECK(steady_clock::now() - begin >= std::chrono::milliseconds(20));
}
