// SPDX-License-Identifier: MIT
#pragma once

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// How many forks lie between this process and the one that asked first: another number than before
/// means that this is a child, with the parent's sockets and a copy of its generators. Costs a
/// load, where getpid() is a system call: it is asked for every delta. Any thread.
unsigned forks_so_far();

}  // namespace TALLY_ABI
}  // namespace tally
