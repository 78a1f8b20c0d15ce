// SPDX-License-Identifier: MIT
#include "base/plain_json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "fuzz/json_outline.hpp"

using namespace std::string_view_literals;
using fuzz::outline;
using tally::JsonDocument;

namespace {

std::optional<JsonDocument> read(std::string_view text) {
  return tally::read_plain_json(text, 128, 100000);
}

/// Checks that the fast reader says nothing else than the general one.
void check_agreement(std::string_view text) {
  const auto plain = read(text);
  if (!plain) return;
  const auto general = tally::parse_json_general(text);
  REQUIRE_MESSAGE(general.has_value(), text);
  CHECK(outline(plain->root()) == outline(general->root()));
}

constexpr std::string_view document =
    "\xEF\xBB\xBF \n{\"id\":\"4fdc4d8c-bc64-4776\", \"n\" : -12.50e-7 "
    ",\r\n\t\"choices\":[{\"index\":"
    "0,\"message\":{\"content\":\"a\\n\\\"q\\\" \\u00e9\\ud83d\\uDE80 \xE4\xBD\xA0\"},\"logprobs\":"
    "null}],\n\"empty\":[{},[],\"\"],\"flags\":[true,false]}\n";

}  // namespace

TEST_CASE("plain json: a document reads as the general reader reads it") {
  for (const auto text :
       {document, "0"sv, " -0 "sv, "\"\""sv, "[]"sv, "{}"sv, "[[[]],{\"\":{}}]"sv, "null"sv,
        R"(["\"\\\/\b\f\n\r\t\u0000\uFFFF"])"sv, "[1,1.5,1e-5,1E-400,18446744073709551616]"sv,
        "{\"a\":1,\"b\":\"a longer text than a string holds by itself\"}"sv,
        "\"\x7F\xC3\xA9\""sv}) {
    REQUIRE_MESSAGE(read(text).has_value(), text);
    check_agreement(text);
  }
}

TEST_CASE("plain json: what is not plain is left to the general reader") {
  for (const auto text : {""sv,
                          " "sv,
                          "{"sv,
                          "[1,]"sv,
                          "[,1]"sv,
                          "{\"a\":1,}"sv,
                          "{\"a\"}"sv,
                          "{,}"sv,
                          "{a:1}"sv,
                          "{\"a\" 1}"sv,
                          "nul"sv,
                          "nullx"sv,
                          "01"sv,
                          "1."sv,
                          ".5"sv,
                          "+1"sv,
                          "-"sv,
                          "1e"sv,
                          "1e-"sv,
                          "--1"sv,
                          "1e5"sv,
                          "1E+5"sv,
                          "NaN"sv,
                          "\"a"sv,
                          "\"\\x\""sv,
                          "\"\\u12g4\""sv,
                          "\"\t\""sv,
                          "[1] [2]"sv,
                          "[1}"sv,
                          "{\"a\":1]"sv,
                          "// no\n1"sv,
                          "[1\0]"sv,
                          "[1]\0"sv,
                          "\"\xFF\""sv,
                          "\"\xED\xA0\x80\""sv,
                          R"("\ud83d")"sv,
                          R"("\ude80")"sv,
                          R"("\ud83dx")"sv,
                          R"({"a":1,"\u0061":2})"sv}) {
    CHECK_MESSAGE(!read(text), text);
  }
  CHECK(read(std::string(300, '9')));
  CHECK_FALSE(read(std::string(301, '9')));
}

TEST_CASE("plain json: depth and number of values are limited") {
  CHECK(tally::read_plain_json("[{\"a\":1}]", 2, 3));
  CHECK_FALSE(tally::read_plain_json("[{\"a\":1}]", 1, 3));
  CHECK_FALSE(tally::read_plain_json("[{\"a\":1}]", 2, 2));
  CHECK(tally::read_plain_json("1", 0, 1));
  CHECK_FALSE(tally::read_plain_json("[]", 0, 1));
}

TEST_CASE("plain json: a document cut anywhere is left to the general reader") {
  for (std::size_t length = 0; length + 1 < document.size(); ++length) {
    CHECK_FALSE(read(document.substr(0, length)));
  }
}

TEST_CASE("plain json: with any byte of a document changed, it agrees with the general reader") {
  std::string text(document);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : "{}[]\",:\\ \n0.-eu\x01\x80\xE4"sv) {
      const char before = std::exchange(text[at], c);
      check_agreement(text);
      text[at] = before;
    }
  }
}
