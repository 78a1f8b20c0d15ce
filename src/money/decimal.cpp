// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <limits>

#include "money/exact.hpp"
#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using exact::attos_per_unit;
using exact::Magnitude;
using exact::magnitude_of;

constexpr int max_decimals = 18;

std::optional<Decimal> if_fits(bool fits, Decimal result) {
  if (!fits) return std::nullopt;
  return result;
}

std::optional<Decimal> signed_decimal(Magnitude size, bool negative) {
  Decimal result;
  const bool fits = exact::with_sign(size, negative, result);
  return if_fits(fits, result);
}

constexpr std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// `size` to that many decimals, half to even. The units cannot wrap: they are at most 2^63.
Magnitude rounded(Magnitude size, int decimals) {
  const std::uint64_t step = power_of_ten(max_decimals - decimals);
  const std::uint64_t rest = size.attos % step;
  if (rest == 0) return size;
  const std::uint64_t last_digits = decimals == 0 ? size.units : size.attos / step;
  const bool up = rest > step / 2 || (rest == step / 2 && last_digits % 2 == 1);
  size.attos += (up ? step : 0) - rest;
  if (size.attos == attos_per_unit) return {size.units + 1, 0};
  return size;
}

std::string write(Magnitude size, bool negative, int decimals) {
  std::string out = negative && (size.units != 0 || size.attos != 0) ? "-" : "";
  out += std::to_string(size.units);
  if (decimals == 0) return out;
  std::string attos = std::to_string(size.attos);
  attos.insert(0, static_cast<std::size_t>(max_decimals) - attos.size(), '0');
  out += '.';
  return out.append(attos, 0, static_cast<std::size_t>(decimals));
}

// The parts of a number in JSON's grammar. Digit by digit, since the text may have any length.
struct Digits {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;

  std::int64_t count() const { return static_cast<std::int64_t>(whole.size() + fraction.size()); }
  // How many digits stand before the point once the exponent has moved it.
  std::int64_t point() const { return static_cast<std::int64_t>(whole.size()) + exponent; }

  int at(std::int64_t index) const {
    if (index < 0 || index >= count()) return 0;
    const auto i = static_cast<std::size_t>(index);
    return (i < whole.size() ? whole[i] : fraction[i - whole.size()]) - '0';
  }

  bool any_in(std::int64_t begin, std::int64_t end) const {
    begin = std::max<std::int64_t>(begin, 0);
    end = std::min(end, count());
    for (; begin < end; ++begin) {
      if (at(begin) != 0) return true;
    }
    return false;
  }
};

