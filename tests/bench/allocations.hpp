// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bench {

/// How often this program has called `operator new`. Linking this file replaces it.
std::int64_t allocations();

}  // namespace bench
