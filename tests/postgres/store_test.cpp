// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "postgres/private_server.hpp"

TEST_CASE("postgres store: keeps the contract") {
  contract::check_every_promise(private_server::fresh_store);
}

TEST_CASE("postgres store: random courses end where an independent model does") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    contract::check_random_course(private_server::fresh_store(), seed, 200);
  }
}
