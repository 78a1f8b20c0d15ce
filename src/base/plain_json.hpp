// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The fast way to read a JSON document, in two fifths of the instructions or fewer: what
/// `parse_json_general` would read, or nothing. Nothing on any doubt, since that one has the words
/// for what is wrong and mends what can be mended: anything that is not valid, text that is not
/// UTF-8, half a surrogate pair, a name that stands twice, a number that may lie beyond the range
/// of a double, deeper nesting than `depth`, more values than `most_values`.
std::optional<JsonDocument> read_plain_json(std::string_view text, std::size_t depth,
                                            std::size_t most_values);

}  // namespace TALLY_ABI
}  // namespace tally
