// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Writes one JSON object, member by member, on one line. One thread at a time.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    append_json_string(next(name), value);
    return *this;
  }
  JsonObject& number(std::string_view name, std::int64_t value) {
    return json(name, std::to_string(value));
  }
  JsonObject& boolean(std::string_view name, bool value) {
    return json(name, value ? "true" : "false");
  }
  /// `value` is JSON already.
  JsonObject& json(std::string_view name, std::string_view value) {
    next(name).append(value);
    return *this;
  }

  /// The whole object; nothing is to be added after it.
  std::string take() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  std::string& next(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }

  std::string out_ = "{";
};

}  // namespace TALLY_ABI
}  // namespace tally
