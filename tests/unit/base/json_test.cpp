// SPDX-License-Identifier: MIT
#include "base/json.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::string_view_literals;
using tally::append_json_string;
using tally::ErrorKind;
using tally::JsonDocument;
using tally::JsonType;
using tally::JsonValue;
using tally::parse_json;

namespace {

/// Whose text is gone: nothing may look at it any more.
JsonDocument read(std::string_view text) {
  auto gone = std::make_unique<std::string>(text);
  auto document = parse_json(*gone);
  gone.reset();
  REQUIRE_MESSAGE(document.has_value(), text);
  return *std::move(document);
}

std::string text_of(std::string_view text) {
  const JsonDocument document = read(text);
  return std::string(document.root().text);
}

std::optional<std::int64_t> int_of(std::string_view text) {
  const JsonDocument document = read(text);
  return document.root().as_int();
}

std::string message_of(std::string_view text) {
  const auto value = parse_json(text);
  REQUIRE_MESSAGE(!value.has_value(), text);
  CHECK(value.error().kind == ErrorKind::malformed_reply);
  return value.error().message;
}

template <class Document, class = void>
constexpr bool has_root = false;
template <class Document>
constexpr bool has_root<Document, std::void_t<decltype(std::declval<Document>().root())>> = true;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace

TEST_CASE("json: every type is read, members and elements in their order") {
  const JsonDocument document =
      read(R"({"s":"a\n\u00e9","n":-1.5,"t":true,"f":false,"z":null,"a":[1,[],{}]})");
  const JsonValue& value = document.root();
  REQUIRE(value.is_object());
  REQUIRE(value.children().size() == 6);
  CHECK(value.children()[0].key == "s");
  CHECK(*value.find_string("s") == "a\n\xC3\xA9");
  CHECK(value.find("n")->type == JsonType::number);
  CHECK(value.find("t")->boolean);
  CHECK(value.find("f")->type == JsonType::boolean);
  CHECK_FALSE(value.find("f")->boolean);
  CHECK(value.find("z")->is_null());
  const JsonValue& array = *value.find("a");
  REQUIRE(array.is_array());
  REQUIRE(array.children().size() == 3);
  CHECK(array.children()[0].as_int() == 1);
  CHECK(array.children()[1].is_array());
  CHECK(array.children()[2].is_object());
  CHECK(array.children()[0].key.empty());
}

TEST_CASE("json: accessors of another type answer that there is nothing") {
  const JsonDocument document = read(R"({"n":1,"s":"x"})");
  const JsonValue& value = document.root();
  CHECK(value.find("absent") == nullptr);
  CHECK(value.find_string("n") == nullptr);
  CHECK(value.find("n")->find("s") == nullptr);
  CHECK(value.find("n")->as_string() == nullptr);
  CHECK(value.find("s")->as_int() == std::nullopt);
}

TEST_CASE("json: a document that moves takes its values along, and those of a short text too") {
  for (const auto text : {R"(["a","\n",7])"sv,
                          R"({"k\u0065y":"an escaped \"text\" with more bytes than a string holds",
                              "plain":"and one without escapes, for which the same is true"})"sv}) {
    JsonDocument first = read(text);
    const JsonValue* const root = &first.root();
    const std::string_view last = root->children()[1].text;
    std::vector<JsonDocument> moved;
    moved.push_back(std::move(first));
    moved.push_back(read("[1]"));  // And moves again.
    CHECK(&moved.front().root() == root);
    CHECK(moved.front().root().children()[1].text == last);
    CHECK(moved.front().root().children()[1].text.data() == last.data());
    first = std::move(moved.front());
    CHECK(&first.root() == root);
  }
  const JsonDocument document = read(R"(["a","\n",7])");
  CHECK(document.root().children()[0].text == "a");
  CHECK(document.root().children()[1].text == "\n");
  CHECK(document.root().children()[2].text == "7");
}

TEST_CASE("json: a document of nothing, or that was moved from, is null") {
  JsonDocument document;
  CHECK(document.root().is_null());
  CHECK(document.root().children().empty());
  document = read("[1]");
  const JsonDocument taken = std::move(document);
  CHECK(taken.root().is_array());
  CHECK(document.root().is_null());
}

