// SPDX-License-Identifier: MIT
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

TokenEstimate estimate_tokens(std::string_view text) {
  const auto bytes = static_cast<std::int64_t>(text.size());
  return {bytes == 0 ? 0 : 1, (bytes + 3) / 4, bytes};
}

}  // namespace TALLY_ABI
}  // namespace tally
