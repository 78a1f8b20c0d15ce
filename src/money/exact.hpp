// SPDX-License-Identifier: MIT
#pragma once

// Exact sums and products of decimals, where whoever adds up a bill can have them inline and in
// registers: an optional goes through memory, and a bill of three lines waited for its results a
// fifth of its time. False: the result does not fit.

#include <cstdint>
#include <limits>

#include "money/wide.hpp"
#include "tally/money.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace exact {

constexpr std::int64_t attos_per_unit = 1000000000000000000;
constexpr std::int64_t max_units = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t min_units = std::numeric_limits<std::int64_t>::min();

/// A decimal's size without its sign: the form in which products, quotients and digits are made.
struct Magnitude {
  std::uint64_t units = 0;
  std::uint64_t attos = 0;
};

/// |value|, also of -2^63, which has no positive counterpart in 64 bits.
constexpr std::uint64_t magnitude_of(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? 0 - bits : bits;
}

inline Magnitude magnitude_of(Decimal value) {
  return {magnitude_of(value.units), magnitude_of(value.attos)};
}

inline bool with_sign(Magnitude size, bool negative, Decimal& result) {
  constexpr auto limit = static_cast<std::uint64_t>(max_units);
  if (size.units > limit + (negative ? 1 : 0)) return false;
  const std::uint64_t units = negative ? 0 - size.units : size.units;
  const auto attos = static_cast<std::int64_t>(size.attos);
  result = {static_cast<std::int64_t>(units), negative ? -attos : attos};
  return true;
}

/// Wrapped sums are defined without a sign only; two operands of one sign and a sum of the other
/// have overflowed.
inline bool add_integers(std::int64_t a, std::int64_t b, std::int64_t& sum) {
  sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  return ((a ^ sum) & (b ^ sum)) >= 0;
}

inline bool subtract_integers(std::int64_t a, std::int64_t b, std::int64_t& difference) {
  difference =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  return ((a ^ b) & (a ^ difference)) >= 0;
}

/// units + attos / 10^18, where |attos| < 2 * 10^18 and the two signs may differ.
inline bool carry(std::int64_t units, std::int64_t attos, Decimal& result) {
  // At most one unit is carried, so nothing needs to be divided.
  if (attos >= attos_per_unit) {
    if (!add_integers(units, 1, units)) return false;
    attos -= attos_per_unit;
  } else if (attos <= -attos_per_unit) {
    if (!add_integers(units, -1, units)) return false;
    attos += attos_per_unit;
  }
  if (units > 0 && attos < 0) {
    --units;
    attos += attos_per_unit;
  } else if (units < 0 && attos > 0) {
    ++units;
    attos -= attos_per_unit;
  }
  result = {units, attos};
  return true;
}

/// As `checked_add`; `sum` is as it was where it does not fit.
inline bool add(Decimal a, Decimal b, Decimal& sum) {
  std::int64_t units = 0;
  return add_integers(a.units, b.units, units) && carry(units, a.attos + b.attos, sum);
}

/// As `checked_multiply`.
inline bool multiply(Decimal a, std::int64_t factor, Decimal& product) {
  const Magnitude size = magnitude_of(a);
  const std::uint64_t times = magnitude_of(factor);
  // attos < 10^18, so the quotient is below `times` and fits.
  const Division attos = divide_wide(multiply_wide(size.attos, times), attos_per_unit);
  const Wide units = add_wide(multiply_wide(size.units, times), attos.quotient);
  if (units.high != 0) return false;
  return with_sign({units.low, attos.remainder}, a.is_negative() != (factor < 0), product);
}

}  // namespace exact
}  // namespace TALLY_ABI
}  // namespace tally
