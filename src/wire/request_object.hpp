// SPDX-License-Identifier: MIT
#pragma once

// What the requests of all endpoints have in common: their checks, and `extra`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "tally/result.hpp"
#include "wire/json_writer.hpp"

namespace tally {
inline namespace TALLY_ABI {

Error refused_request(std::string message);

/// The JSON object in `text`; the error names `field`.
Result<JsonDocument> read_object(std::string_view text, const std::string& field);

/// What no JSON can hold, and what no server can heed; the error names the field.
Result<void> check_finite(std::string_view field, const std::optional<double>& value);
Result<void> check_above_zero(std::string_view field, std::optional<std::int64_t> value);

/// The JSON that goes over everything else in a request.
class RequestExtra {
 public:
  /// Of an object, or of nothing at all.
  static Result<RequestExtra> read(const std::string& text);

  const JsonValue* find(std::string_view name) const { return json_.root().find(name); }
  JsonChildren members() const { return json_.root().children(); }
  /// As it was written.
  std::string_view source(const JsonValue& value) const {
    return std::string_view(text_).substr(value.begin, value.end - value.begin);
  }
  /// Whether the call is a stream is not its to say.
  Result<void> check_stream(bool stream) const;

 private:
  RequestExtra(std::string text, JsonDocument json)
      : text_(std::move(text)), json_(std::move(json)) {}

  std::string text_;
  JsonDocument json_;
};

/// A request under construction. A member that `extra` has too is left to `extra`.
class RequestObject {
 public:
  explicit RequestObject(const RequestExtra& extra) : extra_(extra) {}

  /// `json` is the text of the member's value.
  void add(std::string_view name, std::string_view json);
  // What is absent is not written.
  void add_number(std::string_view name, const std::optional<double>& value);
  void add_count(std::string_view name, const std::optional<std::int64_t>& value);
  void add_flag(std::string_view name, const std::optional<bool>& value);
  /// As `ObjectWriter::begin`; null where the member is left to `extra`.
  std::string* begin(std::string_view name) {
    return extra_.find(name) ? nullptr : &object_.begin(name);
  }
  void reserve(std::size_t bytes) { object_.reserve(bytes); }
  /// Closes the object, with all of `extra`. A stream always asks for its usage.
  std::string take(bool stream);

 private:
  void add_stream();

  const RequestExtra& extra_;
  ObjectWriter object_;
};

}  // namespace TALLY_ABI
}  // namespace tally