TEST_CASE("json: no value can be taken out of its document, nor asked of one that dies") {
  CHECK_FALSE(std::is_copy_constructible_v<JsonDocument>);
  CHECK(std::is_nothrow_move_constructible_v<JsonDocument>);
  CHECK_FALSE(std::is_constructible_v<JsonValue, const JsonValue&>);
  CHECK_FALSE(std::is_assignable_v<JsonValue&, const JsonValue&>);
  CHECK_FALSE(has_root<JsonDocument>);
  CHECK_FALSE(has_root<const JsonDocument>);
  CHECK(has_root<const JsonDocument&>);
}

TEST_CASE("json: children are those right below, however much stands below them") {
  const JsonDocument document =
      read(R"({"a":[[1,2],{"x":[3]},[]],"b":{"a":{"b":[4]}},"c":"d","e":[{}]})");
  std::string names;
  for (const JsonValue& member : document.root().children()) names += member.key;
  CHECK(names == "abce");
  const JsonValue& a = *document.root().find("a");
  CHECK(a.children().size() == 3);
  CHECK(a.children()[1].find("x")->children().front().as_int() == 3);
  CHECK(a.children()[2].children().empty());
  CHECK(document.root().find("b")->find("a")->find("b")->children().size() == 1);
  CHECK(document.root().find("x") == nullptr);
  CHECK(document.root().find("c")->children().empty());
}

TEST_CASE("json: strings and names with escapes are decoded, and nothing beside them is harmed") {
  const JsonDocument document = read(
      R"({"\u0061":"\u00e9\ud83d\ude80","b\\":"\"\\\/\b\f\n\r\t\u0000","n":1,"\n":"","c":"\\"})");
  const auto members = document.root().children();
  REQUIRE(members.size() == 5);
  CHECK(members[0].key == "a");
  CHECK(members[0].text == "\xC3\xA9\xF0\x9F\x9A\x80");
  CHECK(members[1].key == "b\\");
  CHECK(members[1].text == "\"\\/\b\f\n\r\t\0"sv);
  CHECK(members[2].key == "n");
  CHECK(members[2].text == "1");
  CHECK(members[3].key == "\n");
  CHECK(members[3].text.empty());
  CHECK(members[4].text == "\\");
}

TEST_CASE("json: a string of megabytes is read whole, with escapes or without") {
  const std::string plain(3 << 20, 'x');
  std::string escaped;
  std::string meant;
  for (int i = 0; i < 100000; ++i) escaped += R"(ab\n\u4f60)";
  for (int i = 0; i < 100000; ++i) meant += "ab\n\xE4\xBD\xA0";
  const JsonDocument document = read("[\"" + plain + "\",\"" + escaped + "\",\"end\"]");
  CHECK(document.root().children()[0].text == plain);
  CHECK(document.root().children()[1].text == meant);
  CHECK(document.root().children()[2].text == "end");
}

TEST_CASE("json: the digits of a number stay as they were written") {
  const JsonDocument document = read(
      "[1.50, 18446744073709551616, -0, 1E-7 ,0.00000000000000000000000001,9223372036854775808]");
  const JsonValue& value = document.root();
  REQUIRE(value.children().size() == 6);
  CHECK(value.children()[0].text == "1.50");
  CHECK(value.children()[1].text == "18446744073709551616");
  CHECK(value.children()[2].text == "-0");
  CHECK(value.children()[3].text == "1E-7");
  CHECK(value.children()[4].text == "0.00000000000000000000000001");
  CHECK(value.children()[5].text == "9223372036854775808");
  CHECK(text_of("7") == "7");
}

TEST_CASE("json: only a whole number in range is an int") {
  CHECK(int_of("9223372036854775807") == INT64_MAX);
  CHECK(int_of("-9223372036854775808") == INT64_MIN);
  CHECK(int_of("-0") == 0);
  for (const auto text : {"9223372036854775808", "-9223372036854775809", "1.0", "1e3", "true"}) {
    CHECK(int_of(text) == std::nullopt);
  }
}

