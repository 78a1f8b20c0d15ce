// SPDX-License-Identifier: MIT
#include "base/zone.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/time.hpp"

namespace {

using std::chrono::seconds;
using tally::Instant;
using tally::TimeZone;
using tally::to_string;

// Expected instants were taken from `date` and Python's zoneinfo with the zone that is named.

Instant at(std::string_view text) {
  const auto instant = tally::parse_instant(text);
  REQUIRE_MESSAGE(instant.has_value(), text);
  return *instant;
}

TimeZone zone(std::string_view text) {
  auto read = TimeZone::parse(text);
  REQUIRE_MESSAGE(read.has_value(), text);
  return *read;
}

std::string change_after(const TimeZone& zone, std::string_view instant) {
  const auto change = zone.next_change(at(instant));
  return change ? to_string(*change) : "none";
}

/// `2018-11-04 [2018-11-04T03:00:00Z 2018-11-05T02:00:00Z)`
std::string day(const TimeZone& zone, std::string_view instant) {
  const tally::LocalDay day = local_day(zone, at(instant));
  return day.date + " [" + to_string(day.span.begin) + " " + to_string(day.span.end) + ")";
}

std::string error_of(const tally::Result<TimeZone>& zone) {
  REQUIRE(!zone.has_value());
  CHECK(zone.error().kind == tally::ErrorKind::invalid_argument);
  return zone.error().message;
}

bool says(const std::string& message, std::string_view part) {
  const bool found = message.find(part) != std::string::npos;
  CHECK_MESSAGE(found, message);
  return found;
}

// A TZif file made by hand: changes to one of the offsets, and the rule for later years.
struct ZoneFile {
  std::vector<std::int32_t> offsets;
  std::vector<std::pair<std::int64_t, std::uint8_t>> changes{};
  std::string rule{};
  std::uint32_t leap_seconds = 0;
};

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> bytes * 8 & 0xff);
  return text;
}

std::string block(const ZoneFile& file, char version, int time_size) {
  std::string text = "TZif";
  text += version;
  text += std::string(15, '\0') + number(0, 4) + number(0, 4) + number(file.leap_seconds, 4);
  text += number(file.changes.size(), 4) + number(file.offsets.size(), 4) + number(2, 4);
  for (const auto& change : file.changes) {
    text += number(static_cast<std::uint64_t>(change.first), time_size);
  }
  for (const auto& change : file.changes) text += static_cast<char>(change.second);
  for (const std::int32_t offset : file.offsets) {
    text += number(static_cast<std::uint32_t>(offset), 4) + std::string(2, '\0');
  }
  text += std::string("X\0", 2);
  return text + std::string(file.leap_seconds * (static_cast<unsigned>(time_size) + 4), '\0');
}

std::string version_1(const ZoneFile& file) { return block(file, '\0', 4); }
std::string version_2(const ZoneFile& file) {
  return block({{0}}, '2', 4) + block(file, '2', 8) + "\n" + file.rule + "\n";
}

// Berlin's local mean time, its two changes of 2021, and the rule.
const ZoneFile berlin{{3208, 3600, 7200},
                      {{-2422054408, 1}, {1616893200, 2}, {1635642000, 1}},
                      "CET-1CEST,M3.5.0,M10.5.0/3"};

TimeZone made(const ZoneFile& file) {
  auto read = TimeZone::tzif(version_2(file));
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  return *read;
}

TEST_CASE("zone: a zone that nobody set is UTC") {
  CHECK(TimeZone().offset_at(at("2026-07-01T00:00:00Z")) == seconds(0));
  CHECK(!TimeZone().next_change(at("2026-07-01T00:00:00Z")));
  CHECK(to_string(TimeZone()) == "UTC");
  CHECK(to_string(zone("UTC")) == "UTC");
  CHECK(day(TimeZone(), "2026-07-01T23:59:59.999999Z") ==
        "2026-07-01 [2026-07-01T00:00:00Z 2026-07-02T00:00:00Z)");
}

TEST_CASE("zone: a fixed offset has seconds, is less than a day, and never changes") {
  const auto shanghai = TimeZone::fixed(seconds(8 * 3600));
  REQUIRE(shanghai);
  CHECK(to_string(*shanghai) == "+08:00");
  CHECK(shanghai->offset_at(at("2026-07-01T00:00:00Z")) == seconds(28800));
  CHECK(!shanghai->next_change(Instant::min()));
  CHECK(day(*shanghai, "2026-07-01T16:00:00Z") ==
        "2026-07-02 [2026-07-01T16:00:00Z 2026-07-02T16:00:00Z)");

  CHECK(to_string(*TimeZone::fixed(seconds(-(4 * 3600 + 56 * 60 + 2)))) == "-04:56:02");
  CHECK(to_string(*TimeZone::fixed(seconds(0))) == "UTC");
  CHECK(to_string(*TimeZone::fixed(seconds(86399))) == "+23:59:59");
  CHECK(says(error_of(TimeZone::fixed(seconds(86400))), "86400"));
  CHECK(says(error_of(TimeZone::fixed(seconds(-86400))), "less than a day"));
}

