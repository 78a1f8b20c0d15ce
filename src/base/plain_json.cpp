// SPDX-License-Identifier: MIT
#include "base/plain_json.hpp"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/json_string.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// An answer without log probabilities has fewer.
constexpr std::size_t usual_values = 40;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Every function steps over what it names and answers whether it stood there; a false answer ends
/// the walk.
///
/// All values lie on one stack. A container's are above it until its end is read, and then move
/// into it at once: one piece of memory for each container, of the size that it needs.
class PlainReader {
 public:
  PlainReader(std::string_view text, std::size_t depth, std::size_t most_values)
      : text_(text), depth_(depth), values_left_(most_values) {}

  std::optional<JsonValue> read() {
    if (text_.substr(0, byte_order_mark.size()) == byte_order_mark) at_ = byte_order_mark.size();
    values_.reserve(usual_values);
    do {
      if (!value() || !next_value()) return std::nullopt;
    } while (!open_.empty());
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    return std::move(values_.front());
  }

 private:
  /// A whole value, or where a container begins.
  bool value() {
    skip_space();
    if (values_left_-- == 0) return false;
    JsonValue& value = values_.emplace_back();
    value.key.swap(key_);
    value.begin = at_;
    value.line = line_;
    switch (peek()) {
      case '{':
        return open(value, JsonType::object);
      case '[':
        return open(value, JsonType::array);
      case '"':
        value.type = JsonType::string;
        if (!string(value.text)) return false;
        break;
      case 't':
        value.type = JsonType::boolean;
        value.boolean = true;
        if (!word("true")) return false;
        break;
      case 'f':
        value.type = JsonType::boolean;
        if (!word("false")) return false;
        break;
      case 'n':
        if (!word("null")) return false;
        break;
      default:
        if (!number(value)) return false;
    }
    value.end = at_;
    return true;
  }

  bool open(JsonValue& container, JsonType type) {
    if (open_.size() == depth_) return false;
    container.type = type;
    open_.push_back(values_.size() - 1);
    ++at_;
    return true;
  }

  /// What stands between two values: ends of containers, a comma, a name. With nothing open there
  /// is no next.
  bool next_value() {
    while (!open_.empty()) {
      skip_space();
      const bool is_empty = values_.size() == open_.back() + 1;
      const bool is_object = values_[open_.back()].is_object();
      if (take(is_object ? '}' : ']')) {
        if (!close()) return false;
      } else {
        return (is_empty || take(',')) && (!is_object || name());
      }
    }
    return true;
  }

  bool close() {
    JsonValue& container = values_[open_.back()];
    const auto first = values_.begin() + static_cast<std::ptrdiff_t>(open_.back()) + 1;
    container.children.assign(std::make_move_iterator(first),
                              std::make_move_iterator(values_.end()));
    values_.erase(first, values_.end());
    open_.pop_back();
    container.end = at_;
    return !container.is_object() || repeated_member(container) == nullptr;
  }

  bool name() {
    skip_space();
    if (peek() != '"') return false;
    key_.clear();
    if (!string(key_)) return false;
    skip_space();
    return take(':');
  }

  bool string(std::string& out) {
    JsonStringBody body;
    if (!scan_json_string(text_, at_ + 1, body)) return false;
    // Nowhere else may a byte beyond ASCII stand.
    if (!body.is_ascii && !is_valid_utf8(body.bytes)) return false;
    at_ += body.bytes.size() + 2;
    return append_json_string_value(out, body);
  }

  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool number(JsonValue& value) {
    // No double ends before 10^308, so these digits cannot lead beyond it.
    constexpr std::size_t most_digits = 300;
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if ((take('e') || take('E')) && !(take('-') && digits())) return false;
    value.type = JsonType::number;
    value.text = text_.substr(value.begin, at_ - value.begin);
    return value.text.size() <= most_digits;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  }

  void skip_space() {
    for (;; ++at_) {
      const char c = peek();
      if (c == '\n') {
        ++line_;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  const std::string_view text_;
  const std::size_t depth_;
  std::size_t values_left_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string key_;  // Of the member whose value comes next.
  std::vector<JsonValue> values_;
  std::vector<std::size_t> open_;  // The containers that have not ended, as places in values_.
};

}  // namespace

std::optional<JsonValue> read_plain_json(std::string_view text, std::size_t depth,
                                         std::size_t most_values) {
  return PlainReader(text, depth, most_values).read();
}

}  // namespace TALLY_ABI
}  // namespace tally
