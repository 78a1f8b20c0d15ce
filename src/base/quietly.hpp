// SPDX-License-Identifier: MIT
#pragma once

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// Runs what a destructor, or a function that C calls, may not throw out of. The library throws
/// nothing by itself; what may come is memory that has run out. True: it ran to its end.
template <class Body>
bool quietly(Body body) noexcept {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
    body();
    return true;
  } catch (...) {
    return false;
  }
#else
  body();
  return true;
#endif
}

}  // namespace TALLY_ABI
}  // namespace tally
