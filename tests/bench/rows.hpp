// SPDX-License-Identifier: MIT
#pragma once

// What a client process does: one row of the table, once. Each runs in a process of its own, so
// that no row warms another's caches, heap or libcurl.

#include <map>
#include <string>
#include <vector>

namespace bench {

/// Measured figures by name: `cpu_us`, `wall_us`, `text`, ...
using Figures = std::map<std::string, double>;

/// Runs the row that `words` name (`stream tally URL`); ends the process if there is none.
Figures run_row(const std::vector<std::string>& words);

}  // namespace bench