TEST_CASE("zone: days before 1970 begin at midnight too") {
  CHECK(day(TimeZone(), "1969-12-31T23:59:59.999999Z") ==
        "1969-12-31 [1969-12-31T00:00:00Z 1970-01-01T00:00:00Z)");
  CHECK(day(zone("-04:56:02"), "1883-11-18T04:56:01.999999Z") ==
        "1883-11-17 [1883-11-17T04:56:02Z 1883-11-18T04:56:02Z)");
  CHECK(day(zone("-04:56:02"), "1883-11-18T04:56:02Z") ==
        "1883-11-18 [1883-11-18T04:56:02Z 1883-11-19T04:56:02Z)");
}

TEST_CASE("zone: what to_string wrote is read back") {
  for (const std::string& text :
       {std::string("UTC"), std::string("+08:00"), std::string("-03:30"), std::string("-00:44:30"),
        std::string("CET-1CEST,M3.5.0,M10.5.0/3"), std::string("<+03>-3")}) {
    CHECK(to_string(zone(text)) == text);
  }
  const TimeZone again = zone(to_string(made(berlin)));
  CHECK(to_string(again) == to_string(made(berlin)));
  CHECK(to_string(again).substr(0, 15) == "tzif:545a696632");
  CHECK(again.offset_at(at("2021-07-01T00:00:00Z")) == seconds(7200));
}

