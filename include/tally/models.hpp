// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A model that a server says it has. Plain data.
struct ServedModel {
  std::string id;        ///< As one requests it.
  std::string owned_by;  ///< Empty where the server does not say.
  std::string raw;  ///< The server's JSON for it, verbatim: context lengths, prices and the like.
};

/// Reads the body of a `/models` answer. `malformed_reply` says what is missing.
TALLY_API Result<std::vector<ServedModel>> parse_models(std::string_view json);

}  // namespace TALLY_ABI
}  // namespace tally
