// SPDX-License-Identifier: MIT
#pragma once

// Exact sums and products of decimals, where whoever adds up a bill can have them inline: behind a
// call each result goes through memory, and a bill of three lines waits for it a tenth of its time.

#include <cstdint>
#include <limits>
#include <optional>

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

inline std::optional<Decimal> with_sign(Magnitude size, bool negative) {
  constexpr auto limit = static_cast<std::uint64_t>(max_units);
  const auto attos = static_cast<std::int64_t>(size.attos);
  if (!negative) {
    if (size.units > limit) return std::nullopt;
    return Decimal{static_cast<std::int64_t>(size.units), attos};
  }
  if (size.units > limit + 1) return std::nullopt;
  if (size.units == limit + 1) return Decimal{min_units, -attos};
  return Decimal{-static_cast<std::int64_t>(size.units), -attos};
}

/// Wrapped sums are defined without a sign only; two operands of one sign and a sum of the other
/// have overflowed.
inline std::optional<std::int64_t> add_integers(std::int64_t a, std::int64_t b) {
  const auto sum =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  if (((a ^ sum) & (b ^ sum)) < 0) return std::nullopt;
  return sum;
}

inline std::optional<std::int64_t> subtract_integers(std::int64_t a, std::int64_t b) {
  const auto difference =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  if (((a ^ b) & (a ^ difference)) < 0) return std::nullopt;
  return difference;
}

/// units + attos / 10^18, where |attos| < 2 * 10^18 and the two signs may differ.
inline std::optional<Decimal> carried(std::int64_t units, std::int64_t attos) {
  const auto whole = add_integers(units, attos / attos_per_unit);
  if (!whole) return std::nullopt;
  Decimal result{*whole, attos % attos_per_unit};
  if (result.units > 0 && result.attos < 0) {
    --result.units;
    result.attos += attos_per_unit;
  } else if (result.units < 0 && result.attos > 0) {
    ++result.units;
    result.attos -= attos_per_unit;
  }
  return result;
}

/// As `checked_add`.
inline std::optional<Decimal> add(Decimal a, Decimal b) {
  const auto units = add_integers(a.units, b.units);
  if (!units) return std::nullopt;
  return carried(*units, a.attos + b.attos);
}

/// As `checked_multiply`.
inline std::optional<Decimal> multiply(Decimal a, std::int64_t factor) {
  const Magnitude size = magnitude_of(a);
  const std::uint64_t times = magnitude_of(factor);
  // attos < 10^18, so the quotient is below `times` and fits.
  const Division attos = divide_wide(multiply_wide(size.attos, times), attos_per_unit);
  const Wide units = add_wide(multiply_wide(size.units, times), attos.quotient);
  if (units.high != 0) return std::nullopt;
  return with_sign({units.low, attos.remainder}, a.is_negative() != (factor < 0));
}

}  // namespace exact
}  // namespace TALLY_ABI
}  // namespace tally
