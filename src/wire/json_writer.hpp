// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {

// The body is written as text, not through a JSON library's tree: what the user gives as JSON
// (schemas, `extra`) then goes out byte for byte. Digits stay as written, and so does the order of
// members, on which the server's prompt cache depends.

inline std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

/// An object under construction: `json` is the text of each member's value.
class ObjectWriter {
 public:
  /// Room for so many bytes in all.
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  void add(std::string_view name, std::string_view json) { begin(name) += json; }
  /// What is appended to that is the member's value.
  std::string& begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, name);
    return text_ += ':';
  }
  std::string take() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  std::string text_ = "{";
};

/// Adds the members of `object`, which was parsed from `text`, byte for byte.
inline void add_members(ObjectWriter& writer, const JsonValue& object, std::string_view text) {
  for (const JsonValue& member : object.children()) {
    writer.add(member.key, text.substr(member.begin, member.end - member.begin));
  }
}

inline std::string object_of(std::string_view name, std::string_view json) {
  ObjectWriter object;
  object.add(name, json);
  return object.take();
}

template <class T, class Write>
void append_array(std::string& json, const std::vector<T>& elements, Write write) {
  json += '[';
  for (const T& element : elements) {
    if (&element != elements.data()) json += ',';
    json += write(element);
  }
  json += ']';
}

template <class T, class Write>
std::string array_of(const std::vector<T>& elements, Write write) {
  std::string json;
  append_array(json, elements, write);
  return json;
}

/// A part is an object of its type and one member, which often has the type's name.
inline std::string part_of(std::string_view type, std::string_view name, std::string_view json) {
  ObjectWriter object;
  object.add("type", quoted(type));
  object.add(name, json);
  return object.take();
}

}  // namespace TALLY_ABI
}  // namespace tally