TEST_CASE("json: every value knows its bytes and its line") {
  const std::string_view text =
      "\n{ \"a\" : \"q\\\"\\\\\",\n  \"b\":[ -12.5 ,true,null,false ],\r\n \"c\":{}}";
  const JsonDocument document = read(text);
  const JsonValue& value = document.root();
  const auto source = [&](const JsonValue& v) { return text.substr(v.begin, v.end - v.begin); };
  CHECK(source(value) == text.substr(1));
  CHECK(value.line == 2);
  CHECK(source(*value.find("a")) == R"("q\"\\")");
  CHECK(value.find("a")->line == 2);
  const JsonValue& b = *value.find("b");
  CHECK(source(b) == "[ -12.5 ,true,null,false ]");
  CHECK(b.line == 3);
  CHECK(source(b.children()[0]) == "-12.5");
  CHECK(source(b.children()[1]) == "true");
  CHECK(source(b.children()[2]) == "null");
  CHECK(source(b.children()[3]) == "false");
  CHECK(source(*value.find("c")) == "{}");
  CHECK(value.find("c")->line == 4);
}

TEST_CASE("json: a byte order mark before the document is no part of it") {
  const JsonDocument document = read("\xEF\xBB\xBF [1]");
  const JsonValue& value = document.root();
  CHECK(value.begin == 4);
  CHECK(value.children()[0].begin == 5);
}

TEST_CASE("json: an error names the line, the column and what was expected") {
  CHECK(message_of("{\"a\":1,\n\"b\" 2}") ==
        "not valid JSON at line 2, column 5: unexpected number literal; expected ':'");
  CHECK(message_of("[1] x") == "not valid JSON at line 1, column 5: invalid literal");
  CHECK(message_of("").find("line 1, column 1: unexpected end of input") != std::string::npos);
}

TEST_CASE("json: what is not one JSON document is refused") {
  for (const auto text : {""sv,        " "sv,           "{"sv,
                          "}"sv,       "[1,]"sv,        "{\"a\":1,}"sv,
                          "{\"a\"}"sv, "{a:1}"sv,       "'a'"sv,
                          "nul"sv,     "01"sv,          "1."sv,
                          ".5"sv,      "+1"sv,          "-"sv,
                          "1e"sv,      "NaN"sv,         "\"a"sv,
                          "\"\\x\""sv, "\"\\u12g4\""sv, "\"tab\there\""sv,
                          "[1] [2]"sv, "{}{}"sv,        "// no\n1"sv,
                          "[1\0]"sv,   "1e999"sv,       "\xFF"sv,
                          "<html>"sv,  "[1}"sv,         "\\"sv,
                          "\"\\"sv,    "\"\\u"sv}) {
    CHECK_FALSE(message_of(text).empty());
  }
}

TEST_CASE("json: an error never repeats the text") {
  const std::string secret(5000, 's');
  CHECK(message_of("[\"" + secret).size() < 120);
  CHECK(message_of(secret).find("sss") == std::string::npos);
  CHECK(message_of("{\"a\"\"" + secret + "\"}").find("sss") == std::string::npos);
  CHECK(message_of("{\"" + secret + "\":1,\"" + secret + "\":1}").size() < 120);
  CHECK(message_of("1" + std::string(5000, '0')).size() < 120);
}

TEST_CASE("json: a name that stands twice in one object is an error at its second line") {
  CHECK(message_of("{\"a\":{\"a\":0},\n\"b\":1,\n\"a\":2}") ==
        "not valid JSON at line 3: \"a\" stands twice in one object");
  // The escaped name is the same name.
  CHECK(message_of(R"({"a":1,"\u0061":2})") ==
        "not valid JSON at line 1: \"a\" stands twice in one object");
  read(R"([{"a":1},{"a":1}])");
}

TEST_CASE("json: a repeated name is found among many, without comparing all pairs") {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += "\"k" + std::to_string(i) + "\":0,\n";
  read(text + "\"last\":0}");
  CHECK(message_of(text + "\"k7\":0}") ==
        "not valid JSON at line 200001: \"k7\" stands twice in one object");
}

