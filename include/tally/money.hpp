// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// An exact decimal number with 18 fractional digits. Plain data.
///
/// value = units + attos / 10^18; |attos| < 10^18, and where both are not 0 they have the same sign
/// (the shape of google.type.Money, with attos for nanos). The whole part reaches 9.2e18. There is
/// no conversion from or to floating point, on purpose: 0.1 + 0.2 has to be 0.3 in a bill.
struct TALLY_API Decimal {
  std::int64_t units = 0;
  std::int64_t attos = 0;

  /// Reads a decimal as JSON writes it: `0.003625`, `-12`, `3.5e-7`. A digit that is not 0 beyond
  /// the 18th decimal, an overflow, or anything that is not a number is `invalid_argument`.
  static Result<Decimal> parse(std::string_view text);

  /// As `parse`, but rounds beyond the 18th decimal, half to even. For figures that others state,
  /// never for prices. `rounded` (may be null) tells whether a digit was lost.
  static Result<Decimal> parse_rounded(std::string_view text, bool* rounded = nullptr);

  bool is_zero() const { return units == 0 && attos == 0; }
  bool is_negative() const { return units < 0 || attos < 0; }
};

constexpr bool operator==(Decimal a, Decimal b) { return a.units == b.units && a.attos == b.attos; }
constexpr bool operator!=(Decimal a, Decimal b) { return !(a == b); }
// The signs agree, so the pair orders as the number does.
constexpr bool operator<(Decimal a, Decimal b) {
  return a.units != b.units ? a.units < b.units : a.attos < b.attos;
}
constexpr bool operator>(Decimal a, Decimal b) { return b < a; }
constexpr bool operator<=(Decimal a, Decimal b) { return !(b < a); }
constexpr bool operator>=(Decimal a, Decimal b) { return !(a < b); }

/// Exact, or nothing: none of these ever wraps or rounds.
TALLY_API std::optional<Decimal> checked_add(Decimal a, Decimal b);
TALLY_API std::optional<Decimal> checked_subtract(Decimal a, Decimal b);
TALLY_API std::optional<Decimal> checked_multiply(Decimal a, std::int64_t factor);
/// a / divisor where the quotient has at most 18 decimals; nothing otherwise, and for divisor 0.
TALLY_API std::optional<Decimal> checked_divide(Decimal a, std::int64_t divisor);

/// The exact value with as few digits as it needs: `0.00868`, `-3`, `0`.
TALLY_API std::string to_string(Decimal value);

/// `value` with `decimals` (0 to 18) digits after the point, rounded half to even.
TALLY_API std::string to_string_rounded(Decimal value, int decimals);

/// An ISO 4217 code. Plain data.
struct TALLY_API Currency {
  char code[4] = {'U', 'S', 'D', '\0'};

  /// Three capital letters, else `invalid_argument`.
  static Result<Currency> parse(std::string_view text);
  std::string_view view() const { return {code, 3}; }
};

constexpr Currency usd{};
constexpr Currency cny{{'C', 'N', 'Y', '\0'}};

constexpr bool operator==(Currency a, Currency b) {
  return a.code[0] == b.code[0] && a.code[1] == b.code[1] && a.code[2] == b.code[2];
}
constexpr bool operator!=(Currency a, Currency b) { return !(a == b); }

/// An amount of money. Plain data. Amounts of two currencies never mix: nothing here converts.
struct Money {
  Decimal amount;
  Currency currency;
};

/// `cents(40)` is $0.40: whole hundredths of a currency.
constexpr Money cents(std::int64_t count, Currency currency = usd) {
  return {Decimal{count / 100, count % 100 * 10'000'000'000'000'000}, currency};
}

constexpr bool operator==(const Money& a, const Money& b) {
  return a.amount == b.amount && a.currency == b.currency;
}
constexpr bool operator!=(const Money& a, const Money& b) { return !(a == b); }

/// The sum or difference; `invalid_argument` for two currencies, `limit_exceeded` on overflow.
TALLY_API Result<Money> add(const Money& a, const Money& b);
TALLY_API Result<Money> subtract(const Money& a, const Money& b);

/// Exact, with the currency's sign where it has one: `$0.00868`, `¥0.06`, `0.5 EUR`.
TALLY_API std::string to_string(const Money& money);
/// For people: at least `decimals` digits, more where the amount would otherwise lose its first two
/// significant digits, so that a small cost is never shown as 0.
TALLY_API std::string to_string_rounded(const Money& money, int decimals);
TALLY_API std::ostream& operator<<(std::ostream& out, const Money& money);

}  // namespace TALLY_ABI
}  // namespace tally
