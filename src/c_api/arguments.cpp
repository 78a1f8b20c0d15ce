// SPDX-License-Identifier: MIT
#include "c_api/arguments.hpp"

#include <cmath>

namespace tally {
inline namespace TALLY_ABI {

namespace {

// A length beyond this is a negative number, or another argument.
constexpr std::uint64_t longest_text = std::uint64_t{1} << 31;
constexpr std::uint64_t most_items = std::uint64_t{1} << 20;

/// The length of the well-formed sequence that begins at `at`; 0: there is none.
std::size_t sequence_at(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool is_surrogate = lead == 0xed && byte(1) > 0x9f;
  const bool is_too_large = lead == 0xf4 && byte(1) > 0x8f;
  return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_at(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace

void Arguments::refuse(std::string_view name, std::string_view why) {
  if (error_) return;
  Error error;
  error.message = std::string(name) + " " + std::string(why);
  error_ = std::move(error);
}

std::string_view Arguments::text(const char* data, std::uint64_t size, std::string_view name) {
  if (size == 0) return {};
  if (data == nullptr) {
    refuse(name, "is NULL, and its size is not 0");
  } else if (size > longest_text) {
    refuse(name, "is longer than 2 GB: its size makes no sense");
  } else if (!is_utf8({data, static_cast<std::size_t>(size)})) {
    refuse(name, "is not UTF-8");
  }
  return good() ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

bool Arguments::has_items(const void* first, std::uint64_t count, std::string_view name) {
  if (count == 0) return false;
  if (first == nullptr) refuse(name, "is NULL, and its count is not 0");
  if (count > most_items) refuse(name, "has more than 2^20 items: its count makes no sense");
  return good();
}

std::vector<std::string> Arguments::strings(const tally_text* first, std::uint64_t count,
                                            std::string_view name) {
  std::vector<std::string> read;
  for (const tally_text& item : items(first, count, name)) read.push_back(string(item, name));
  return read;
}

Labels Arguments::labels(const tally_pair* first, std::uint64_t count, std::string_view name) {
  Labels read;
  for (const tally_pair& pair : items(first, count, name)) {
    read[string(pair.key, name)] = string(pair.value, name);
  }
  return read;
}

std::int64_t Arguments::at_least(std::int64_t least, std::int64_t value, std::string_view name) {
  if (value < least) refuse(name, "is less than " + std::to_string(least));
  return value;
}

std::int64_t Arguments::between(std::int64_t least, std::int64_t value, std::int64_t most,
                                std::string_view name) {
  if (value > most) refuse(name, "is more than " + std::to_string(most));
  return at_least(least, value, name);
}

std::chrono::milliseconds Arguments::wait_ms(std::int64_t given, std::string_view name) {
  constexpr std::int64_t year = std::int64_t{366} * 24 * 3600 * 1000;
  return std::chrono::milliseconds(std::min(at_least(0, given, name), year));
}

std::chrono::microseconds Arguments::wait_us(std::int64_t given, std::string_view name) {
  constexpr std::int64_t year = std::int64_t{366} * 24 * 3600 * 1'000'000;
  return std::chrono::microseconds(std::min(at_least(0, given, name), year));
}

double Arguments::finite(double value, std::string_view name) {
  if (!std::isfinite(value)) refuse(name, "is not a number");
  return value;
}

Currency Arguments::currency(std::string_view code, std::string_view name) {
  if (code.empty()) return usd;
  const Result<Currency> read = Currency::parse(code);
  if (!read) refuse(name, "is no currency: three capital letters");
  return read.value_or(usd);
}

Decimal Arguments::decimal(const tally_amount& given, std::string_view name) {
  constexpr std::int64_t one = 1'000'000'000'000'000'000;
  const bool fits = given.attos > -one && given.attos < one;
  const bool signs_agree =
      given.units == 0 || given.attos == 0 || (given.units < 0) == (given.attos < 0);
  if (!fits || !signs_agree) refuse(name, "is no amount: |attos| < 10^18, with the sign of units");
  return {given.units, given.attos};
}

Money Arguments::money(const tally_money& given, std::string_view name) {
  const std::size_t length = strnlen(given.currency, sizeof(given.currency));
  const bool is_zero = given.amount.units == 0 && given.amount.attos == 0;
  if (length == 0 && !is_zero) refuse(name, "has no currency");
  return {decimal(given.amount, name), currency({given.currency, length}, name)};
}

}  // namespace TALLY_ABI
}  // namespace tally
