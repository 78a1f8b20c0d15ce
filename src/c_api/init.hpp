// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "c_api/arguments.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The body of an `_init`: `defaults` into a struct of `size` bytes, and 0 behind them.
template <class Struct>
std::int32_t init(Struct* to, std::uint32_t size, Struct defaults = {}) {
  if (to == nullptr || !is_size_of<Struct>(size)) return TALLY_E_INVALID_ARGUMENT;
  std::memset(static_cast<void*>(to), 0, size);
  to->struct_size = size;
  give(to, defaults);
  return TALLY_OK;
}

}  // namespace TALLY_ABI
}  // namespace tally
