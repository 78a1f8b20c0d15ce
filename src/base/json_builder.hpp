// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A document under construction: for those that read one. Values are added in the order of the
/// text; of their two pieces of memory one is a copy of it, in which strings are decoded where they
/// stand, since no escape is shorter than what it means.
class JsonBuilder {
 public:
  explicit JsonBuilder(std::string_view text) : text_(new char[text.size()]) {
    text.copy(text_.get(), text.size());
    values_.reserve(usual_values);
  }

  /// The copy.
  char* text() { return text_.get(); }
  /// Puts a decoded string in the place where it was read, which has room for it.
  std::string_view put(std::size_t place, std::string_view decoded) {
    std::memcpy(text_.get() + place, decoded.data(), decoded.size());
    return {text_.get() + place, decoded.size()};
  }

  /// Good until the next one is added.
  JsonValue& add() { return values_.emplace_back(); }
  std::size_t size() const { return values_.size(); }

  /// What is added goes below the value that was added last, until it is closed.
  void open() {
    values_.back().extent_ = innermost_;
    innermost_ = static_cast<std::uint32_t>(values_.size());
    ++depth_;
  }
  const JsonValue& close(std::size_t end) {
    JsonValue& closed = values_[innermost_ - 1];
    const auto extent = static_cast<std::uint32_t>(values_.size()) - (innermost_ - 1);
    innermost_ = std::exchange(closed.extent_, extent);
    --depth_;
    closed.end = end;
    return closed;
  }
  /// How many values are open.
  std::size_t depth() const { return depth_; }
  const JsonValue& innermost() const { return values_[innermost_ - 1]; }
  bool innermost_is_empty() const { return values_.size() == innermost_; }

  JsonDocument take() { return {std::move(text_), std::move(values_)}; }

 private:
  // An answer without log probabilities has fewer.
  static constexpr std::size_t usual_values = 40;

  std::unique_ptr<char[]> text_;
  std::vector<JsonValue> values_;
  // Counted from 1. Of a value that is open, `extent_` is the one around it.
  std::uint32_t innermost_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
