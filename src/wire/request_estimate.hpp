// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The prompt tokens of a request, from the JSON that was sent: its texts are estimated, its bytes
/// are the upper bound. What a server adds by itself (templates, hidden instructions) is not in it.
TokenEstimate estimate_prompt(std::string_view request_body);

/// What the answer to it says again before anything of its own (`echo`); empty: nothing.
std::string echoed_prompt(std::string_view request_body);

}  // namespace TALLY_ABI
}  // namespace tally
