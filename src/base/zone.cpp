// SPDX-License-Identifier: MIT
#include "base/zone.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>

#include "base/civil.hpp"
#include "base/file.hpp"
#include "base/posix_rule.hpp"
#include "base/tzif.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::seconds;

constexpr std::int64_t seconds_per_day = 86400;
// No offset is larger, of those that can be read.
constexpr std::int64_t largest_offset = 93600;

constexpr std::string_view tzif_mark = "tzif:";
// The largest file of the tz database has 4 KB.
constexpr std::size_t largest_file = std::size_t{1} << 20;

std::int64_t second_of(Instant at) {
  return std::chrono::floor<seconds>(at.time_since_epoch()).count();
}

/// The nearest Instant there is: files know changes before the first one.
Instant instant_of(std::int64_t second) {
  constexpr auto most = std::chrono::floor<seconds>(Instant::duration::max()).count();
  if (second > most) return Instant::max();
  return second < -most ? Instant::min() : Instant(seconds(second));
}

std::string two_digits(std::int64_t value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

/// `+08:00`, and the seconds where there are any.
std::string offset_text(std::int64_t offset) {
  const std::int64_t size = offset < 0 ? -offset : offset;
  std::string text = offset < 0 ? "-" : "+";
  text += two_digits(size / 3600) + ":" + two_digits(size / 60 % 60);
  if (size % 60 != 0) text += ":" + two_digits(size % 60);
  return text;
}

std::optional<seconds> parse_offset(std::string_view text) {
  if (text.size() != 6 && text.size() != 9) return std::nullopt;
  std::int64_t parts[3] = {0, 0, 0};
  for (std::size_t i = 1; i < text.size(); i += 3) {
    const char tens = text[i];
    const char ones = text[i + 1];
    if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return std::nullopt;
    if (i > 1 && (tens > '5' || text[i - 1] != ':')) return std::nullopt;
    parts[i / 3] = (tens - '0') * 10 + (ones - '0');
  }
  const std::int64_t size = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return seconds(text.front() == '-' ? -size : size);
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace

struct TimeZone::Rules {
  std::string text;  ///< What `to_string` gives.
  ZoneTable table;
};

namespace {

ZonePiece piece_at(const TimeZone& zone, std::int64_t second) {
  return zone.rules() ? zone.rules()->table.piece_at(second) : ZonePiece{};
}

/// The first second whose local date and time is `local` or later.
std::int64_t first_at_or_after(const TimeZone& zone, std::int64_t local) {
  std::int64_t second = local - largest_offset;
  while (true) {
    const ZonePiece piece = piece_at(zone, second);
    const std::int64_t reached = std::max(second, local - piece.offset);
    if (reached < piece.end) return reached;
    second = piece.end;
  }
}

/// A rule alone is a table without changes.
ZoneTable table_of(const PosixRule& rule) {
  ZoneTable table;
  table.tail_begins = std::numeric_limits<std::int64_t>::min();
  table.tail = rule;
  return table;
}

}  // namespace

Result<TimeZone> TimeZone::fixed(seconds east_of_utc) {
  const std::int64_t offset = east_of_utc.count();
  if (offset <= -seconds_per_day || offset >= seconds_per_day) {
    return Error{ErrorKind::invalid_argument,
                 "a fixed offset is less than a day, not " + std::to_string(offset) + " seconds"};
  }
  if (offset == 0) return TimeZone();
  const PosixRule rule{static_cast<std::int32_t>(offset)};
  return TimeZone(std::make_shared<const Rules>(Rules{offset_text(offset), table_of(rule)}));
}

Result<TimeZone> TimeZone::posix(std::string_view text) {
  auto rule = parse_posix_rule(text);
  if (!rule) return std::move(rule).error();
  return TimeZone(std::make_shared<const Rules>(Rules{std::string(text), table_of(*rule)}));
}

Result<TimeZone> TimeZone::tzif(std::string_view bytes) {
  auto table = parse_tzif(bytes);
  if (!table) return std::move(table).error();
  std::string text = std::string(tzif_mark) + hex(bytes);
  return TimeZone(std::make_shared<const Rules>(Rules{std::move(text), *std::move(table)}));
}

Result<TimeZone> TimeZone::load(const std::string& path) {
  // Not ifstream: libstdc++'s file buffer throws where a read fails, as it does for a directory.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(open_file(path, "rb"), &std::fclose);
  std::string bytes;
  char buffer[4096];
  while (file && bytes.size() <= largest_file) {
    const std::size_t size = std::fread(buffer, 1, sizeof buffer, file.get());
    if (size == 0) break;
    bytes.append(buffer, size);
  }
  Error error;
  if (!file || std::ferror(file.get())) {
    error.message = "cannot read the time zone file " + path;
    return error;
  }
  if (bytes.size() > largest_file) {
    error.message = path + " is larger than 1 MiB, and no time zone file";
    return error;
  }
  auto zone = tzif(bytes);
  if (zone) return zone;
  error.message = path + " is " + zone.error().message;
  return error;
}

Result<TimeZone> TimeZone::parse(std::string_view text) {
  if (text == "UTC") return TimeZone();
  if (text.substr(0, tzif_mark.size()) == tzif_mark) {
    const auto bytes = from_hex(text.substr(tzif_mark.size()));
    if (bytes) return tzif(*bytes);
    return Error{ErrorKind::invalid_argument, "what follows tzif: is not bytes in hex"};
  }
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    if (const auto offset = parse_offset(text)) return fixed(*offset);
    Error error;
    error.message.append("not an offset such as +08:00: '").append(text.substr(0, 40)).append("'");
    return error;
  }
  return posix(text);
}

seconds TimeZone::offset_at(Instant at) const {
  return seconds(piece_at(*this, second_of(at)).offset);
}

std::optional<Instant> TimeZone::next_change(Instant at) const {
  ZonePiece piece = piece_at(*this, second_of(at));
  // A rule goes on for longer than an Instant can say.
  while (piece.end != ZonePiece::forever && instant_of(piece.end) != Instant::max()) {
    const ZonePiece next = piece_at(*this, piece.end);
    if (next.offset != piece.offset) return instant_of(piece.end);
    piece = next;
  }
  return std::nullopt;
}

std::string to_string(const TimeZone& zone) { return zone.rules() ? zone.rules()->text : "UTC"; }

std::int64_t local_day_number(const TimeZone& zone, Instant at) {
  const std::int64_t second = second_of(at);
  const std::int64_t local = second + piece_at(zone, second).offset;
  std::int64_t day = floor_divide(local, seconds_per_day);
  while (first_at_or_after(zone, (day + 1) * seconds_per_day) <= second) ++day;
  return day;
}

Instant begin_of_local_day(const TimeZone& zone, std::int64_t day) {
  return instant_of(first_at_or_after(zone, day * seconds_per_day));
}

LocalDay local_day(const TimeZone& zone, Instant at) {
  const std::int64_t day = local_day_number(zone, at);
  std::string date = to_string(instant_of(day * seconds_per_day));
  date.erase(date.find('T'));
  return {std::move(date), {begin_of_local_day(zone, day), begin_of_local_day(zone, day + 1)}};
}

}  // namespace TALLY_ABI
}  // namespace tally
