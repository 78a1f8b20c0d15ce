// SPDX-License-Identifier: MIT
#include "wire/request_object.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// The shortest digits that read back as the same double.
std::string number(double value) {
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  return std::string(digits, written.ptr);
}

}  // namespace

Error refused_request(std::string message) {
  return Error{ErrorKind::invalid_argument, std::move(message)};
}

Result<JsonDocument> read_object(std::string_view text, const std::string& field) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return refused_request(field +
                           " begins with a byte order mark, which no JSON may have in its midst");
  }
  auto value = parse_json(text);
  if (!value) {
    return refused_request(field + " has to be a JSON object: " + value.error().message);
  }
  if (!value->root().is_object()) {
    return refused_request(field + " has to be a JSON object, as {\"key\": 1}");
  }
  return value;
}

Result<void> check_finite(std::string_view field, const std::optional<double>& value) {
  if (!value || std::isfinite(*value)) return {};
  return refused_request(std::string(field) + " is not finite: give a number, or leave it absent");
}

Result<void> check_above_zero(std::string_view field, std::optional<std::int64_t> value) {
  if (!value || *value >= 1) return {};
  return refused_request(std::string(field) + " is " + std::to_string(*value) +
                         ": give at least 1, or leave it absent");
}

Result<RequestExtra> RequestExtra::read(const std::string& text) {
  if (text.empty()) return RequestExtra({}, {});
  // Repaired before it is read, so that the places of its values are places in this text.
  std::string repaired = replace_invalid_utf8(text);
  auto json = read_object(repaired, "extra");
  if (!json) return std::move(json).error();
  return RequestExtra(std::move(repaired), *std::move(json));
}

Result<void> RequestExtra::check_stream(bool stream) const {
  const JsonValue* asked = find("stream");
  if (!asked || (asked->type == JsonType::boolean && asked->boolean == stream)) return {};
  return refused_request("extra.stream contradicts the call: chat and stream set it themselves");
}

void RequestObject::add(std::string_view name, std::string_view json) {
  if (!extra_.find(name)) object_.add(name, json);
}

void RequestObject::add_number(std::string_view name, const std::optional<double>& value) {
  if (value) add(name, number(*value));
}

void RequestObject::add_count(std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) add(name, std::to_string(*value));
}

void RequestObject::add_flag(std::string_view name, const std::optional<bool>& value) {
  if (value) add(name, *value ? "true" : "false");
}

std::string RequestObject::take(bool stream) {
  if (stream) add_stream();
  for (const JsonValue& member : extra_.members()) {
    if (stream && member.key == "stream_options") continue;
    object_.add(member.key, extra_.source(member));
  }
  return object_.take();
}

/// `extra` may add to `stream_options` but not drop the usage from a stream: it is the bill.
void RequestObject::add_stream() {
  add("stream", "true");
  ObjectWriter options;
  options.add("include_usage", "true");
  if (const JsonValue* more = extra_.find("stream_options"); more && more->is_object()) {
    for (const JsonValue& member : more->children()) {
      if (member.key != "include_usage") options.add(member.key, extra_.source(member));
    }
  }
  object_.add("stream_options", options.take());
}

}  // namespace TALLY_ABI
}  // namespace tally