TEST_CASE("zone: text that is no zone is refused, and the part that is wrong is named") {
  CHECK(says(error_of(TimeZone::parse("")), "a name has three letters"));
  CHECK(says(error_of(TimeZone::parse("Europe/Berlin")), "an offset is"));
  CHECK(says(error_of(TimeZone::parse("+8")), "+08:00"));
  CHECK(says(error_of(TimeZone::parse("+08:60")), "+08:00"));
  CHECK(says(error_of(TimeZone::parse("+08-00")), "+08:00"));
  CHECK(says(error_of(TimeZone::parse("+24:00")), "less than a day"));
  CHECK(says(error_of(TimeZone::parse("tzif:5")), "hex"));
  CHECK(says(error_of(TimeZone::parse("tzif:5g")), "hex"));
  CHECK(says(error_of(TimeZone::parse("tzif:54")), "ends within a header"));

  CHECK(says(error_of(TimeZone::posix("CE-1")), "a name has three letters"));
  CHECK(says(error_of(TimeZone::posix("<+03-3")), "a name has three letters"));
  CHECK(says(error_of(TimeZone::posix("CET")), "an offset is"));
  CHECK(says(error_of(TimeZone::posix("CET-25")), "an offset is"));
  CHECK(says(error_of(TimeZone::posix("CET-1:60")), "an offset is"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST")), "the dates on which"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST-2")), "the dates on which"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,")), "a date is"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3.5.0")), "daylight time ends is missing"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M13.5.0,M10.5.0")), "Mm.w.d"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3.6.0,M10.5.0")), "Mm.w.d"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3.5.7,M10.5.0")), "Mm.w.d"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3-5-0,M10.5.0")), "Mm.w.d"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,J0,J200")), "Jn"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,J366,J200")), "Jn"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,0,366")), "a day from 0 to 365"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3.5.0/168,M10.5.0")), "167 hours"));
  CHECK(says(error_of(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3 ")), "follows its end"));
}

TEST_CASE("zone: the days on which clocks change have 23 and 25 hours") {
  const TimeZone berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(change_after(berlin, "2026-01-01T00:00:00Z") == "2026-03-29T01:00:00Z");
  CHECK(change_after(berlin, "2026-03-29T00:59:59.999999Z") == "2026-03-29T01:00:00Z");
  CHECK(change_after(berlin, "2026-03-29T01:00:00Z") == "2026-10-25T01:00:00Z");
  CHECK(change_after(berlin, "2026-12-31T23:59:59Z") == "2027-03-28T01:00:00Z");
  CHECK(berlin.offset_at(at("2026-03-29T00:59:59.999999Z")) == seconds(3600));
  CHECK(berlin.offset_at(at("2026-03-29T01:00:00Z")) == seconds(7200));
  CHECK(day(berlin, "2026-03-29T12:00:00Z") ==
        "2026-03-29 [2026-03-28T23:00:00Z 2026-03-29T22:00:00Z)");
  CHECK(day(berlin, "2026-10-25T00:30:00Z") ==
        "2026-10-25 [2026-10-24T22:00:00Z 2026-10-25T23:00:00Z)");
}

TEST_CASE("zone: summer in the south lasts over the new year") {
  const TimeZone auckland = zone("NZST-12NZDT,M9.5.0,M4.1.0/3");
  CHECK(auckland.offset_at(at("2026-01-01T00:00:00Z")) == seconds(46800));
  CHECK(auckland.offset_at(at("2026-07-01T00:00:00Z")) == seconds(43200));
  CHECK(change_after(auckland, "2025-12-31T00:00:00Z") == "2026-04-04T14:00:00Z");
  CHECK(change_after(auckland, "2026-04-04T14:00:00Z") == "2026-09-26T14:00:00Z");
}

TEST_CASE("zone: daylight time may be the winter's, and behind standard time (Dublin)") {
  const TimeZone dublin = zone("IST-1GMT0,M10.5.0,M3.5.0/1");
  CHECK(dublin.offset_at(at("2026-07-01T00:00:00Z")) == seconds(3600));
  CHECK(dublin.offset_at(at("2026-12-01T00:00:00Z")) == seconds(0));
  CHECK(change_after(dublin, "2026-01-01T00:00:00Z") == "2026-03-29T01:00:00Z");
  CHECK(change_after(dublin, "2026-03-29T01:00:00Z") == "2026-10-25T01:00:00Z");
}

TEST_CASE("zone: a rule's times may be below 0 or beyond a day, its names may be numbers") {
  const TimeZone nuuk = zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
  CHECK(change_after(nuuk, "2026-01-01T00:00:00Z") == "2026-03-29T01:00:00Z");
  CHECK(change_after(nuuk, "2026-03-29T01:00:00Z") == "2026-10-25T01:00:00Z");
  const TimeZone gaza = zone("EET-2EEST,M3.4.4/50,M10.4.4/50");
  CHECK(change_after(gaza, "2026-01-01T00:00:00Z") == "2026-03-28T00:00:00Z");
  CHECK(change_after(gaza, "2026-03-28T00:00:00Z") == "2026-10-23T23:00:00Z");
  CHECK(zone("<+0330>-3:30").offset_at(at("2026-01-01T00:00:00Z")) == seconds(12600));
}

TEST_CASE("zone: Jn never counts February 29, and n does") {
  // March 1 is J60 in every year; day 60 is March 1 in a leap year and March 2 in others.
  const TimeZone julian = zone("AAA0BBB,J60/0,J300/0");
  CHECK(change_after(julian, "2027-01-01T00:00:00Z") == "2027-03-01T00:00:00Z");
  CHECK(change_after(julian, "2028-01-01T00:00:00Z") == "2028-03-01T00:00:00Z");
  const TimeZone counted = zone("AAA0BBB,60/0,300/0");
  CHECK(change_after(counted, "2027-01-01T00:00:00Z") == "2027-03-02T00:00:00Z");
  CHECK(change_after(counted, "2028-01-01T00:00:00Z") == "2028-03-01T00:00:00Z");
}

TEST_CASE("zone: a rule of daylight time all year, as RFC 8536 writes it, has no change") {
  const TimeZone always = zone("EST5EDT,0/0,J365/25");
  CHECK(always.offset_at(at("2026-01-01T04:59:59Z")) == seconds(-14400));
  CHECK(always.offset_at(at("2026-01-01T05:00:00Z")) == seconds(-14400));
  CHECK(!always.next_change(at("2026-07-01T00:00:00Z")));
}

TEST_CASE("zone: a day without midnight begins with its first instant") {
  // Sao Paulo went from 23:59:59 to 01:00 on 2018-11-04.
  const TimeZone sao_paulo = made({{-10800, -7200}, {{1541300400, 1}}, ""});
  CHECK(day(sao_paulo, "2018-11-04T12:00:00Z") ==
        "2018-11-04 [2018-11-04T03:00:00Z 2018-11-05T02:00:00Z)");
  CHECK(day(sao_paulo, "2018-11-04T02:59:59Z") ==
        "2018-11-03 [2018-11-03T03:00:00Z 2018-11-04T03:00:00Z)");
  const TimeZone beirut = zone("EET-2EEST,M3.5.0/0,M10.5.0/0");
  CHECK(day(beirut, "2026-03-29T12:00:00Z") ==
        "2026-03-29 [2026-03-28T22:00:00Z 2026-03-29T21:00:00Z)");
}

TEST_CASE("zone: clocks that go back to before midnight lengthen the day that ends") {
  // Beirut, 2026-10-25 00:00 becomes 2026-10-24 23:00.
  const TimeZone beirut = zone("EET-2EEST,M3.5.0/0,M10.5.0/0");
  CHECK(day(beirut, "2026-10-24T21:30:00Z") ==
        "2026-10-24 [2026-10-23T21:00:00Z 2026-10-24T22:00:00Z)");
}

TEST_CASE("zone: a day with two midnights begins with the first") {
  // Azores: 01:00 becomes 00:00 on 2026-10-25. Havana: 01:00 becomes 00:00 on 2026-11-01.
  const TimeZone azores = zone("<-01>1<+00>,M3.5.0/0,M10.5.0/1");
  CHECK(day(azores, "2026-10-25T01:30:00Z") ==
        "2026-10-25 [2026-10-25T00:00:00Z 2026-10-26T01:00:00Z)");
  const TimeZone havana = zone("CST5CDT,M3.2.0/0,M11.1.0/1");
  CHECK(day(havana, "2026-11-01T05:30:00Z") ==
        "2026-11-01 [2026-11-01T04:00:00Z 2026-11-02T05:00:00Z)");
  CHECK(day(havana, "2026-03-08T05:00:00Z") ==
        "2026-03-08 [2026-03-08T05:00:00Z 2026-03-09T04:00:00Z)");
}

TEST_CASE("zone: a day that has begun stays when clocks go back past its midnight") {
  // Newfoundland until 2011: 00:01 became 23:01 of the day before.
  const TimeZone st_johns = zone("NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01");
  CHECK(change_after(st_johns, "2010-07-01T00:00:00Z") == "2010-11-07T02:31:00Z");
  CHECK(day(st_johns, "2010-11-07T02:29:59Z") ==
        "2010-11-06 [2010-11-06T02:30:00Z 2010-11-07T02:30:00Z)");
  CHECK(day(st_johns, "2010-11-07T02:30:30Z") ==
        "2010-11-07 [2010-11-07T02:30:00Z 2010-11-08T03:30:00Z)");
  CHECK(day(st_johns, "2010-11-07T03:00:00Z") ==
        "2010-11-07 [2010-11-07T02:30:00Z 2010-11-08T03:30:00Z)");
}

TEST_CASE("zone: a day that never was is no day (Samoa, 2011-12-30)") {
  const TimeZone samoa = made({{-36000, 50400}, {{1325239200, 1}}, ""});
  CHECK(day(samoa, "2011-12-30T09:59:59Z") ==
        "2011-12-29 [2011-12-29T10:00:00Z 2011-12-30T10:00:00Z)");
  CHECK(day(samoa, "2011-12-30T10:00:00Z") ==
        "2011-12-31 [2011-12-30T10:00:00Z 2011-12-31T10:00:00Z)");
  // 15,338 is 2011-12-30 as a number.
  CHECK(to_string(tally::begin_of_local_day(samoa, 15338)) == "2011-12-30T10:00:00Z");
}

TEST_CASE("zone: a TZif file's changes hold, and its rule after the last of them") {
  const TimeZone zone = made(berlin);
  CHECK(zone.offset_at(Instant::min()) == seconds(3208));
  CHECK(zone.offset_at(at("1893-03-31T23:06:31.999999Z")) == seconds(3208));
  CHECK(zone.offset_at(at("1893-03-31T23:06:32Z")) == seconds(3600));
  CHECK(zone.offset_at(at("2019-07-01T00:00:00Z")) == seconds(3600));
  CHECK(zone.offset_at(at("2021-07-01T00:00:00Z")) == seconds(7200));
  CHECK(zone.offset_at(at("2021-12-01T00:00:00Z")) == seconds(3600));
  CHECK(zone.offset_at(at("2026-07-01T00:00:00Z")) == seconds(7200));
  CHECK(change_after(zone, "1800-01-01T00:00:00Z") == "1893-03-31T23:06:32Z");
  CHECK(change_after(zone, "2021-03-28T01:00:00Z") == "2021-10-31T01:00:00Z");
  CHECK(change_after(zone, "2021-10-31T01:00:00Z") == "2022-03-27T01:00:00Z");
}

TEST_CASE("zone: a change of the name alone is no change") {
  const TimeZone zone = made({{3600, 3600, 7200}, {{1000, 1}, {2000, 2}}, ""});
  CHECK(change_after(zone, "1970-01-01T00:00:00Z") == "1970-01-01T00:33:20Z");
  CHECK(change_after(zone, "1970-01-01T00:33:20Z") == "none");
}

TEST_CASE("zone: a TZif file of version 1 is read, and one with a rule alone") {
  const ZoneFile short_file{{0, 7200}, {{-1, 1}}, ""};
  const auto first = TimeZone::tzif(version_1(short_file));
  REQUIRE(first);
  CHECK(first->offset_at(at("1969-12-31T23:59:58Z")) == seconds(0));
  CHECK(first->offset_at(at("2026-01-01T00:00:00Z")) == seconds(7200));

  const TimeZone rule = made({{0}, {}, "CET-1CEST,M3.5.0,M10.5.0/3"});
  CHECK(rule.offset_at(at("2026-07-01T00:00:00Z")) == seconds(7200));
  CHECK(rule.offset_at(at("1700-01-01T00:00:00Z")) == seconds(3600));
}

TEST_CASE("zone: a TZif file that makes no sense says what is wrong with it") {
  const auto refusal = [](const ZoneFile& file) {
    return error_of(TimeZone::tzif(version_2(file)));
  };
  CHECK(says(error_of(TimeZone::tzif("")), "ends within a header"));
  CHECK(says(error_of(TimeZone::tzif(std::string(100, 'x'))), "begin with TZif"));
  CHECK(says(refusal({{}, {}, ""}), "no types"));
  CHECK(says(refusal({std::vector<std::int32_t>(257), {}, ""}), "more than 256"));
  CHECK(says(refusal({{90000 * 2}, {}, ""}), "180000 s"));
  CHECK(says(refusal({{INT32_MIN}, {}, ""}), "-2147483648 s"));
  CHECK(says(refusal({{0, 1}, {{5, 1}, {5, 0}}, ""}), "ascending"));
  CHECK(says(refusal({{0, 1}, {{5, 2}}, ""}), "a type that is not there"));
  CHECK(says(refusal({{0, 1}, {{INT64_MAX, 1}}, ""}), "Big Bang"));
  CHECK(says(refusal({{0, 1}, {{INT64_MIN, 1}}, ""}), "Big Bang"));
  CHECK(says(refusal({{0}, {}, "CET"}), "its rule for later years"));
  CHECK(says(refusal({{0}, {}, "", 1}), "leap seconds"));
  CHECK(says(error_of(TimeZone::tzif(version_2(berlin) + "x")), "missing or cut"));
  CHECK(says(error_of(TimeZone::tzif(version_1(berlin) + "x")), "follows its end"));

  std::string many = version_2(berlin);
  many.replace(44 + 8 + 32, 4, "\xff\xff\xff\xff");  // Changes, in the second header.
  CHECK(says(error_of(TimeZone::tzif(many)), "announces 38654705"));
}

TEST_CASE("zone: a TZif file that is cut anywhere is refused") {
  const std::string whole = version_2(berlin);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_MESSAGE(!TimeZone::tzif(std::string_view(whole).substr(0, size)), size);
  }
}

TEST_CASE("zone: no flipped bit of a TZif file makes more than an error or another zone") {
  const std::string whole = version_2(berlin);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    const auto zone = TimeZone::tzif(broken);
    if (!zone) {
      CHECK(!zone.error().message.empty());
      continue;
    }
    for (const Instant instant : {Instant::min(), Instant{}, at("2026-10-25T01:30:00Z")}) {
      const auto change = zone->next_change(instant);
      CHECK((!change || *change > instant));
    }
    const Instant now = at("2026-10-25T01:30:00Z");
    const tally::TimeSpan span = local_day(*zone, now).span;
    CHECK((span.begin <= now && now < span.end));
  }
}

TEST_CASE("zone: the ends of time have a zone") {
  for (const TimeZone& zone : {TimeZone(), zone("CET-1CEST,M3.5.0,M10.5.0/3"), made(berlin)}) {
    for (const Instant instant : {Instant::min(), Instant::max()}) {
      const tally::TimeSpan span = local_day(zone, instant).span;
      CHECK((span.begin <= instant && instant <= span.end));
      (void)zone.next_change(instant);
    }
  }
}

TEST_CASE("zone: a file that cannot be read, or is none, is named") {
  CHECK(says(error_of(TimeZone::load("/nonexistent/zone")), "/nonexistent/zone"));
  CHECK(says(error_of(TimeZone::load(TALLY_SOURCE_DIR)), "cannot read"));
  CHECK(says(error_of(TimeZone::load(TALLY_SOURCE_DIR "/LICENSE")), "LICENSE is not a TZif file"));
}

}  // namespace
