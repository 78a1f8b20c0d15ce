// SPDX-License-Identifier: MIT
// Decimals against two models that share nothing with them: digits in a string, and one 128-bit
// integer of attos. The input is words: two decimals and a whole number.

#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"
#include "money/wide.hpp"
#include "tally/money.hpp"

namespace {

using tally::Decimal;

__extension__ typedef __int128 Attos;
constexpr Attos unit = 1000000000000000000;
constexpr Attos most = (static_cast<Attos>(INT64_MAX) + 1) * unit - 1;
constexpr Attos least = static_cast<Attos>(INT64_MIN) * unit - (unit - 1);

bool fits(Attos value) { return value >= least && value <= most; }
Attos attos_of(Decimal value) { return value.units * unit + value.attos; }

std::string write(Attos value, std::size_t decimals) {
  std::string digits;
  for (Attos rest = value < 0 ? -value : value; rest != 0; rest /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (digits.size() < decimals + 1) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, ".");
  return (value < 0 ? "-" : "") + digits;
}

/// The number in `text` times 10^18, rounded half to even as a schoolbook does, and whether that
/// lost a digit.
struct Read {
  Attos value = 0;
  bool rounded = false;
};

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - at;
}

std::optional<Read> read_digits(std::string digits, std::int64_t shift, bool negative) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return Read{};
  if (shift > 40) return std::nullopt;
  bool up = false;
  bool rounded = false;
  if (shift >= 0) {
    digits.append(static_cast<std::size_t>(shift), '0');
  } else {
    const std::size_t missing = static_cast<std::size_t>(-shift);
    if (missing > digits.size()) return Read{0, true};
    const std::string lost = digits.substr(digits.size() - missing);
    digits.erase(digits.size() - missing);
    const std::string half = "5" + std::string(missing - 1, '0');
    const bool is_odd = !digits.empty() && (digits.back() - '0') % 2 == 1;
    up = lost > half || (lost == half && is_odd);
    rounded = lost.find_first_not_of('0') != lost.npos;
  }
  if (digits.size() > 38) return std::nullopt;
  Read read;
  for (const char digit : digits) read.value = read.value * 10 + (digit - '0');
  read.value += up ? 1 : 0;
  if (negative) read.value = -read.value;
  read.rounded = rounded;
  if (!fits(read.value)) return std::nullopt;
  return read;
}

std::optional<Read> read_by_hand(std::string_view text) {
  const bool negative = text.substr(0, 1) == "-";
  std::size_t at = negative ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return std::nullopt;
  std::string digits(text.substr(at, whole));
  at += whole;
  std::int64_t shift = 18;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return std::nullopt;
    digits += text.substr(at + 1, fraction);
    shift -= static_cast<std::int64_t>(fraction);
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool down = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    std::string exponent(text.substr(at, digits_at(text, at)));
    if (exponent.empty()) return std::nullopt;
    at += exponent.size();
    exponent.erase(0, std::min(exponent.find_first_not_of('0'), exponent.size()));
    const std::int64_t by = exponent.size() > 9 ? 1000000000 : std::atoll(exponent.c_str());
    shift += down ? -by : by;
  }
  if (at != text.size()) return std::nullopt;
  return read_digits(digits, shift, negative);
}

