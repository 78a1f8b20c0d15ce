// SPDX-License-Identifier: MIT
#include "pricing/calendar.hpp"

#include <doctest/doctest.h>

#include "base/civil.hpp"

using namespace tally;

namespace {

Instant at(std::string_view text) {
  const auto instant = parse_instant(text);
  REQUIRE(instant);
  return *instant;
}

std::int64_t day(std::int64_t year, int month, int day) {
  return days_from_civil({year, month, day});
}

/// Peak from 01:00 to 04:00 UTC, Monday to Friday by the Beijing date, but not on 2026-10-01 to
/// 10-07.
Schedule workday_mornings() {
  auto holidays = std::make_shared<Calendar>();
  holidays->covers = {day(2026, 1, 1), day(2026, 12, 31)};
  holidays->days = {{day(2026, 9, 25), day(2026, 9, 27)}, {day(2026, 10, 1), day(2026, 10, 7)}};
  Window morning;
  morning.band = 1;
  morning.start_min = 60;
  morning.end_min = 240;
  morning.weekdays = 0x3E;
  morning.weekday_offset_min = 480;
  morning.calendar_offset_min = 480;
  morning.except = holidays;
  Schedule schedule;
  schedule.bands = {"offpeak", "peak"};
  schedule.windows = {morning};
  return schedule;
}

/// Off-peak from 16:30 to 00:30 UTC on every day: DeepSeek's nights of 2025.
Schedule nights() {
  Window night;
  night.band = 1;
  night.start_min = 16 * 60 + 30;
  night.end_min = 30;
  Schedule schedule;
  schedule.bands = {"standard", "offpeak"};
  schedule.windows = {night};
  return schedule;
}

std::string band(const Schedule& schedule, std::string_view instant) {
  return schedule.bands[schedule.band_at(at(instant))];
}

std::string next_edge(const Schedule& schedule, std::string_view instant) {
  const auto edge = schedule.next_edge(at(instant));
  return edge ? to_string(*edge) : "none";
}

}  // namespace

TEST_CASE("calendar: a range holds its first and its last day and no other") {
  Calendar calendar;
  calendar.days = {{10, 12}, {20, 20}};
  CHECK_FALSE(calendar.contains(9));
  CHECK(calendar.contains(10));
  CHECK(calendar.contains(12));
  CHECK_FALSE(calendar.contains(13));
  CHECK_FALSE(calendar.contains(19));
  CHECK(calendar.contains(20));
  CHECK_FALSE(calendar.contains(21));
  CHECK_FALSE(Calendar{}.contains(0));
}

TEST_CASE("calendar: a window is half-open, to the microsecond") {
  const Schedule schedule = workday_mornings();  // 2026-11-18 is a Wednesday.
  CHECK(band(schedule, "2026-11-18T00:59:59.999999Z") == "offpeak");
  CHECK(band(schedule, "2026-11-18T01:00:00Z") == "peak");
  CHECK(band(schedule, "2026-11-18T01:00:01Z") == "peak");
  CHECK(band(schedule, "2026-11-18T03:59:59.999999Z") == "peak");
  CHECK(band(schedule, "2026-11-18T04:00:00Z") == "offpeak");
}

TEST_CASE("calendar: a window that crosses midnight holds on both sides of it") {
  const Schedule schedule = nights();
  CHECK(band(schedule, "2025-07-10T16:29:59Z") == "standard");
  CHECK(band(schedule, "2025-07-10T16:30:00Z") == "offpeak");
  CHECK(band(schedule, "2025-07-10T23:59:59Z") == "offpeak");
  CHECK(band(schedule, "2025-07-11T00:00:00Z") == "offpeak");
  CHECK(band(schedule, "2025-07-11T00:29:59Z") == "offpeak");
  CHECK(band(schedule, "2025-07-11T00:30:00Z") == "standard");
}

TEST_CASE("calendar: before 1970 the days go on backwards") {
  CHECK(band(nights(), "1969-12-31T16:29:59Z") == "standard");
  CHECK(band(nights(), "1969-12-31T16:30:00Z") == "offpeak");
}

