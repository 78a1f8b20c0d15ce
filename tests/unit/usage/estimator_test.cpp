// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tally/usage.hpp"

namespace {

using tally::estimate_output;
using tally::estimate_tokens;
using tally::TokenEstimate;

std::int64_t likely(std::string_view text) { return estimate_tokens(text).likely; }

std::string repeat(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST_CASE("estimator: no text is no token, and any text is at least one") {
  CHECK(estimate_tokens("").low == 0);
  CHECK(estimate_tokens("").likely == 0);
  CHECK(estimate_tokens("").high == 0);
  CHECK(estimate_tokens(" ").low == 1);
  CHECK(estimate_tokens(" ").likely == 1);
  CHECK(estimate_tokens(" ").high == 1);
}

TEST_CASE("estimator: each class of characters has its weight") {
  CHECK(likely(repeat("a", 1000)) == 237);
  CHECK(likely(repeat("Z", 1000)) == 237);
  CHECK(likely(repeat("7", 1000)) == 587);
  CHECK(likely(repeat(" ", 1000)) == 58);
  CHECK(likely(repeat("\n", 1000)) == 932);
  CHECK(likely(repeat("\r", 1000)) == 932);
  CHECK(likely(repeat("\t", 1000)) == 932);
  CHECK(likely(repeat("{", 1000)) == 600);
  CHECK(likely(repeat("\x01", 1000)) == 600);
  CHECK(likely(repeat("\xC3\xA9", 1000)) == 430);           // U+00E9, two bytes of 0.215
  CHECK(likely(repeat("\xE2\x82\xAC", 1000)) == 645);       // U+20AC, three of them
  CHECK(likely(repeat("\xE3\x81\x82", 1000)) == 1239);      // U+3042, three bytes of 0.413
  CHECK(likely(repeat("\xE5\xB1\xB1", 1000)) == 520);       // U+5C71, an ideograph
  CHECK(likely(repeat("\xF0\x9F\x98\x80", 1000)) == 1652);  // U+1F600, four bytes of 0.413
}

TEST_CASE("estimator: ideographs begin at U+3400 and end at U+9FFF") {
  CHECK(likely(repeat("\xE2\xBF\xBF", 1000)) == 645);   // U+2FFF
  CHECK(likely(repeat("\xE3\x80\x80", 1000)) == 1239);  // U+3000
  CHECK(likely(repeat("\xE3\x8F\xBF", 1000)) == 1239);  // U+33FF
  CHECK(likely(repeat("\xE3\x90\x80", 1000)) == 520);   // U+3400
  CHECK(likely(repeat("\xE9\xBF\xBF", 1000)) == 520);   // U+9FFF
  CHECK(likely(repeat("\xEA\x80\x80", 1000)) == 1239);  // U+A000
}

TEST_CASE("estimator: an English sentence weighs about a token a word") {
  CHECK(likely("The quick brown fox jumps over the lazy dog") == 9);
}

TEST_CASE("estimator: the high bound is the number of bytes") {
  CHECK(estimate_tokens("abc").high == 3);
  CHECK(estimate_tokens("\xE5\xB1\xB1").high == 3);
  CHECK(estimate_tokens("\xF0\x9F\x98\x80").high == 4);
}

TEST_CASE("estimator: a run of white space may be a few tokens only") {
  // 1,000 spaces are 9 tokens.
  const TokenEstimate spaces = estimate_tokens(repeat(" ", 1000));
  CHECK(spaces.low == 1);
  CHECK(estimate_tokens(repeat("\n", 1000)).low == 1);
  CHECK(estimate_tokens(repeat("a", 1000)).low == 142);
}

TEST_CASE("estimator: the bounds hold their order for any bytes, at any cut") {
  std::string text = "caf\xC3\xA9 \xE5\xB1\xB1\xE3\x81\x82 \xF0\x9F\x98\x80\n12";
  text += std::string("\xFF\xC3\xE5\xF0\x80\0", 6);
  for (std::size_t begin = 0; begin <= text.size(); ++begin) {
    for (std::size_t length = 0; begin + length <= text.size(); ++length) {
      const auto estimate = estimate_tokens(std::string_view(text).substr(begin, length));
      CHECK(estimate.low <= estimate.likely);
      CHECK(estimate.likely <= estimate.high);
      CHECK(estimate.high == static_cast<std::int64_t>(length));
    }
  }
}

TEST_CASE("estimator: where each delta is a token, the deltas are counted") {
  const std::string text = repeat("word ", 100);  // Weighs 101.
  CHECK(estimate_output(text, 100).likely == 100);
  CHECK(estimate_output(text, 120).likely == 120);
  CHECK(estimate_output(text, 68).likely == 68);
  CHECK(estimate_output(text, 100).low == 56);
  CHECK(estimate_output(text, 100).high == 500);
}

TEST_CASE("estimator: where a delta holds many tokens, the text is weighed") {
  const std::string text = repeat("word ", 100);
  CHECK(estimate_output(text, 67).likely == 101);
  CHECK(estimate_output(text, 25).likely == 101);
  CHECK(estimate_output(text, 1).likely == 101);
  CHECK(estimate_output(text, 0).likely == 101);
}

TEST_CASE("estimator: no number of deltas breaks the bounds of the text") {
  CHECK(estimate_output("abc", 1000).likely == 3);
  CHECK(estimate_output("abc", -5).likely == 1);
  CHECK(estimate_output("", 7).likely == 0);
  CHECK(estimate_output("", 0).high == 0);
}

}  // namespace
