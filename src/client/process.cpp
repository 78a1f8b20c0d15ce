// SPDX-License-Identifier: MIT
#include "client/process.hpp"

#if defined(_WIN32)
#include <process.h>
#else
#include <unistd.h>
#endif

namespace tally {
inline namespace TALLY_ABI {

long process_id() {
#if defined(_WIN32)
  return _getpid();
#else
  return getpid();
#endif
}

}  // namespace TALLY_ABI
}  // namespace tally