TEST_CASE("calendar: weekends are those of the stated offset") {
  const Schedule schedule = workday_mornings();
  CHECK(band(schedule, "2026-11-20T02:00:00Z") == "peak");     // Friday
  CHECK(band(schedule, "2026-11-21T02:00:00Z") == "offpeak");  // Saturday
  CHECK(band(schedule, "2026-11-22T02:00:00Z") == "offpeak");  // Sunday
  CHECK(band(schedule, "2026-11-23T02:00:00Z") == "peak");     // Monday

  // A window over Beijing's midnight, 16:00 UTC: its Friday evening ends there.
  Schedule evening = workday_mornings();
  evening.windows[0].start_min = 15 * 60;
  evening.windows[0].end_min = 17 * 60;
  CHECK(band(evening, "2026-11-20T15:59:59Z") == "peak");
  CHECK(band(evening, "2026-11-20T16:00:00Z") == "offpeak");
  CHECK(band(evening, "2026-11-22T15:59:59Z") == "offpeak");
  CHECK(band(evening, "2026-11-22T16:00:00Z") == "peak");
}

TEST_CASE("calendar: holidays are those of the calendar's offset") {
  const Schedule schedule = workday_mornings();
  CHECK(band(schedule, "2026-09-24T02:00:00Z") == "peak");
  CHECK(band(schedule, "2026-09-25T02:00:00Z") == "offpeak");  // A Friday in the list.
  CHECK(band(schedule, "2026-09-30T03:59:59Z") == "peak");
  CHECK(band(schedule, "2026-10-01T01:00:00Z") == "offpeak");
  CHECK(band(schedule, "2026-10-07T03:59:59Z") == "offpeak");
  CHECK(band(schedule, "2026-10-08T01:00:00Z") == "peak");

  Schedule evening = schedule;
  evening.windows[0].start_min = 15 * 60;
  evening.windows[0].end_min = 17 * 60;
  CHECK(band(evening, "2026-09-30T15:59:59Z") == "peak");
  CHECK(band(evening, "2026-09-30T16:00:00Z") == "offpeak");  // 10-01 in Beijing.
}

TEST_CASE("calendar: the first window that contains an instant gives the band") {
  Schedule schedule = nights();
  Window cut = schedule.windows[0];
  cut.band = 0;
  cut.start_min = 20 * 60;
  cut.end_min = 21 * 60;
  schedule.windows.insert(schedule.windows.begin(), cut);
  CHECK(band(schedule, "2025-07-10T19:59:59Z") == "offpeak");
  CHECK(band(schedule, "2025-07-10T20:00:00Z") == "standard");
  CHECK(band(schedule, "2025-07-10T21:00:00Z") == "offpeak");
}

TEST_CASE("calendar: the next edge is where the band changes, over weekends and holidays") {
  const Schedule schedule = workday_mornings();
  CHECK(next_edge(schedule, "2026-11-18T00:59:59Z") == "2026-11-18T01:00:00Z");
  CHECK(next_edge(schedule, "2026-11-18T01:00:00Z") == "2026-11-18T04:00:00Z");
  CHECK(next_edge(schedule, "2026-11-20T04:00:00Z") == "2026-11-23T01:00:00Z");
  CHECK(next_edge(schedule, "2026-09-30T05:00:00Z") == "2026-10-08T01:00:00Z");
  CHECK(next_edge(nights(), "2025-07-10T23:00:00Z") == "2025-07-11T00:30:00Z");

  Schedule evening = schedule;
  evening.windows[0].start_min = 15 * 60;
  evening.windows[0].end_min = 17 * 60;
  CHECK(next_edge(evening, "2026-11-20T15:30:00Z") == "2026-11-20T16:00:00Z");
}

TEST_CASE("calendar: a schedule whose band never changes has no edge") {
  Schedule schedule = nights();
  schedule.windows[0].band = 0;
  CHECK(next_edge(schedule, "2025-07-10T23:00:00Z") == "none");
}

TEST_CASE("calendar: it has expired from the day after its last, by its own offset") {
  const Schedule schedule = workday_mornings();
  CHECK_FALSE(schedule.calendar_expired(at("2026-12-31T15:59:59Z")));
  CHECK(schedule.calendar_expired(at("2026-12-31T16:00:00Z")));
  CHECK_FALSE(nights().calendar_expired(at("2030-01-01T00:00:00Z")));
}
