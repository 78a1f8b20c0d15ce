// SPDX-License-Identifier: MIT
#include "tally/time.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include "base/civil.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes pieces off the front of a text; every step fails on anything but exactly what it asks for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> take_digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // The digits after a decimal point, one to six, as microseconds.
  std::optional<microseconds> take_fraction() {
    int value = 0;
    int digits = 0;
    for (; digits < 6 && !rest_.empty() && is_digit(rest_.front()); ++digits) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) value *= 10;
    return microseconds(value);
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
};

std::optional<std::int64_t> scan_days(Scanner& scanner) {
  const auto year = scanner.take_digits(4);
  if (!year || !scanner.take('-')) return std::nullopt;
  const auto month = scanner.take_digits(2);
  if (!month || !scanner.take('-')) return std::nullopt;
  const auto day = scanner.take_digits(2);
  if (!day) return std::nullopt;
  const CivilDate date{*year, *month, *day};
  if (!is_valid(date)) return std::nullopt;
  return days_from_civil(date);
}

// `hh:mm`, of a day or of an offset.
std::optional<minutes> scan_hours_and_minutes(Scanner& scanner) {
  const auto hour = scanner.take_digits(2);
  if (!hour || *hour > 23 || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.take_digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  return hours(*hour) + minutes(*minute);
}

std::optional<microseconds> scan_time_of_day(Scanner& scanner) {
  const auto start = scan_hours_and_minutes(scanner);
  if (!start || !scanner.take(':')) return std::nullopt;
  const auto second = scanner.take_digits(2);
  // Second 60 is refused: an Instant has no leap seconds to put it on.
  if (!second || *second > 59) return std::nullopt;
  const microseconds whole = *start + seconds(*second);
  if (!scanner.take('.')) return whole;
  const auto fraction = scanner.take_fraction();
  if (!fraction) return std::nullopt;
  return whole + *fraction;
}

std::optional<minutes> scan_offset(Scanner& scanner) {
  if (scanner.take('Z') || scanner.take('z')) return minutes(0);
  const bool west = scanner.take('-');
  if (!west && !scanner.take('+')) return std::nullopt;
  const auto offset = scan_hours_and_minutes(scanner);
  if (!offset) return std::nullopt;
  return west ? -*offset : *offset;
}

std::optional<Instant> scan_instant(std::string_view text) {
  Scanner scanner(text);
  const auto days = scan_days(scanner);
  if (!days || (!scanner.take('T') && !scanner.take('t'))) return std::nullopt;
  const auto time = scan_time_of_day(scanner);
  if (!time) return std::nullopt;
  const auto offset = scan_offset(scanner);
  if (!offset || !scanner.at_end()) return std::nullopt;
  return Instant(hours(*days * 24) + *time - *offset);
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

class SystemClock final : public Clock {
 public:
  SteadyInstant steady() const override { return std::chrono::steady_clock::now(); }
  Instant wall() const override {
    return std::chrono::floor<microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

Result<Instant> parse_instant(std::string_view text) {
  if (const auto instant = scan_instant(text)) return *instant;
  Error error;
  error.message = "not an RFC 3339 time such as 2026-04-05T12:00:00Z: '";
  error.message.append(text.substr(0, 40)).append("'");
  return error;
}

std::string to_string(Instant instant) {
  constexpr std::int64_t microseconds_per_day = 86400000000;
  const std::int64_t since_epoch = instant.time_since_epoch().count();
  std::int64_t days = since_epoch / microseconds_per_day;
  std::int64_t rest = since_epoch % microseconds_per_day;
  if (rest < 0) {
    rest += microseconds_per_day;
    --days;
  }
  const CivilDate date = civil_from_days(days);

  std::string out;
  if (date.year < 0) out += '-';
  append_padded(out, date.year < 0 ? -date.year : date.year, 4);
  out += '-';
  append_padded(out, date.month, 2);
  out += '-';
  append_padded(out, date.day, 2);
  out += 'T';
  append_padded(out, rest / 3600000000, 2);
  out += ':';
  append_padded(out, rest / 60000000 % 60, 2);
  out += ':';
  append_padded(out, rest / 1000000 % 60, 2);
  if (const std::int64_t fraction = rest % 1000000; fraction != 0) {
    out += '.';
    append_padded(out, fraction, 6);
    out.erase(out.find_last_not_of('0') + 1);
  }
  out += 'Z';
  return out;
}

std::shared_ptr<const Clock> system_clock() {
  // A ledger in static memory reads it when it ends, which may be after every other static.
  static const auto* clock =
      new std::shared_ptr<const Clock>(std::make_shared<const SystemClock>());
  return *clock;
}

}  // namespace TALLY_ABI
}  // namespace tally
