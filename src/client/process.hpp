// SPDX-License-Identifier: MIT
#pragma once

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// The id of this process: another one than before means that a fork lies between.
long process_id();

}  // namespace TALLY_ABI
}  // namespace tally
