// SPDX-License-Identifier: MIT
#include "tally/time.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using tally::Instant;
using tally::parse_instant;

Instant at_microseconds(std::int64_t count) { return Instant(std::chrono::microseconds(count)); }

std::int64_t microseconds_of(std::string_view text) {
  const auto instant = parse_instant(text);
  REQUIRE_MESSAGE(instant.has_value(), text);
  return instant->time_since_epoch().count();
}

TEST_CASE("time: an RFC 3339 instant is read to the microsecond") {
  CHECK(microseconds_of("1970-01-01T00:00:00Z") == 0);
  CHECK(microseconds_of("2026-04-05T12:00:00Z") == 1775390400000000);
  CHECK(microseconds_of("2026-04-05T12:00:00.5Z") == 1775390400500000);
  CHECK(microseconds_of("2026-04-05T12:00:00.000001Z") == 1775390400000001);
  CHECK(microseconds_of("1969-12-31T23:59:59.999999Z") == -1);
  CHECK(microseconds_of("2026-04-05t12:00:00z") == 1775390400000000);
}

TEST_CASE("time: an offset is taken off, also across midnight and the year") {
  CHECK(microseconds_of("2026-04-05T20:00:00+08:00") == 1775390400000000);
  CHECK(microseconds_of("2026-04-05T06:30:00-05:30") == 1775390400000000);
  CHECK(microseconds_of("1970-01-01T00:00:00+00:01") == -60000000);
  CHECK(microseconds_of("1969-12-31T23:00:00-01:00") == 0);
}

TEST_CASE("time: the first and last year that RFC 3339 can write survive the round trip") {
  for (const char* text : {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
                           "2024-02-29T23:59:59Z", "1900-02-28T00:00:00.1Z"}) {
    CHECK(tally::to_string(at_microseconds(microseconds_of(text))) == text);
  }
}

TEST_CASE("time: anything but an instant that exists is refused") {
  for (const char* text : {"",
                           "2026-04-05",
                           "2026-04-05T12:00:00",
                           "2026-04-05 12:00:00Z",
                           "2026-4-5T12:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+08:60",
                           "2026-01-01T00:00:00+0800",
                           "2026-01-01T00:00:00+08",
                           "2026-01-01T00:00:00ZZ",
                           "2026-01-01T00:00:00Z ",
                           " 2026-01-01T00:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           "2026-01-01T00:00Z",
                           "12026-01-01T00:00:00Z"}) {
    const auto instant = parse_instant(text);
    CHECK_MESSAGE(!instant, text);
    if (!instant) CHECK(instant.error().kind == tally::ErrorKind::invalid_argument);
  }
}

TEST_CASE("time: no part of an instant is an instant") {
  const std::string text = "2026-04-05T12:00:00.123456+08:00";
  REQUIRE(parse_instant(text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(parse_instant(std::string_view(text).substr(0, length)));
  }
}

TEST_CASE("time: decimals are written only as far as there are any") {
  CHECK(tally::to_string(at_microseconds(0)) == "1970-01-01T00:00:00Z");
  CHECK(tally::to_string(at_microseconds(1775390400000000)) == "2026-04-05T12:00:00Z");
  CHECK(tally::to_string(at_microseconds(1775390400120000)) == "2026-04-05T12:00:00.12Z");
  CHECK(tally::to_string(at_microseconds(1775390400000001)) == "2026-04-05T12:00:00.000001Z");
  CHECK(tally::to_string(at_microseconds(-1)) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("time: an error shows what stood there, but not pages of it") {
  const auto instant = parse_instant("yesterday" + std::string(1000, '!'));
  REQUIRE_FALSE(instant);
  CHECK(instant.error().message.find("'yesterday!") != std::string::npos);
  CHECK(instant.error().message.size() < 120);
}

TEST_CASE("time: the system's clocks run forwards, and there is one of them") {
  const auto clock = tally::system_clock();
  CHECK((clock == tally::system_clock()));
  const tally::SteadyInstant before = clock->steady();
  CHECK(before <= clock->steady());
  CHECK(clock->wall() > at_microseconds(1700000000000000));
}

}  // namespace
