// SPDX-License-Identifier: MIT
#pragma once

// Reading JSON that comes from outside, into what keeps that which nlohmann_json's own DOM drops
// and a bill needs: the digits of each number as written, where in the text a value stands, and
// duplicate keys as an error. Nothing here throws or aborts on any input.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class JsonType : std::uint8_t { null, boolean, number, string, array, object };

class JsonChildren;

/// A JSON value, which is part of a `JsonDocument` and lives as long as that. Plain data that
/// cannot be copied out of it. Every accessor answers "absent" for another type; none converts.
struct JsonValue {
  JsonValue() = default;
  // Below it is what stands behind it, so that a copy would have lost its children. Documents hand
  // out const values, which nothing can move from.
  JsonValue(JsonValue&&) = default;
  JsonValue& operator=(JsonValue&&) = delete;

  std::string_view key;   ///< Its name, where it is a member of an object.
  std::string_view text;  ///< string: decoded UTF-8. number: the digits as written.
  std::size_t begin = 0;  ///< The bytes [begin, end) of the source text.
  std::size_t end = 0;
  int line = 1;  ///< 1-based line of `begin`.
  JsonType type = JsonType::null;
  bool boolean = false;

  bool is_null() const { return type == JsonType::null; }
  bool is_object() const { return type == JsonType::object; }
  bool is_array() const { return type == JsonType::array; }

  /// Elements of an array, members of an object, in order.
  JsonChildren children() const;
  /// The member of that name; null if there is none or this is no object.
  const JsonValue* find(std::string_view name) const;
  /// The member's text if it is a string; null otherwise.
  const std::string_view* find_string(std::string_view name) const;
  const std::string_view* as_string() const { return type == JsonType::string ? &text : nullptr; }
  /// A whole number within +-2^63 written without point or exponent.
  std::optional<std::int64_t> as_int() const;

 private:
  friend class JsonBuilder;
  friend class JsonChildren;
  std::uint32_t extent_ = 1;  // How many values it is, with all below it.
};

/// The values right below another one. Plain data; it only looks.
class JsonChildren {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = JsonValue;
    using difference_type = std::ptrdiff_t;
    using pointer = const JsonValue*;
    using reference = const JsonValue&;

    Iterator() = default;
    explicit Iterator(const JsonValue* at) : at_(at) {}
    reference operator*() const { return *at_; }
    pointer operator->() const { return at_; }
    Iterator& operator++() {
      at_ += at_->extent_;
      return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, Iterator(at_ + at_->extent_)); }
    friend bool operator==(Iterator a, Iterator b) { return a.at_ == b.at_; }
    friend bool operator!=(Iterator a, Iterator b) { return a.at_ != b.at_; }

   private:
    const JsonValue* at_ = nullptr;
  };

  explicit JsonChildren(const JsonValue& parent)
      : begin_(&parent + 1), end_(&parent + parent.extent_) {}

  Iterator begin() const { return Iterator(begin_); }
  Iterator end() const { return Iterator(end_); }
  bool empty() const { return begin_ == end_; }
  const JsonValue& front() const { return *begin_; }
  // These walk.
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }
  const JsonValue& operator[](std::size_t place) const {
    return *std::next(begin(), static_cast<std::ptrdiff_t>(place));
  }

 private:
  const JsonValue* begin_;
  const JsonValue* end_;
};

inline JsonChildren JsonValue::children() const { return JsonChildren(*this); }

/// A whole JSON text as values, and the one owner of their bytes: all of them stay good, and stay
/// where they are, when it is moved. Plain data.
class JsonDocument {
 public:
  /// Of nothing at all: null.
  JsonDocument() = default;

  const JsonValue& root() const&;
  const JsonValue& root() const&& = delete;

 private:
  friend class JsonBuilder;
  JsonDocument(std::unique_ptr<char[]> text, std::vector<JsonValue> values)
      : text_(std::move(text)), values_(std::move(values)) {}

  std::unique_ptr<char[]> text_;   // No std::string: a short one moves with its owner.
  std::vector<JsonValue> values_;  // In the order of the text: each is followed by those below it.
};

/// Reads one JSON document. `malformed_reply` for anything else: it names the line, and what was
/// expected. Deeper than `depth` (never more than 1,000) is `limit_exceeded`. Invalid UTF-8 and
/// lone surrogates read as U+FFFD. (begin and end then refer to the repaired text; ask `parse_json`
/// with a valid one where they matter.) `text` need not outlive the call.
Result<JsonDocument> parse_json(std::string_view text, int depth = 128);

/// The same by nlohmann_json alone: what `parse_json` turns to for all that is not plain
/// (plain_json.hpp), and what tests hold it against.
Result<JsonDocument> parse_json_general(std::string_view text, int depth = 128);

/// A member whose name an earlier member of the object has; null if there is none.
const JsonValue* repeated_member(const JsonValue& object);

/// `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace TALLY_ABI
}  // namespace tally
