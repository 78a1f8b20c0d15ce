// SPDX-License-Identifier: MIT
#pragma once

#include "tally/error.hpp"

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

/// Why something did not run to its end. Takes no memory itself: the text is short enough to lie in
/// its string.
inline Error out_of_memory() { return Error{ErrorKind::out_of_memory, "out of memory"}; }

}  // namespace TALLY_ABI
}  // namespace tally
