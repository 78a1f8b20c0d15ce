// SPDX-License-Identifier: MIT
#include "base/json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/json_builder.hpp"
#include "base/plain_json.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Who reads a tree goes down into it, so no caller's limit may reach what a small thread's stack
// holds.
constexpr int deepest = 1000;

std::size_t levels(int depth) { return static_cast<std::size_t>(std::clamp(depth, 0, deepest)); }

// A value takes 64 bytes, and `[0,0,...` sends one in two: without a bound 32 MB of text would
// become 1 GB. The largest honest answers (log probabilities of a whole text) have some 1.5
// million.
constexpr std::size_t most_values = std::size_t{1} << 22;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_separator(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
}

bool is_number_part(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// Where the token ends that begins at `at`. The parser has already accepted it.
std::size_t token_end(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '"':
      for (++at; text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
      return at + 1;
    case 'f':
      return at + 5;
    case 't':
    case 'n':
      return at + 4;
    case '{':
    case '}':
    case '[':
    case ']':
      return at + 1;
    default:
      while (at < text.size() && is_number_part(text[at])) ++at;
      return at;
  }
}

/// What nlohmann says is wrong, without its prefix and without the text that it read: that may be
/// the whole of a long string.
std::string_view reason_in(std::string_view what) {
  if (what.find("number overflow") != what.npos) return "a number beyond the range of a double";
  if (const auto at = what.find(" - "); at != what.npos) what.remove_prefix(at + 3);
  return what.substr(0, what.find("; last read"));
}

/// Builds the tree from the parser's events (nlohmann's SAX interface; false stops the parser).
///
/// The events carry no positions. But between two tokens there is only white space, commas and
/// colons, so that walking over the text beside the parser finds the place of each.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, std::size_t depth)
      : text_(text), depth_(depth), builder_(text) {
    if (text_.substr(0, byte_order_mark.size()) == byte_order_mark) at_ = byte_order_mark.size();
  }

  bool null() { return add(JsonType::null) != nullptr; }
  bool boolean(bool value) {
    JsonValue* added = add(JsonType::boolean);
    if (added != nullptr) added->boolean = value;
    return added != nullptr;
  }
  bool number_integer(std::int64_t) { return number(); }
  bool number_unsigned(std::uint64_t) { return number(); }
  bool number_float(double, const std::string&) { return number(); }
  bool string(std::string& value) {
    JsonValue* added = add(JsonType::string);
    if (added != nullptr) added->text = builder_.put(added->begin + 1, value);
    return added != nullptr;
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }

  bool start_object(std::size_t) { return open(JsonType::object); }
  bool start_array(std::size_t) { return open(JsonType::array); }
  bool key(std::string& name) {
    key_ = builder_.put(next_token() + 1, name);
    return true;
  }
  bool end_array() {
    close();
    return true;
  }
  bool end_object() {
    const JsonValue* member = repeated_member(close());
    return member == nullptr || repeated(*member);
  }

  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& exception) {
    const std::string_view before = text_.substr(0, position == 0 ? 0 : position - 1);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    return fail(ErrorKind::malformed_reply, "not valid JSON at line " + std::to_string(lines + 1) +
                                                ", column " + std::to_string(column) + ": " +
                                                std::string(reason_in(exception.what())));
  }

  JsonDocument take() { return builder_.take(); }
  Error& error() { return error_; }

 private:
  /// Steps over the next token and returns where it begins.
  std::size_t next_token() {
    for (; is_separator(text_[at_]); ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
    const std::size_t begin = at_;
    at_ = token_end(text_, begin);
    return begin;
  }

  /// Null, with the error set, where there are too many.
  JsonValue* add(JsonType type) {
    if (builder_.size() == most_values) {
      fail(ErrorKind::limit_exceeded,
           "JSON holds more than " + std::to_string(most_values) + " values");
      return nullptr;
    }
    JsonValue& value = builder_.add();
    value.type = type;
    value.key = std::exchange(key_, {});
    value.begin = next_token();
    value.end = at_;
    value.line = line_;
    return &value;
  }

  bool number() {
    JsonValue* value = add(JsonType::number);
    if (value == nullptr) return false;
    // From the text, not from the event: there it has been through a double or a locale.
    value->text = {builder_.text() + value->begin, value->end - value->begin};
    return true;
  }

  bool open(JsonType type) {
    if (builder_.depth() == depth_) {
      return fail(ErrorKind::limit_exceeded, "JSON is nested deeper than " +
                                                 std::to_string(depth_) + " levels at line " +
                                                 std::to_string(line_));
    }
    if (add(type) == nullptr) return false;
    builder_.open();
    return true;
  }

  const JsonValue& close() {
    next_token();
    return builder_.close(at_);
  }

  bool repeated(const JsonValue& member) {
    std::string name;
    append_json_string(name, member.key.substr(0, 40));
    return fail(ErrorKind::malformed_reply, "not valid JSON at line " +
                                                std::to_string(member.line) + ": " + name +
                                                " stands twice in one object");
  }

  bool fail(ErrorKind kind, std::string message) {
    error_.kind = kind;
    error_.message = std::move(message);
    return false;
  }

  std::string_view text_;
  std::size_t depth_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string_view key_;
  JsonBuilder builder_;
  Error error_;
};

