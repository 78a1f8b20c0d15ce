// SPDX-License-Identifier: MIT
// Server-sent events: the same whatever the pieces, and the same as a slow reading of the whole
// text.

#include <string>
#include <string_view>

#include "fuzz/pieces.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"
#include "wire/sse_parser.hpp"

namespace {

void append_event(std::string& out, std::string_view type, std::string_view data) {
  out.append(std::to_string(type.size())).append(" ").append(type).append(": ");
  out.append(std::to_string(data.size())).append(" ").append(data).append("\n");
}

/// The WHATWG algorithm, line after line over the whole text.
std::string events_of(std::string_view text) {
  std::string events;
  std::string type;
  std::string data;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (std::size_t end = text.find_first_of("\r\n"); end != text.npos;
       end = text.find_first_of("\r\n")) {
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
    if (line.empty()) {
      if (!data.empty())
        append_event(events, type.empty() ? "message" : type, std::string_view(data).substr(1));
      type.clear();
      data.clear();
      continue;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (line.substr(0, colon) == "data") data.append("\n").append(value);
    if (line.substr(0, colon) == "event") type = value;
  }
  return events;
}

struct Limit {
  std::size_t line;
  std::size_t event;
};

class Reading {
 public:
  explicit Reading(Limit limit) : parser_(limit.line, limit.event), limit_(limit) {}

  void feed(std::string_view bytes) {
    parser_.feed(bytes);
    for (tally::SseEvent event; parser_.next(event);) take(event);
  }

  std::string result() {
    const std::string whole = events;
    tally::SseEvent event;
    if (parser_.rest(event)) take(event);
    events += "overflow " + std::to_string(static_cast<int>(parser_.overflow()));
    return whole;
  }

  std::string events;

 private:
  void take(const tally::SseEvent& event) {
    fuzz::promise(event.data.size() <= limit_.event, "no event is larger than the limit");
    fuzz::promise(event.type.size() <= limit_.line, "no name is longer than a line may be");
    append_event(events, event.type, event.data);
  }

  tally::SseParser parser_;
  const Limit limit_;
};

void check(std::string_view bytes, Limit limit, bool compare_with_model) {
  Reading whole(limit);
  whole.feed(bytes);
  const std::string events = whole.result();
  if (compare_with_model)
    fuzz::same(events_of(bytes), events, "events are those of the WHATWG algorithm");

  Reading pieces(limit);
  fuzz::in_random_pieces(bytes, fuzz::Chance(bytes),
                         [&](std::string_view piece) { pieces.feed(piece); });
  pieces.result();
  fuzz::same(whole.events, pieces.events, "random pieces give the same events");

  Reading single(limit);
  for (const char byte : bytes) single.feed({&byte, 1});
  single.result();
  fuzz::same(whole.events, single.events, "single bytes give the same events");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, {1 << 20, 1 << 20}, true);
  check(bytes, {24, 40}, false);
  return 0;
}