std::string_view take_digits(std::string_view& rest) {
  const std::size_t count = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const std::string_view digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

bool take(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

// The exponent after its `e`. It stops growing where no text could be long enough to make up for
// it.
std::optional<std::int64_t> take_exponent(std::string_view& rest) {
  constexpr std::int64_t enough = 1000000000000000;
  const bool negative = take(rest, '-');
  if (!negative) take(rest, '+');
  const std::string_view digits = take_digits(rest);
  if (digits.empty()) return std::nullopt;
  std::int64_t exponent = 0;
  for (const char digit : digits) exponent = std::min(exponent * 10 + (digit - '0'), enough);
  return negative ? -exponent : exponent;
}

std::optional<Digits> scan(std::string_view text) {
  Digits digits;
  digits.negative = take(text, '-');
  digits.whole = take_digits(text);
  if (digits.whole.empty() || (digits.whole.size() > 1 && digits.whole.front() == '0')) {
    return std::nullopt;
  }
  if (take(text, '.')) {
    digits.fraction = take_digits(text);
    if (digits.fraction.empty()) return std::nullopt;
  }
  if (take(text, 'e') || take(text, 'E')) {
    const auto exponent = take_exponent(text);
    if (!exponent) return std::nullopt;
    digits.exponent = *exponent;
  }
  if (!text.empty()) return std::nullopt;
  return digits;
}

struct Reading {
  Magnitude size;
  bool inexact = false;  // A digit that is not 0 stands beyond the 18th decimal.
  bool too_large = false;
};

// Half to even where the text has more than 18 decimals.
Reading read(const Digits& digits) {
  constexpr int max_whole_digits = 19;
  const std::int64_t point = digits.point();
  Reading reading;
  reading.too_large = digits.any_in(0, point - max_whole_digits);
  for (auto i = point - max_whole_digits; i < point; ++i) {
    reading.size.units = reading.size.units * 10 + static_cast<std::uint64_t>(digits.at(i));
  }
  const std::int64_t end = point + max_decimals;
  for (auto i = point; i < end; ++i) {
    reading.size.attos = reading.size.attos * 10 + static_cast<std::uint64_t>(digits.at(i));
  }
  reading.inexact = digits.any_in(end, digits.count());
  const bool above_half =
      digits.at(end) > 5 || (digits.at(end) == 5 && digits.any_in(end + 1, digits.count()));
  const bool to_even = digits.at(end) == 5 && digits.at(end - 1) % 2 == 1;
  if (above_half || to_even) ++reading.size.attos;
  if (reading.size.attos == attos_per_unit) {
    reading.size = {reading.size.units + 1, 0};
  }
  return reading;
}

Error refuse(std::string_view why, std::string_view text) {
  Error error;
  error.message.append(why).append(": '").append(text.substr(0, 60)).append("'");
  return error;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  bool inexact = false;
  auto decimal = parse_rounded(text, &inexact);
  if (decimal && inexact) return refuse("more than 18 decimals", text);
  return decimal;
}

Result<Decimal> Decimal::parse_rounded(std::string_view text, bool* was_rounded) {
  if (was_rounded != nullptr) *was_rounded = false;
  const auto digits = scan(text);
  if (!digits) return refuse("not a decimal number", text);
  const Reading reading = read(*digits);
  const auto decimal = signed_decimal(reading.size, digits->negative);
  if (!decimal || reading.too_large) return refuse("number too large", text);
  if (was_rounded != nullptr) *was_rounded = reading.inexact;
  return *decimal;
}

std::optional<Decimal> checked_add(Decimal a, Decimal b) {
  Decimal sum;
  const bool fits = exact::add(a, b, sum);
  return if_fits(fits, sum);
}

std::optional<Decimal> checked_subtract(Decimal a, Decimal b) {
  // -0.5 - -2^63 fits although 0 + 2^63 does not: a unit goes over to the attos first.
  if (a.units == 0 && a.attos < 0) a = {-1, a.attos + attos_per_unit};
  std::int64_t units = 0;
  if (!exact::subtract_integers(a.units, b.units, units)) return std::nullopt;
  Decimal difference;
  const bool fits = exact::carry(units, a.attos - b.attos, difference);
  return if_fits(fits, difference);
}

std::optional<Decimal> checked_multiply(Decimal a, std::int64_t factor) {
  Decimal product;
  const bool fits = exact::multiply(a, factor, product);
  return if_fits(fits, product);
}

std::optional<Decimal> checked_divide(Decimal a, std::int64_t divisor) {
  if (divisor == 0) return std::nullopt;
  const Magnitude size = magnitude_of(a);
  const std::uint64_t by = magnitude_of(divisor);
  const Wide rest = add_wide(multiply_wide(size.units % by, attos_per_unit), size.attos);
  // The rest is less than `by` whole units, so the quotient is below 10^18 and fits.
  const Division attos = divide_wide(rest, by);
  if (attos.remainder != 0) return std::nullopt;
  return signed_decimal({size.units / by, attos.quotient}, a.is_negative() != (divisor < 0));
}

std::string to_string(Decimal value) {
  const Magnitude size = magnitude_of(value);
  std::string text = write(size, value.is_negative(), max_decimals);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string to_string_rounded(Decimal value, int decimals) {
  decimals = std::clamp(decimals, 0, max_decimals);
  return write(rounded(magnitude_of(value), decimals), value.is_negative(), decimals);
}

}  // namespace TALLY_ABI
}  // namespace tally