Result<JsonDocument> parse(std::string_view text, std::size_t depth) {
  TreeBuilder builder(text, depth);
  const char* const begin = text.data();
  if (nlohmann::json::sax_parse(begin, begin + text.size(), &builder)) return builder.take();
  return std::move(builder.error());
}

/// The code unit of the escape `\uXXXX` at `at`; -1 if none stands there.
int escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const char* const end = text.data() + at + 6;
  const auto read = std::from_chars(text.data() + at + 2, end, unit, 16);
  return read.ec == std::errc() && read.ptr == end && text[at + 2] != '-' ? unit : -1;
}

/// `text` with every escaped half of a surrogate pair that lacks its other half as `\ufffd`.
std::string replace_lone_surrogates(std::string text) {
  const auto is_half = [](int unit, int first) { return unit >= first && unit < first + 0x400; };
  for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
    const int unit = escaped_unit(text, at);
    if (unit < 0) {
      at += 2;
    } else if (is_half(unit, 0xD800) && is_half(escaped_unit(text, at + 6), 0xDC00)) {
      at += 12;
    } else {
      if (is_half(unit, 0xD800) || is_half(unit, 0xDC00)) text.replace(at, 6, "\\ufffd");
      at += 6;
    }
  }
  return text;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  if (type != JsonType::object) return nullptr;
  for (const JsonValue& child : children()) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

const std::string_view* JsonValue::find_string(std::string_view name) const {
  const JsonValue* member = find(name);
  return member ? member->as_string() : nullptr;
}

std::optional<std::int64_t> JsonValue::as_int() const {
  if (type != JsonType::number) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

const JsonValue& JsonDocument::root() const& {
  static constexpr JsonValue nothing{};
  return values_.empty() ? nothing : values_.front();
}

const JsonValue* repeated_member(const JsonValue& object) {
  const JsonChildren members = object.children();
  const std::size_t count = members.size();
  // Pairs are quicker while there are few; sorting keeps a hostile object of a million members
  // affordable.
  if (count <= 16) {
    for (const JsonValue& member : members) {
      for (const JsonValue& earlier : members) {
        if (&earlier == &member) break;
        if (earlier.key == member.key) return &member;
      }
    }
    return nullptr;
  }
  std::vector<const JsonValue*> sorted;
  sorted.reserve(count);
  for (const JsonValue& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) {
    return std::tie(a->key, a->begin) < std::tie(b->key, b->begin);
  });
  const auto first = std::adjacent_find(sorted.begin(), sorted.end(),
                                        [](auto* a, auto* b) { return a->key == b->key; });
  return first == sorted.end() ? nullptr : *(first + 1);
}

Result<JsonDocument> parse_json(std::string_view text, int depth) {
  if (auto plain = read_plain_json(text, levels(depth), most_values)) return *std::move(plain);
  return parse_json_general(text, depth);
}

Result<JsonDocument> parse_json_general(std::string_view text, int depth) {
  auto document = parse(text, levels(depth));
  if (document || document.error().kind == ErrorKind::limit_exceeded) return document;
  // nlohmann refuses bad UTF-8 and lone surrogates. Text in answers has both (a model's tokens may
  // cut a character in half), and one bad character must not cost the rest. Valid text pays nothing
  // for this.
  const std::string repaired = replace_lone_surrogates(replace_invalid_utf8(text));
  if (repaired == text) return document;
  return parse(repaired, levels(depth));
}

}  // namespace TALLY_ABI
}  // namespace tally
