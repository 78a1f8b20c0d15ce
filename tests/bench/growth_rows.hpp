// SPDX-License-Identifier: MIT
#pragma once

// How the work of one call grows with what it sends and gets.

#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

/// reply URL WARM_UP_URL: one answer that is no stream.
Figures reply(const std::vector<std::string>& words);

/// conversation URL MESSAGES: `cpu_us` of one call that sends so many.
Figures conversation(const std::vector<std::string>& words);

}  // namespace bench
