// SPDX-License-Identifier: MIT
#include "base/plain_json.hpp"

#include "base/json_builder.hpp"
#include "base/json_string.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Every function steps over what it names and answers whether it stood there; a false answer ends
/// the walk. It goes over the builder's copy of the text: only what lies behind is decoded.
class PlainReader {
 public:
  PlainReader(std::string_view text, std::size_t depth, std::size_t most_values)
      : builder_(text),
        text_(builder_.text(), text.size()),
        depth_(depth),
        values_left_(most_values) {}

  std::optional<JsonDocument> read() {
    if (text_.substr(0, byte_order_mark.size()) == byte_order_mark) at_ = byte_order_mark.size();
    do {
      if (!value() || !next_value()) return std::nullopt;
    } while (builder_.depth() > 0);
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    return builder_.take();
  }

 private:
  /// A whole value, or where a container begins.
  bool value() {
    skip_space();
    if (values_left_-- == 0) return false;
    JsonValue& value = builder_.add();
    value.key = key_;
    key_ = {};
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
    if (builder_.depth() == depth_) return false;
    container.type = type;
    builder_.open();
    ++at_;
    return true;
  }

  /// What stands between two values: ends of containers, a comma, a name. With nothing open there
  /// is no next.
  bool next_value() {
    while (builder_.depth() > 0) {
      skip_space();
      const bool is_object = builder_.innermost().is_object();
      if (take(is_object ? '}' : ']')) {
        const JsonValue& closed = builder_.close(at_);
        if (is_object && repeated_member(closed) != nullptr) return false;
      } else {
        return (builder_.innermost_is_empty() || take(',')) && (!is_object || name());
      }
    }
    return true;
  }

  bool name() {
    skip_space();
    if (peek() != '"') return false;
    if (!string(key_)) return false;
    skip_space();
    return take(':');
  }

  bool string(std::string_view& out) {
    JsonStringBody body;
    if (!scan_json_string(text_, at_ + 1, body)) return false;
    // Nowhere else may a byte beyond ASCII stand.
    if (!body.is_ascii && !is_valid_utf8(body.bytes)) return false;
    const std::size_t begin = at_ + 1;
    at_ = begin + body.bytes.size() + 1;
    out = body.bytes;
    if (!body.has_escapes) return true;
    const auto size = unescape_json_string(builder_.text() + begin, body.bytes.size());
    out = text_.substr(begin, size.value_or(0));
    return size.has_value();
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

  JsonBuilder builder_;
  const std::string_view text_;
  const std::size_t depth_;
  std::size_t values_left_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string_view key_;  // Of the member whose value comes next.
};

}  // namespace

std::optional<JsonDocument> read_plain_json(std::string_view text, std::size_t depth,
                                            std::size_t most_values) {
  return PlainReader(text, depth, most_values).read();
}

}  // namespace TALLY_ABI
}  // namespace tally
