// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tally/client.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Statuses after which the same request may succeed.
bool is_retryable_status(int status);

/// How long a server asks to wait: seconds, or an HTTP date against `now` (a past one is 0).
/// Nothing for any other text.
std::optional<std::chrono::milliseconds> read_retry_after(std::string_view value, Instant now);

/// The wait before attempt `failed_attempt` + 1: what the server asked for, else a random part of
/// the doubled first delay (full jitter: callers that failed together do not come back together).
/// `random` is in [0, 2^32).
std::chrono::milliseconds retry_delay(const Retries& retries, int failed_attempt,
                                      std::optional<std::chrono::milliseconds> asked,
                                      std::uint32_t random);

}  // namespace TALLY_ABI
}  // namespace tally
