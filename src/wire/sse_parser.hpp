// SPDX-License-Identifier: MIT
#pragma once

// Server-sent events, by the WHATWG algorithm, from bytes that arrive cut anywhere. `id` and
// `retry` are for reconnecting, which a chat answer does not do: they are read over.

#include <cstddef>
#include <string>
#include <string_view>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

struct SseEvent {
  std::string_view type;  ///< `message` unless the stream names another.
  std::string_view data;  ///< Bytes as they came: not checked to be UTF-8.
};

/// Bytes in, events out:
///
///     parser.feed(bytes);
///     for (SseEvent event; parser.next(event);) use(event);
///
/// An event that lies within one piece of bytes is a view into it; only what a cut tears is copied.
/// Each byte is looked at a fixed number of times. One thread at a time.
class SseParser {
 public:
  enum class Overflow { none, line, event };

  SseParser(std::size_t line_bytes, std::size_t event_bytes)
      : line_bytes_(line_bytes), event_bytes_(event_bytes) {}

  /// Takes the next bytes. They must live until `next` has said that there is no more.
  void feed(std::string_view bytes);

  /// The next complete event; its views live until the next call of anything here.
  bool next(SseEvent& event);

  /// After the last byte: the event that the body ended in, without its blank line or even its line
  /// end. WHATWG drops it; the last words of a chat may stand in it, so that its reader decides.
  bool rest(SseEvent& event);

  /// Data of an event has come that is not whole yet. To be asked after `next` has said that there
  /// is no more.
  bool has_begun_data() const;

  /// What was longer than allowed. From then on there are no events.
  Overflow overflow() const { return overflow_; }

 private:
  std::size_t line_end();
  bool take_line(std::string_view tail);
  bool read_line(std::string_view line);
  void read_field(std::string_view line);
  void add_data(std::string_view value);
  void own_line();
  void own_data();
  void keep_rest();
  void give(SseEvent& event);
  void forget_event();

  const std::size_t line_bytes_;
  const std::size_t event_bytes_;

  std::string_view bytes_;  // The piece being read,
  std::size_t pos_ = 0;     // from here on.
  std::size_t lf_ = 0;  // The first LF and the first CR at or after pos_, or the piece's size. Kept
  std::size_t cr_ =
      0;  // apart so that a stream of CR lines is not searched for LF again and again.

  std::string line_;       // A line's beginning from earlier pieces.
  std::string type_;       // Empty: message.
  std::string_view data_;  // The event's data so far: in the piece, in line_, or in owned_data_.
  std::string owned_data_;
  bool owned_ = false;
  bool has_data_ = false;
  bool given_ = false;     // The event in data_ and type_ was handed out.
  bool at_start_ = true;   // No line was read yet: it may begin with a byte order mark.
  bool after_cr_ = false;  // A LF that follows belongs to the line end before.
  Overflow overflow_ = Overflow::none;
};

}  // namespace TALLY_ABI
}  // namespace tally
