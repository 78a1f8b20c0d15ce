// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// What stands between the quotes of a JSON string. Plain data.
struct JsonStringBody {
  std::string_view bytes;
  bool is_ascii = true;
  bool has_escapes = false;
};

/// Looks at the JSON string that begins at `at`, behind its opening quote. False: it has no end, or
/// a control character. Escapes and bytes of UTF-8 are only noted.
bool scan_json_string(std::string_view text, std::size_t at, JsonStringBody& body);

/// Turns what stands between the quotes, taken for valid UTF-8, into what it means, in its place:
/// that is never longer. Its length; nothing, with some of the text gone, where an escape is none
/// or is half of a surrogate pair.
std::optional<std::size_t> unescape_json_string(char* text, std::size_t size);

/// Appends what the string means, taken for valid UTF-8. False, with `out` as it was, where an
/// escape is none or is half of a surrogate pair.
bool append_json_string_value(std::string& out, const JsonStringBody& body);

}  // namespace TALLY_ABI
}  // namespace tally
