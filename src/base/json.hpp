// SPDX-License-Identifier: MIT
#pragma once

// Reading JSON that comes from outside, into what keeps that which nlohmann_json's own DOM drops
// and a bill needs: the digits of each number as written, where in the text a value stands, and
// duplicate keys as an error. Nothing here throws or aborts on any input.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class JsonType { null, boolean, number, string, array, object };

/// A JSON value. Plain data. Every accessor answers "absent" for another type; none converts.
struct JsonValue {
  JsonType type = JsonType::null;
  bool boolean = false;
  std::string key;                  ///< Its name, where it is a member of an object.
  std::string text;                 ///< string: decoded UTF-8. number: the digits as written.
  std::vector<JsonValue> children;  ///< Elements of an array, members of an object, in order.
  std::size_t begin = 0;            ///< The bytes [begin, end) of the source text.
  std::size_t end = 0;
  int line = 1;  ///< 1-based line of `begin`.

  bool is_null() const { return type == JsonType::null; }
  bool is_object() const { return type == JsonType::object; }
  bool is_array() const { return type == JsonType::array; }

  /// The member of that name; null if there is none or this is no object.
  const JsonValue* find(std::string_view name) const;
  /// The member's text if it is a string; null otherwise.
  const std::string* find_string(std::string_view name) const;
  const std::string* as_string() const { return type == JsonType::string ? &text : nullptr; }
  /// A whole number within +-2^63 written without point or exponent.
  std::optional<std::int64_t> as_int() const;
};

/// Reads one JSON document. `malformed_reply` for anything else: it names the line, and what was
/// expected. Deeper than `depth` (never more than 1,000) is `limit_exceeded`. Invalid UTF-8 and
/// lone surrogates read as U+FFFD. (begin and end then refer to the repaired text; ask `parse_json`
/// with a valid one where they matter.)
Result<JsonValue> parse_json(std::string_view text, int depth = 128);

/// The same by nlohmann_json alone: what `parse_json` turns to for all that is not plain
/// (plain_json.hpp), and what tests hold it against.
Result<JsonValue> parse_json_general(std::string_view text, int depth = 128);

/// A member whose name an earlier member of the object has; null if there is none.
const JsonValue* repeated_member(const JsonValue& object);

/// `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace TALLY_ABI
}  // namespace tally