Decimal check_word(const std::string& word) {
  const auto expected = read_by_hand(word);
  bool was_rounded = false;
  const auto rounded = Decimal::parse_rounded(word, &was_rounded);
  fuzz::promise(rounded.has_value() == expected.has_value(), "parse_rounded takes what is a number",
                word);
  const auto exact = Decimal::parse(word);
  fuzz::promise(exact.has_value() == (expected && !expected->rounded), "parse takes what is exact",
                word);
  if (!rounded) return {};
  fuzz::promise(attos_of(*rounded) == expected->value, "the value is the one written", word);
  fuzz::promise(was_rounded == expected->rounded, "rounding is told", word);
  fuzz::promise((rounded->units <= 0 || rounded->attos >= 0) &&
                    (rounded->units >= 0 || rounded->attos <= 0) && rounded->attos < unit &&
                    rounded->attos > -unit,
                "the form is the canonical one", word);

  std::string shortest = write(expected->value, 18);
  shortest.erase(shortest.find_last_not_of('0') + 1);
  if (shortest.back() == '.') shortest.pop_back();
  fuzz::same(shortest, to_string(*rounded), "to_string writes as few digits as it needs");
  const auto again = Decimal::parse(to_string(*rounded));
  fuzz::promise(again && *again == *rounded, "what was written reads as the same", word);
  return *rounded;
}

void check_rounding(Decimal value) {
  Attos step = unit;
  for (int decimals = 0; decimals <= 18; ++decimals, step /= 10) {
    const Attos size = attos_of(value) < 0 ? -attos_of(value) : attos_of(value);
    Attos steps = size / step;
    const Attos rest = size % step;
    if (rest * 2 > step || (rest * 2 == step && steps % 2 == 1)) ++steps;
    const std::string expected =
        write(attos_of(value) < 0 ? -steps : steps, static_cast<std::size_t>(decimals));
    fuzz::same(expected, to_string_rounded(value, decimals),
               "to_string_rounded rounds half to even");
  }
}

void check_result(std::optional<Attos> expected, std::optional<Decimal> found,
                  const char* sentence) {
  if (expected && !fits(*expected)) expected.reset();
  fuzz::promise(expected.has_value() == found.has_value(), sentence,
                expected ? write(*expected, 18) : "nothing");
  if (found) fuzz::promise(attos_of(*found) == *expected, sentence, to_string(*found));
}

void check_arithmetic(Decimal a, Decimal b, std::int64_t number) {
  fuzz::promise((a < b) == (attos_of(a) < attos_of(b)), "decimals are ordered as numbers");
  check_result(attos_of(a) + attos_of(b), checked_add(a, b), "checked_add is exact");
  check_result(attos_of(a) - attos_of(b), checked_subtract(a, b), "checked_subtract is exact");
  Attos product = 0;
  const bool wraps = __builtin_mul_overflow(attos_of(a), static_cast<Attos>(number), &product);
  check_result(wraps ? std::nullopt : std::optional(product), checked_multiply(a, number),
               "checked_multiply is exact");
  std::optional<Attos> quotient;
  if (number != 0 && attos_of(a) % number == 0) quotient = attos_of(a) / number;
  check_result(quotient, checked_divide(a, number), "checked_divide is exact");
}

void check_wide(std::uint64_t a, std::uint64_t b, std::uint64_t divisor) {
  const tally::Wide native = tally::multiply_wide(a, b);
  const tally::Wide portable = tally::portable::multiply_wide(a, b);
  fuzz::promise(native.high == portable.high && native.low == portable.low,
                "both products are the same");
  if (divisor <= native.high) return;
  const tally::Division quick = tally::divide_wide(native, divisor);
  const tally::Division slow = tally::portable::divide_wide(native, divisor);
  fuzz::promise(quick.quotient == slow.quotient && quick.remainder == slow.remainder,
                "both quotients are the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream words(std::string(reinterpret_cast<const char*>(data), size));
  std::string first;
  std::string second;
  std::string third;
  words >> first >> second >> third;
  const Decimal a = check_word(first);
  const Decimal b = check_word(second);
  std::int64_t number = 0;
  std::from_chars(third.data(), third.data() + third.size(), number);
  check_rounding(a);
  check_arithmetic(a, b, number);
  check_wide(static_cast<std::uint64_t>(a.units) ^ static_cast<std::uint64_t>(a.attos),
             static_cast<std::uint64_t>(b.units) ^ static_cast<std::uint64_t>(b.attos),
             static_cast<std::uint64_t>(number));
  return 0;
}
