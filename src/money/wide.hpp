// SPDX-License-Identifier: MIT
#pragma once

// The two operations of 128-bit arithmetic that exact money needs. The compiler's own 128-bit
// integer does them where it has one; the portable form stands beside it, because MSVC has none,
// and is compiled and tested everywhere.

#include <cstdint>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// high * 2^64 + low. Plain data.
struct Wide {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

struct Division {
  std::uint64_t quotient = 0;
  std::uint64_t remainder = 0;
};

constexpr Wide add_wide(Wide a, std::uint64_t b) {
  const std::uint64_t low = a.low + b;
  return {a.high + (low < b ? 1 : 0), low};
}

namespace portable {

constexpr Wide multiply_wide(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t half = 0xffffffff;
  const std::uint64_t low = (a & half) * (b & half);
  // Neither sum can wrap: (2^32 - 1)^2 + 2 * (2^32 - 1) = 2^64 - 1.
  const std::uint64_t middle = (a >> 32) * (b & half) + (low >> 32);
  const std::uint64_t cross = (a & half) * (b >> 32) + (middle & half);
  return {(a >> 32) * (b >> 32) + (middle >> 32) + (cross >> 32), cross << 32 | (low & half)};
}

/// `divisor` must be larger than `dividend.high`, so that the quotient fits.
constexpr Division divide_wide(Wide dividend, std::uint64_t divisor) {
  std::uint64_t remainder = dividend.high;
  std::uint64_t quotient = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const bool carry =
        remainder >> 63 != 0;  // The shift moves it out: the remainder is 65 bits wide.
    remainder = remainder << 1 | (dividend.low >> bit & 1);
    quotient <<= 1;
    if (carry || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  return {quotient, remainder};
}

}  // namespace portable

#if defined(__SIZEOF_INT128__)

__extension__ typedef unsigned __int128 NativeWide;

constexpr Wide multiply_wide(std::uint64_t a, std::uint64_t b) {
  const NativeWide product = static_cast<NativeWide>(a) * b;
  return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
}

/// `divisor` must be larger than `dividend.high`, so that the quotient fits.
constexpr Division divide_wide(Wide dividend, std::uint64_t divisor) {
  // Of money nearly always so; the compiler calls a function for 128 bits.
  if (dividend.high == 0) return {dividend.low / divisor, dividend.low % divisor};
  const NativeWide value = static_cast<NativeWide>(dividend.high) << 64 | dividend.low;
  return {static_cast<std::uint64_t>(value / divisor), static_cast<std::uint64_t>(value % divisor)};
}

#else

using portable::divide_wide;
using portable::multiply_wide;

#endif

}  // namespace TALLY_ABI
}  // namespace tally
