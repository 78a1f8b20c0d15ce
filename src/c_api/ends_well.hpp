// SPDX-License-Identifier: MIT
#pragma once

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// Runs what has no error to report into, and may run out of memory. True: it ran to its end.
template <class Body>
bool ends_well(Body body) noexcept {
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
