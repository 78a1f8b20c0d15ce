// SPDX-License-Identifier: MIT
#include "client/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::milliseconds;

// Beyond a day nobody waits; also keeps the arithmetic far from its ends.
constexpr std::int64_t most_seconds = 86'400;

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers may still send (RFC 9110, 5.6.7).
std::optional<Instant> read_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return {};
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return {};
  const std::string number = std::to_string(month - months.begin() + 101).substr(1);
  std::string iso(text.substr(12, 4));
  iso.append("-").append(number).append("-").append(text.substr(5, 2));
  iso.append("T").append(text.substr(17, 8)).append("Z");
  const auto instant = parse_instant(iso);
  return instant ? std::optional(*instant) : std::nullopt;
}

}  // namespace

bool is_retryable_status(int status) {
  constexpr std::array<int, 7> retryable = {408, 409, 429, 500, 502, 503, 504};
  return std::find(retryable.begin(), retryable.end(), status) != retryable.end();
}

std::optional<milliseconds> read_retry_after(std::string_view value, Instant now) {
  std::int64_t seconds = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, seconds);
  if (read.ec == std::errc::result_out_of_range) return milliseconds(most_seconds * 1000);
  if (read.ec == std::errc() && read.ptr == end && seconds >= 0) {
    return milliseconds(std::min(seconds, most_seconds) * 1000);
  }
  const auto date = read_http_date(value);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::ceil<milliseconds>(*date - now);
  return std::clamp(wait, milliseconds(0), milliseconds(most_seconds * 1000));
}

milliseconds retry_delay(const Retries& retries, int failed_attempt,
                         std::optional<milliseconds> asked, std::uint32_t random) {
  if (asked) return *asked;
  milliseconds longest = std::max(retries.first_delay, milliseconds(0));
  for (int i = 1; i < failed_attempt && longest < retries.longest_delay; ++i) longest *= 2;
  longest = std::min(longest, retries.longest_delay);
  const double part = static_cast<double>(random) / 4294967296.0;
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(longest.count()) * part));
}

}  // namespace TALLY_ABI
}  // namespace tally
