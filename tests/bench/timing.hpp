// SPDX-License-Identifier: MIT
#pragma once

// What rows are measured with.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

[[noreturn]] void fail(const std::string& why);

/// Of this process so far.
double cpu_us();

/// The largest resident size of this program.
double peak_kib();

/// As far as the system lets it.
void raise_descriptor_limit();
std::uint64_t descriptor_limit();

/// `cpu_us`, `wall_us` and `allocations` of `work`.
Figures timed(const std::function<void()>& work);

/// `p50_us`, `p90_us`, `p99_us` and `worst_us`.
Figures percentiles(std::vector<double> values_us);

}  // namespace bench
