// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tally/budget.hpp"

namespace {

using tally::BudgetWindow;
using tally::Instant;
using tally::TimeZone;
using tally::to_string;
using tally::window_at;

Instant at(std::string_view text) {
  const auto instant = tally::parse_instant(text);
  REQUIRE_MESSAGE(instant.has_value(), text);
  return *instant;
}

/// `2026-03-28T23:00:00Z 2026-03-29T22:00:00Z`
std::string window(BudgetWindow kind, std::string_view zone, std::string_view instant) {
  const auto read = TimeZone::parse(zone);
  REQUIRE_MESSAGE(read.has_value(), zone);
  const tally::TimeSpan span = window_at(kind, *read, at(instant));
  return to_string(span.begin) + " " + to_string(span.end);
}

constexpr std::string_view berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr std::string_view lord_howe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";

TEST_CASE("budget window: a call's is empty, and total is all time since 1970") {
  CHECK(window(BudgetWindow::call, berlin, "2026-03-29T12:00:00.5Z") ==
        "2026-03-29T12:00:00.5Z 2026-03-29T12:00:00.5Z");
  const tally::TimeSpan total =
      window_at(BudgetWindow::total, TimeZone(), at("2026-03-29T12:00:00Z"));
  CHECK(total.begin == Instant{});
  CHECK(total.end == Instant::max());
}

TEST_CASE("budget window: a day of the zone, of 23, 24 and 25 hours") {
  CHECK(window(BudgetWindow::day, "+08:00", "2026-03-29T15:59:59.999999Z") ==
        "2026-03-28T16:00:00Z 2026-03-29T16:00:00Z");
  CHECK(window(BudgetWindow::day, berlin, "2026-03-28T22:59:59Z") ==
        "2026-03-27T23:00:00Z 2026-03-28T23:00:00Z");
  CHECK(window(BudgetWindow::day, berlin, "2026-03-28T23:00:00Z") ==
        "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z");
  CHECK(window(BudgetWindow::day, berlin, "2026-10-25T22:59:59Z") ==
        "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z");
}

TEST_CASE("budget window: an hour begins with the local hour") {
  CHECK(window(BudgetWindow::hour, "UTC", "2026-03-29T12:34:56Z") ==
        "2026-03-29T12:00:00Z 2026-03-29T13:00:00Z");
  CHECK(window(BudgetWindow::hour, "+05:45", "2026-03-29T12:10:00Z") ==
        "2026-03-29T11:15:00Z 2026-03-29T12:15:00Z");
  CHECK(window(BudgetWindow::hour, "-00:44:30", "1969-12-31T23:44:29Z") ==
        "1969-12-31T22:44:30Z 1969-12-31T23:44:30Z");
}

TEST_CASE("budget window: the hour that clocks repeat is two windows") {
  CHECK(window(BudgetWindow::hour, berlin, "2026-10-25T00:30:00Z") ==
        "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z");
  CHECK(window(BudgetWindow::hour, berlin, "2026-10-25T01:00:00Z") ==
        "2026-10-25T01:00:00Z 2026-10-25T02:00:00Z");
  CHECK(window(BudgetWindow::hour, berlin, "2026-03-29T01:00:00Z") ==
        "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z");
}

TEST_CASE("budget window: an hour is cut where clocks change by a part of it (Lord Howe)") {
  // 2026-04-05 02:00 (+11) becomes 01:30 (+10:30): the second 01:30 to 02:00 is half an hour.
  CHECK(window(BudgetWindow::hour, lord_howe, "2026-04-04T14:59:59Z") ==
        "2026-04-04T14:00:00Z 2026-04-04T15:00:00Z");
  CHECK(window(BudgetWindow::hour, lord_howe, "2026-04-04T15:00:00Z") ==
        "2026-04-04T15:00:00Z 2026-04-04T15:30:00Z");
  CHECK(window(BudgetWindow::hour, lord_howe, "2026-04-04T15:30:00Z") ==
        "2026-04-04T15:30:00Z 2026-04-04T16:30:00Z");
  // 2026-10-04 02:00 (+10:30) becomes 02:30 (+11): 02:30 to 03:00 is half an hour.
  CHECK(window(BudgetWindow::hour, lord_howe, "2026-10-03T15:29:59Z") ==
        "2026-10-03T14:30:00Z 2026-10-03T15:30:00Z");
  CHECK(window(BudgetWindow::hour, lord_howe, "2026-10-03T15:59:59Z") ==
        "2026-10-03T15:30:00Z 2026-10-03T16:00:00Z");
}

TEST_CASE("budget window: an hour is cut on both sides of a change within it") {
  // Clocks go back by 40 minutes at 12:20.
  constexpr std::string_view odd = "AAA0BBB-0:40,0/0,J182/12:20";  // J182: July 1.
  CHECK(window(BudgetWindow::hour, odd, "2026-07-01T11:30:00Z") ==
        "2026-07-01T11:20:00Z 2026-07-01T11:40:00Z");
  CHECK(window(BudgetWindow::hour, odd, "2026-07-01T11:50:00Z") ==
        "2026-07-01T11:40:00Z 2026-07-01T12:00:00Z");
}

TEST_CASE("budget window: a week begins on Monday, and may have 167 or 169 hours") {
  CHECK(window(BudgetWindow::week, "UTC", "2026-11-22T23:59:59Z") ==
        "2026-11-16T00:00:00Z 2026-11-23T00:00:00Z");
  CHECK(window(BudgetWindow::week, "UTC", "2026-11-23T00:00:00Z") ==
        "2026-11-23T00:00:00Z 2026-11-30T00:00:00Z");
  CHECK(window(BudgetWindow::week, "UTC", "1969-12-31T12:00:00Z") ==
        "1969-12-29T00:00:00Z 1970-01-05T00:00:00Z");
  CHECK(window(BudgetWindow::week, berlin, "2026-03-25T12:00:00Z") ==
        "2026-03-22T23:00:00Z 2026-03-29T22:00:00Z");
  CHECK(window(BudgetWindow::week, berlin, "2026-10-25T22:59:59Z") ==
        "2026-10-18T22:00:00Z 2026-10-25T23:00:00Z");
}

TEST_CASE("budget window: a month of the zone, leap years and changes included") {
  CHECK(window(BudgetWindow::month, "UTC", "2028-02-29T12:00:00Z") ==
        "2028-02-01T00:00:00Z 2028-03-01T00:00:00Z");
  CHECK(window(BudgetWindow::month, "+08:00", "2026-12-31T16:00:00Z") ==
        "2026-12-31T16:00:00Z 2027-01-31T16:00:00Z");
  CHECK(window(BudgetWindow::month, berlin, "2026-03-15T12:00:00Z") ==
        "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
  CHECK(window(BudgetWindow::month, berlin, "2026-10-31T22:59:59Z") ==
        "2026-09-30T22:00:00Z 2026-10-31T23:00:00Z");
}

TEST_CASE("budget window: windows follow each other without gap or overlap") {
  for (const std::string_view zone : {berlin, lord_howe, std::string_view("UTC"),
                                      std::string_view("NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01"),
                                      std::string_view("EET-2EEST,M3.5.0/0,M10.5.0/0")}) {
    const TimeZone read = *TimeZone::parse(zone);
    for (const BudgetWindow kind :
         {BudgetWindow::hour, BudgetWindow::day, BudgetWindow::week, BudgetWindow::month}) {
      const Instant end = at("2011-01-03T00:00:00Z");
      for (Instant now = at("2010-01-01T00:00:00Z"); now < end;) {
        const tally::TimeSpan span = window_at(kind, read, now);
        REQUIRE((span.begin <= now && now < span.end));
        CHECK(window_at(kind, read, span.begin) == span);
        CHECK(window_at(kind, read, span.end - std::chrono::microseconds(1)) == span);
        CHECK(window_at(kind, read, span.end).begin == span.end);
        now = span.end;
      }
    }
  }
}

}  // namespace
