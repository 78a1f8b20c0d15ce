// SPDX-License-Identifier: MIT
#pragma once

// What a game sees: how long one frame's share of many streams takes.

#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

/// frames NAME URL STREAMS FRAMES: `curl` (`curl_multi_perform`, the bytes are counted) or `tally`
/// (`poll`, and every event pulled), 60 times a second. `wall_p50_us`, `cpu_p50_us` and so on, of a
/// frame; the first ones connect.
Figures frames(const std::vector<std::string>& words);

}  // namespace bench
