// SPDX-License-Identifier: MIT
#include "base/posix_rule.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/civil.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::int64_t seconds_per_day = 86400;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes pieces off the front of a rule, and keeps what was wrong first.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  const char* wrong() const { return wrong_; }
  void fail(const char* what) {
    if (wrong_ == nullptr) wrong_ = what;
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void read_name() {
    const bool is_quoted = take('<');
    std::size_t length = 0;
    while (length < rest_.size() && is_in_name(rest_[length], is_quoted)) ++length;
    rest_.remove_prefix(length);
    if (length < 3 || (is_quoted && !take('>'))) fail("a name has three letters or more");
  }

  int read_number(int low, int high, const char* what) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < 3 && digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      value = value * 10 + (rest_[digits] - '0');
    }
    rest_.remove_prefix(digits);
    if (digits == 0 || value < low || value > high) fail(what);
    return value;
  }

  /// `[+-]h[:mm[:ss]]` as seconds.
  std::int32_t read_time(int most_hours, const char* what) {
    const bool is_negative = take('-');
    if (!is_negative) take('+');
    std::int32_t seconds = read_number(0, most_hours, what) * 3600;
    if (take(':')) seconds += read_number(0, 59, what) * 60;
    if (take(':')) seconds += read_number(0, 59, what);
    return is_negative ? -seconds : seconds;
  }

  YearlyChange read_change() {
    YearlyChange change;
    if (take('M')) {
      read_month_week_day(change);
    } else if (take('J')) {
      change.kind = YearlyChange::Kind::day_without_leap_day;
      change.day = read_number(1, 365, "Jn has a day from 1 to 365");
    } else {
      change.day = read_number(0, 365, "a date is Mm.w.d, Jn, or a day from 0 to 365");
    }
    if (take('/')) change.time = read_time(167, "a time of change has at most 167 hours");
    return change;
  }

 private:
  static bool is_in_name(char c, bool is_quoted) {
    return is_letter(c) || (is_quoted && (is_digit(c) || c == '+' || c == '-'));
  }

  void read_month_week_day(YearlyChange& change) {
    constexpr auto what = "Mm.w.d has a month from 1, a week from 1 to 5 and a day from 0 to 6";
    change.kind = YearlyChange::Kind::month_week_day;
    change.month = read_number(1, 12, what);
    if (!take('.')) fail(what);
    change.week = read_number(1, 5, what);
    if (!take('.')) fail(what);
    change.day = read_number(0, 6, what);
  }

  std::string_view rest_;
  const char* wrong_ = nullptr;
};

// POSIX counts what is west of Greenwich as positive.
constexpr auto bad_offset = "an offset is h[:mm[:ss]] with at most 24 hours";

PosixRule::Daylight read_daylight(RuleReader& reader, std::int32_t standard_offset) {
  constexpr auto no_dates = "the dates on which daylight time begins and ends are missing";
  PosixRule::Daylight daylight;
  reader.read_name();
  daylight.offset = standard_offset + 3600;
  if (reader.at_end()) {
    reader.fail(no_dates);
  } else if (!reader.take(',')) {
    daylight.offset = -reader.read_time(24, bad_offset);
    if (!reader.take(',')) reader.fail(no_dates);
  }
  daylight.begin = reader.read_change();
  if (!reader.take(',')) reader.fail("the date on which daylight time ends is missing");
  daylight.end = reader.read_change();
  return daylight;
}

struct Event {
  std::int64_t at = 0;
  bool is_daylight = false;
};

// Where one year's daylight time ends at the very instant at which the next year's begins, it goes
// on: that is how a rule says "all year", so the beginning is sorted last.
bool is_before(const Event& a, const Event& b) {
  return a.at != b.at ? a.at < b.at : a.is_daylight < b.is_daylight;
}

}  // namespace

std::int64_t YearlyChange::in(std::int64_t year) const {
  std::int64_t days = 0;
  if (kind == Kind::month_week_day) {
    const std::int64_t first = days_from_civil({year, month, 1});
    const int to_weekday = (day - weekday(first) % 7 + 7) % 7;
    int in_month = to_weekday + (week - 1) * 7;
    if (in_month >= days_in_month(year, month)) in_month -= 7;
    days = first + in_month;
  } else {
    days = days_from_civil({year, 1, 1}) + day;
    const bool is_past_leap_day = is_leap_year(year) && day >= 60;
    if (kind == Kind::day_without_leap_day && !is_past_leap_day) --days;
  }
  return days * seconds_per_day + time;
}

ZonePiece PosixRule::piece_at(std::int64_t second) const {
  if (!daylight || daylight->offset == offset) return {offset, ZonePiece::forever};

  const std::int64_t year = civil_from_days(floor_divide(second + offset, seconds_per_day)).year;
  // A time of up to a week may carry a change into the year before or after its own.
  std::array<Event, 10> events;
  for (std::size_t i = 0; i < events.size(); i += 2) {
    const std::int64_t that_year = year - 2 + static_cast<std::int64_t>(i / 2);
    events[i] = {daylight->begin.in(that_year)-offset, true};
    events[i + 1] = {daylight->end.in(that_year)-daylight->offset, false};
  }
  std::sort(events.begin(), events.end(), is_before);

  bool is_daylight = false;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.at <= second) {
      is_daylight = event.is_daylight;
      continue;
    }
    const bool is_superseded = i + 1 < events.size() && events[i + 1].at == event.at;
    if (event.is_daylight == is_daylight || is_superseded) continue;
    return {is_daylight ? daylight->offset : offset, event.at};
  }
  return {is_daylight ? daylight->offset : offset, ZonePiece::forever};
}

Result<PosixRule> parse_posix_rule(std::string_view text) {
  RuleReader reader(text);
  PosixRule rule;
  reader.read_name();
  rule.offset = -reader.read_time(24, bad_offset);
  if (reader.wrong() == nullptr && !reader.at_end()) {
    rule.daylight = read_daylight(reader, rule.offset);
  }
  if (!reader.at_end()) reader.fail("something follows its end");
  if (reader.wrong() == nullptr) return rule;

  Error error;
  error.message = "not a time zone rule such as CET-1CEST,M3.5.0,M10.5.0/3: '";
  error.message.append(text.substr(0, 60)).append("': ").append(reader.wrong());
  return error;
}

}  // namespace TALLY_ABI
}  // namespace tally
