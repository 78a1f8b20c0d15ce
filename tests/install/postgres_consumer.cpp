// SPDX-License-Identifier: MIT
// What a program that uses tally::postgres needs besides: libpq, which reads no such conninfo.
#include <iostream>
#include <tally/postgres.hpp>

int main() {
  const auto store = tally::open_postgres_store("dbname = 'tally");
  if (!store && store.error().kind == tally::ErrorKind::invalid_argument) return 0;
  std::cerr << (store ? "a store" : store.error().message) << '\n';
  return 1;
}
