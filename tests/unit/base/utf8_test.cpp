// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace std::string_view_literals;
using tally::is_valid_utf8;
using tally::replace_invalid_utf8;

#define REPLACEMENT "\xEF\xBF\xBD"

TEST_CASE("utf8: characters of every length are valid and stay as they are") {
  for (const auto text :
       {""sv, "plain"sv, "\0 is a character"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv,
        "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv,
        "\xF4\x8F\xBF\xBF"sv, "w\xC3\xB6rld \xF0\x9F\x9A\x80"sv}) {
    CAPTURE(text);
    CHECK(is_valid_utf8(text));
    CHECK(replace_invalid_utf8(text) == text);
  }
}

TEST_CASE("utf8: each maximal ill-formed part becomes one U+FFFD") {
  struct Case {
    std::string_view bytes;
    std::string_view replaced;
  };
  const Case cases[] = {
      {"a\x80z", "a" REPLACEMENT "z"},                        // continuation without a lead
      {"\xFF\xFE", REPLACEMENT REPLACEMENT},                  // never bytes of UTF-8
      {"\xC0\xAF", REPLACEMENT REPLACEMENT},                  // overlong slash
      {"\xE0\x80\xAF", REPLACEMENT REPLACEMENT REPLACEMENT},  // overlong, three bytes
      {"\xED\xA0\x80", REPLACEMENT REPLACEMENT REPLACEMENT},  // a surrogate
      {"\xF4\x90\x80\x80", REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT},  // past U+10FFFF
      {"\xE4\xBD", REPLACEMENT},  // cut at the end: one part
      {"\xE4\xBD!", REPLACEMENT "!"},
      {"\xF0\x9F\x9A", REPLACEMENT},
      {"\xF0\x9F\x9A\xE4\xBD\xA0", REPLACEMENT "\xE4\xBD\xA0"},
      {"\xF0\x80\x80\x41", REPLACEMENT REPLACEMENT REPLACEMENT "A"},
      {"\xC3\xC3\xB6", REPLACEMENT "\xC3\xB6"},
      {"\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63",
       REPLACEMENT REPLACEMENT REPLACEMENT "b" REPLACEMENT "c"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bytes);
    CHECK_FALSE(is_valid_utf8(c.bytes));
    CHECK(replace_invalid_utf8(c.bytes) == c.replaced);
  }
}

TEST_CASE("utf8: a bad byte is found wherever it stands among eight-byte words") {
  for (std::size_t length = 1; length < 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'a');
      text[at] = '\xFF';
      CHECK_FALSE(is_valid_utf8(text));
      CHECK(replace_invalid_utf8(text) ==
            std::string(at, 'a') + REPLACEMENT + std::string(length - at - 1, 'a'));
    }
  }
}
