// SPDX-License-Identifier: MIT
#include "tally/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

namespace {

TEST_CASE("error: every kind has a name of its own") {
  std::set<std::string_view> names;
  const int last = static_cast<int>(tally::ErrorKind::out_of_memory);
  for (int kind = 0; kind <= last; ++kind) {
    names.insert(to_string(static_cast<tally::ErrorKind>(kind)));
  }
  CHECK(names.size() == 23);
  CHECK(names.count("unknown") == 0);
  CHECK(to_string(tally::ErrorKind::rate_limited) == "rate_limited");
}

TEST_CASE("error: the clock that ran out is named") {
  CHECK(to_string(tally::ClockKind::none) == "none");
  CHECK(to_string(tally::ClockKind::connect) == "connect");
  CHECK(to_string(tally::ClockKind::first_byte) == "first_byte");
  CHECK(to_string(tally::ClockKind::payload_idle) == "payload_idle");
  CHECK(to_string(tally::ClockKind::total) == "total");
}

TEST_CASE("error: a number that is no kind has a name too") {
  CHECK(to_string(static_cast<tally::ErrorKind>(1000)) == "unknown");
  CHECK(to_string(static_cast<tally::ClockKind>(1000)) == "unknown");
}

TEST_CASE("error: a new error promises neither a retry nor a charge") {
  const tally::Error error;
  CHECK_FALSE(error.retry_may_help);
  CHECK_FALSE(error.charge_possible);
  CHECK(error.http_status == 0);
}

}  // namespace
