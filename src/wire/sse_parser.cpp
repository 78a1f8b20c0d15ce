// SPDX-License-Identifier: MIT
#include "wire/sse_parser.hpp"

#include <algorithm>

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool starts_with(std::string_view text, std::string_view head) {
  return text.substr(0, head.size()) == head;
}

/// Whether `line` is the field `name`; then `value` is what follows the colon and one space.
bool is_field(std::string_view line, std::string_view name, std::string_view& value) {
  if (!starts_with(line, name)) return false;
  line.remove_prefix(name.size());
  if (!line.empty()) {
    if (line.front() != ':') return false;
    line.remove_prefix(1);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  }
  value = line;
  return true;
}

}  // namespace

void SseParser::feed(std::string_view bytes) {
  bytes_ = bytes;
  pos_ = 0;
  lf_ = std::min(bytes.find('\n'), bytes.size());
  cr_ = std::min(bytes.find('\r'), bytes.size());
}

bool SseParser::next(SseEvent& event) {
  if (given_) forget_event();
  while (pos_ < bytes_.size() && overflow_ == Overflow::none) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes_[pos_] == '\n') {
        ++pos_;
        continue;
      }
    }
    const std::size_t end = line_end();
    if (end == bytes_.size()) break;
    const std::string_view tail = bytes_.substr(pos_, end - pos_);
    after_cr_ = bytes_[end] == '\r';
    pos_ = end + 1;
    if (take_line(tail)) {
      give(event);
      return true;
    }
  }
  keep_rest();
  return false;
}

bool SseParser::rest(SseEvent& event) {
  if (given_) forget_event();
  if (overflow_ != Overflow::none) return false;
  if (!line_.empty()) read_line(line_);
  if (!has_data_ || overflow_ != Overflow::none) return false;
  give(event);
  return true;
}

bool SseParser::has_begun_data() const {
  std::string_view value;
  const bool is_begun =
      is_field(line_, "data", value) && value.find_first_not_of(' ') != value.npos;
  return is_begun || (has_data_ && !data_.empty());
}

std::size_t SseParser::line_end() {
  // An event's second line is blank: its end is found without a search.
  if (bytes_[pos_] == '\n') return pos_;
  if (lf_ < pos_) lf_ = std::min(bytes_.find('\n', pos_), bytes_.size());
  if (cr_ < pos_) cr_ = std::min(bytes_.find('\r', pos_), bytes_.size());
  return std::min(lf_, cr_);
}

/// Reads a line of which `tail` is the end or the whole. True: it ended an event.
bool SseParser::take_line(std::string_view tail) {
  if (line_.empty()) return read_line(tail);
  if (tail.size() > line_bytes_ - line_.size()) {
    overflow_ = Overflow::line;
    return false;
  }
  line_ += tail;
  const bool ended = read_line(line_);
  own_line();
  return ended;
}

bool SseParser::read_line(std::string_view line) {
  if (line.size() > line_bytes_) {
    overflow_ = Overflow::line;
    return false;
  }
  if (at_start_) {
    at_start_ = false;
    if (starts_with(line, byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  }
  if (!line.empty()) {
    read_field(line);
    return false;
  }
  if (!has_data_) type_.clear();
  return has_data_;
}

void SseParser::read_field(std::string_view line) {
  std::string_view value;
  if (is_field(line, "data", value)) {
    add_data(value);
  } else if (is_field(line, "event", value)) {
    type_ = value;
  }
}

void SseParser::add_data(std::string_view value) {
  const std::size_t joined = has_data_ ? data_.size() + 1 + value.size() : value.size();
  if (joined > event_bytes_) {
    overflow_ = Overflow::event;
    return;
  }
  if (!has_data_) {
    has_data_ = true;
    data_ = value;
    return;
  }
  own_data();
  owned_data_ += '\n';
  owned_data_ += value;
  data_ = owned_data_;
}

/// Data that ends a torn line takes that line's buffer over: of a thousand streams each kept two.
void SseParser::own_line() {
  if (has_data_ && !owned_) {
    line_.erase(0, line_.size() - data_.size());
    owned_data_.swap(line_);
    data_ = owned_data_;
    owned_ = true;
  }
  line_.clear();
}

/// Takes a copy of data that lies in bytes which are about to go.
void SseParser::own_data() {
  if (!has_data_ || owned_) return;
  if (line_.empty()) owned_data_.swap(line_);  // The one buffer there is.
  owned_data_ = data_;
  data_ = owned_data_;
  owned_ = true;
}

void SseParser::keep_rest() {
  if (overflow_ == Overflow::none) {
    own_data();
    const std::string_view rest = bytes_.substr(pos_);
    if (rest.size() > line_bytes_ - line_.size()) {
      overflow_ = Overflow::line;
    } else {
      line_ += rest;
    }
  }
  bytes_ = {};
  pos_ = 0;
}

void SseParser::give(SseEvent& event) {
  event.type = type_.empty() ? std::string_view("message") : std::string_view(type_);
  event.data = data_;
  given_ = true;
}

void SseParser::forget_event() {
  type_.clear();
  data_ = {};
  if (owned_) owned_data_.clear();
  if (owned_ && line_.empty()) owned_data_.swap(line_);
  owned_ = false;
  has_data_ = false;
  given_ = false;
}

}  // namespace TALLY_ABI
}  // namespace tally
