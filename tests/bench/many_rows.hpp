// SPDX-License-Identifier: MIT
#pragma once

// Many streams on one thread.

#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

/// streams NAME URL COUNT: from opening to the last one's end. Of `tally` also `begun_cpu_us`, of a
/// chunk that came when the last stream had begun: without what connecting takes.
Figures streams(const std::vector<std::string>& words);

}  // namespace bench
