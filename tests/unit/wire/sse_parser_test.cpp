// SPDX-License-Identifier: MIT
#include "wire/sse_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "unit/wire/pieces.hpp"

using namespace std::string_literals;
using namespace std::string_view_literals;
using tally::SseEvent;
using tally::SseParser;
using Overflow = tally::SseParser::Overflow;

namespace {

constexpr std::size_t plenty = 1 << 20;

struct Read {
  std::vector<std::string> events;  // "type:data"
  std::string rest;                 // The same for an event without its end.
  Overflow overflow = Overflow::none;
};

std::string text_of(const SseEvent& event) {
  return std::string(event.type) + ":" + std::string(event.data);
}

Read read_in_pieces(std::string_view body, std::size_t size, SseParser parser) {
  Read read;
  in_pieces(body, size, [&](std::string_view piece) {
    parser.feed(piece);
    for (SseEvent event; parser.next(event);) read.events.push_back(text_of(event));
  });
  SseEvent event;
  if (parser.rest(event)) read.rest = text_of(event);
  read.overflow = parser.overflow();
  return read;
}

// The same at every size of pieces, or the test fails.
Read read(std::string_view body, std::size_t line_bytes = plenty,
          std::size_t event_bytes = plenty) {
  const SseParser parser(line_bytes, event_bytes);
  const Read whole = read_in_pieces(body, body.size() + 1, parser);
  for (std::size_t size = 1; size <= body.size(); ++size) {
    CAPTURE(size);
    const Read cut = read_in_pieces(body, size, parser);
    CHECK(cut.events == whole.events);
    CHECK(cut.rest == whole.rest);
    CHECK(cut.overflow == whole.overflow);
  }
  return whole;
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("sse: a line may end in LF, CR or CRLF, also mixed") {
  const Events expected{"message:one", "message:two"};
  CHECK(read("data: one\n\ndata: two\n\n").events == expected);
  CHECK(read("data: one\r\rdata: two\r\r").events == expected);
  CHECK(read("data: one\r\n\r\ndata: two\r\n\r\n").events == expected);
  CHECK(read("data: one\r\n\ndata: two\n\r\n").events == expected);
}

TEST_CASE("sse: an event is there as soon as its blank line is, also when that is a CR") {
  SseParser parser(plenty, plenty);
  SseEvent event;
  parser.feed("data: a\r\r");
  REQUIRE(parser.next(event));
  CHECK(event.data == "a");
  CHECK_FALSE(parser.next(event));
  parser.feed("\ndata: b\r\r");
  REQUIRE(parser.next(event));
  CHECK(event.data == "b");
}

TEST_CASE("sse: one space after the colon is no part of the data, a second one is") {
  CHECK(read("data:x\n\n").events == Events{"message:x"});
  CHECK(read("data: x\n\n").events == Events{"message:x"});
  CHECK(read("data:  x\n\n").events == Events{"message: x"});
  CHECK(read("data\n\n").events == Events{"message:"});
}

TEST_CASE("sse: several data lines are one text, joined by LF") {
  CHECK(read("data: a\ndata:\ndata: b\n\n").events == Events{"message:a\n\nb"});
  CHECK(read("data: a\r\ndata: b\r\n\r\n").events == Events{"message:a\nb"});
}

TEST_CASE("sse: comments, id, retry and unknown fields are read over") {
  CHECK(
      read(": keep-alive\n\nid: 7\nretry: 10\nspam: x\nspam\ndata: a\n: b\ndata2: c\n\n").events ==
      Events{"message:a"});
}

TEST_CASE("sse: the event's type is the last one named, and does not outlive the event") {
  CHECK(read("event: x\nevent: error\ndata: a\n\ndata: b\n\n").events ==
        Events{"error:a", "message:b"});
  CHECK(read("event: x\n\ndata: a\n\n").events == Events{"message:a"});
  CHECK(read("event: x\nevent:\ndata: a\n\n").events == Events{"message:a"});
}

TEST_CASE("sse: a byte order mark is dropped at the very start only") {
  CHECK(read("\xEF\xBB\xBF"
             "data: a\n\n")
            .events == Events{"message:a"});
  CHECK(read("\xEF\xBB\xBF\ndata: a\n\n").events == Events{"message:a"});
  CHECK(read("data: \xEF\xBB\xBF"
             "a\n\n\xEF\xBB\xBF"
             "data: b\n\n")
            .events == Events{"message:\xEF\xBB\xBF"
                              "a"});
}

TEST_CASE("sse: NUL bytes and bytes that are no UTF-8 pass through") {
  CHECK(read("data: a\0\xFF"
             "b\n\n"sv)
            .events == Events{"message:a\0\xFF"
                              "b"s});
}

TEST_CASE("sse: what the body ends in is told apart from complete events") {
  const Read no_blank_line = read("data: a\n\nevent: error\ndata: b\n");
  CHECK(no_blank_line.events == Events{"message:a"});
  CHECK(no_blank_line.rest == "error:b");
  CHECK(read("data: a\ndata: b").rest == "message:a\nb");
  CHECK(read("data: a\r").rest == "message:a");
  CHECK(read("data: a\n\n").rest == "");
  CHECK(read("dat").rest == "");
}

TEST_CASE("sse: an event within one piece is a view into it") {
  SseParser parser(plenty, plenty);
  SseEvent event;
  const std::string_view piece = "data: one\n\ndata: two\n\n";
  parser.feed(piece);
  REQUIRE(parser.next(event));
  CHECK(event.data.data() == piece.data() + 6);
  REQUIRE(parser.next(event));
  CHECK(event.data.data() == piece.data() + 17);
}

TEST_CASE("sse: a line may be as long as the limit, and one byte more ends everything") {
  const Read fits = read("data: 4567\n\ndata: b\n\n", 10);
  CHECK(fits.events == Events{"message:4567", "message:b"});
  CHECK(fits.overflow == Overflow::none);

  const Read over = read("data: a\n\ndata: 45678\n\ndata: b\n\n", 10);
  CHECK(over.events == Events{"message:a"});
  CHECK(over.overflow == Overflow::line);
  CHECK(read(":234567890\n", 10).overflow == Overflow::none);
  CHECK(read(":2345678901\n", 10).overflow == Overflow::line);
}

TEST_CASE("sse: the lines of an event together may be as long as the limit") {
  CHECK(read("data: abcd\ndata: efghi\n\n", plenty, 10).events == Events{"message:abcd\nefghi"});
  const Read over = read("data: abcd\ndata: efghij\n\ndata: x\n\n", plenty, 10);
  CHECK(over.events.empty());
  CHECK(over.overflow == Overflow::event);
}

TEST_CASE("sse: an endless line stops at the limit, whatever the pieces") {
  SseParser parser(plenty, plenty);
  const std::string block(64 << 10, 'x');
  SseEvent event;
  int fed = 0;
  for (; parser.overflow() == Overflow::none; ++fed) {
    parser.feed(block);
    CHECK_FALSE(parser.next(event));
    REQUIRE(fed < 20);
  }
  CHECK(fed == 17);
  CHECK(parser.overflow() == Overflow::line);
}

// Neither ends within a day if bytes are searched more than a few times.
TEST_CASE("sse: 8 MB of short lines in one piece take linear time, whatever ends them") {
  for (const std::string event_text : {"data\r\r", "data\n\n"}) {
    std::string body;
    while (body.size() < (8u << 20)) body += event_text;
    SseParser parser(plenty, plenty);
    parser.feed(body);
    std::size_t events = 0;
    for (SseEvent event; parser.next(event);) ++events;
    CHECK(events == 1398102);
  }
}

TEST_CASE("sse: one line of 8 MB, byte by byte, takes linear time") {
  SseParser parser(16u << 20, 16u << 20);
  SseEvent event;
  parser.feed("data:");
  CHECK_FALSE(parser.next(event));
  for (int i = 0; i < (8 << 20); ++i) {
    parser.feed("x");
    if (parser.next(event)) FAIL("no event has ended");
  }
  parser.feed("\n\n");
  REQUIRE(parser.next(event));
  CHECK(event.data.size() == 8u << 20);
}
