// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "tally/error.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The error of a non-2xx answer, from its status and its body: every JSON shape that servers use,
/// HTML of a gateway, or nothing at all.
Error error_of_response(int status, std::string_view body);

/// The error in a JSON value that has one (`{"error": {...}}`, `{"error": "..."}`, `{"detail":
/// ...}`,
/// `{"message": ...}`); `status` decides the kind where it is not 2xx.
std::optional<Error> error_of_json(int status, const JsonValue& value);

}  // namespace TALLY_ABI
}  // namespace tally
