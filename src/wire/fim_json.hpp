// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tally/fim.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// As `write_request` of a `ChatRequest` (request_json.hpp). `invalid_argument`: no model, no
/// prompt, `extra` that is no object, a number that is not finite.
Result<std::string> write_request(const FimRequest& request, bool stream,
                                  std::optional<std::int64_t> max_tokens_if_absent = std::nullopt);

}  // namespace TALLY_ABI
}  // namespace tally