TEST_CASE("json: nesting up to the limit is read, one level more is limit_exceeded") {
  CHECK(parse_json(nested(128)).has_value());
  const auto deeper = parse_json(nested(129));
  REQUIRE_FALSE(deeper.has_value());
  CHECK(deeper.error().kind == ErrorKind::limit_exceeded);
  CHECK(deeper.error().message == "JSON is nested deeper than 128 levels at line 1");
  CHECK(parse_json("{\"a\":[0]}", 2).has_value());
  CHECK_FALSE(parse_json("{\"a\":[0]}", 1).has_value());
  CHECK(parse_json("1", 0).has_value());
  CHECK_FALSE(parse_json("[]", 0).has_value());
}

TEST_CASE("json: no nesting harms the process, whatever limit is asked for") {
  for (const int depth : {-1, 128, 1000, 2000000000}) {
    CHECK_FALSE(parse_json(std::string(100000, '['), depth).has_value());
    CHECK_FALSE(parse_json(nested(100000), depth).has_value());
  }
  CHECK(parse_json(nested(1000), 2000000000).has_value());
}

TEST_CASE("json: bad UTF-8 in a string reads as U+FFFD and costs nothing else") {
  const JsonDocument document = read("{\"a\":\"x\xFFy\",\"b\":\"\xE4\xBD\",\"n\":1.50}");
  const JsonValue& value = document.root();
  CHECK(*value.find_string("a") == "x\xEF\xBF\xBDy");
  CHECK(*value.find_string("b") == "\xEF\xBF\xBD");
  CHECK(value.find("n")->text == "1.50");
  // What is repaired grows: here to three times its size.
  const std::string bad(1000, '\xFF');
  const JsonDocument grown = read("{\"" + bad + "\":[\"" + bad + "\",\"\\n" + bad + "\",2]}");
  std::string mended;
  for (int i = 0; i < 1000; ++i) mended += "\xEF\xBF\xBD";
  const JsonValue& member = grown.root().children().front();
  CHECK(member.key == mended);
  CHECK(member.children()[0].text == mended);
  CHECK(member.children()[1].text == "\n" + mended);
  CHECK(member.children()[2].text == "2");
}

TEST_CASE("json: half of an escaped surrogate pair reads as U+FFFD") {
  CHECK(text_of(R"("\ud83d\ude80")") == "\xF0\x9F\x9A\x80");
  CHECK(text_of(R"("\ud83d")") == "\xEF\xBF\xBD");
  CHECK(text_of(R"("\uDE80x")") == "\xEF\xBF\xBDx");
  CHECK(text_of(R"("\ud83d\ud83d\ude80")") == "\xEF\xBF\xBD\xF0\x9F\x9A\x80");
  CHECK(text_of(R"("\ud83d\n")") == "\xEF\xBF\xBD\n");
  CHECK(text_of(R"("\ud83d\u0041")") ==
        "\xEF\xBF\xBD"
        "A");
  // An escaped backslash before "ud83d" is no escape of a surrogate.
  const JsonDocument document = read(R"(["\\ud83d","\ud83d"])");
  CHECK(document.root().children()[0].text == "\\ud83d");
}

TEST_CASE("json: a text written as a JSON string reads back as itself") {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xC3\xA9\xF0\x9F\x9A\x80";
  std::string out;
  append_json_string(out, all);
  CHECK(text_of(out) == all);
  for (const char c : out) CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("json: a text that is nothing but values is refused before it fills the memory") {
  std::string text = "[0";
  for (int i = 0; i < (1 << 22); ++i) text += ",0";
  const auto value = tally::parse_json(text + "]");
  REQUIRE_FALSE(value);
  CHECK(value.error().kind == tally::ErrorKind::limit_exceeded);
}

TEST_CASE("json: strings are written with the short escapes, and bad UTF-8 as U+FFFD") {
  std::string out = "x";
  append_json_string(out, "a\"\\/\n\r\t\x01\x1F\x7F\xFF"sv);
  CHECK(out == "x\"a\\\"\\\\/\\n\\r\\t\\u0001\\u001f\x7F\xEF\xBF\xBD\"");
}
