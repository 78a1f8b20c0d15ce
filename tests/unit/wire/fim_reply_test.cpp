// SPDX-License-Identifier: MIT

// Answers of completions, which have no messages: documents and streams, at every size of pieces,
// by the general path and by the fast one.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "unit/wire/pieces.hpp"
#include "wire/chunk_template.hpp"
#include "wire/reply_reader.hpp"

using tally::ChunkPath;
using tally::DeltaRecord;
using tally::FinishReason;
using tally::Limits;
using tally::Message;
using tally::ReplyReader;

namespace {

struct Reading {
  std::vector<DeltaRecord> records;
  std::unique_ptr<ReplyReader> reader;

  const ReplyReader* operator->() const { return reader.get(); }
  const std::string& text() const { return reader->reply().text(); }
  std::string deltas() const {
    std::string all;
    for (const DeltaRecord& record : records) {
      const tally::Delta delta = reader->view(record);
      all += std::to_string(delta.choice) + ':' + std::string(delta.text) + '|';
    }
    return all;
  }
};

Reading read_once(std::string_view body, std::size_t piece, ChunkPath path, bool cut) {
  Reading reading;
  std::vector<DeltaRecord> records;
  reading.reader =
      std::make_unique<ReplyReader>(tally::provider_named("deepseek"), Limits(), &records, path);
  in_pieces(body, piece, [&](std::string_view bytes) { reading.reader->feed(bytes); });
  reading.reader->finish(cut);
  reading.records = std::move(records);
  return reading;
}

/// The same at every size of pieces and by both paths, or the test fails.
Reading read(std::string_view body, bool cut = false) {
  const Reading whole = read_once(body, 1 << 20, ChunkPath::general, cut);
  for (const ChunkPath path : {ChunkPath::general, ChunkPath::recognise}) {
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
      const Reading other = read_once(body, piece, path, cut);
      CAPTURE(piece);
      REQUIRE(other.text() == whole.text());
      REQUIRE(other.deltas() == whole.deltas());
      REQUIRE(other->reply().id == whole->reply().id);
      REQUIRE(other->reply().logprobs == whole->reply().logprobs);
      REQUIRE(other->reply().finish_reason_text == whole->reply().finish_reason_text);
      REQUIRE(other->reply().more_choices.size() == whole->reply().more_choices.size());
      REQUIRE(other->error().has_value() == whole->error().has_value());
      REQUIRE(other->usage().has_value() == whole->usage().has_value());
      if (whole->usage()) REQUIRE(other->usage()->raw == whole->usage()->raw);
      REQUIRE(other->output_deltas() == whole->output_deltas());
    }
  }
  return read_once(body, 1 << 20, ChunkPath::recognise, cut);
}

constexpr std::string_view head =
    R"({"id":"f1","object":"text_completion","created":1770000000,"model":"deepseek-flash",)"
    R"("system_fingerprint":"fp_1",)";
constexpr std::string_view usage_18_9 =
    R"("usage":{"prompt_tokens":18,"completion_tokens":9,"total_tokens":27,)"
    R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":18})";

std::string choice(std::string_view text, std::string_view rest = R"("finish_reason":null)") {
  return R"({"text":")" + std::string(text) + R"(","index":0,"logprobs":null,)" +
         std::string(rest) + "}";
}

std::string chunk_data(std::string_view choices, std::string_view usage = R"("usage":null)") {
  return std::string(head) + R"("choices":[)" + std::string(choices) + "]," + std::string(usage) +
         "}";
}

std::string event(std::string_view data) { return "data: " + std::string(data) + "\n\n"; }

std::string text_chunk(std::string_view text) { return event(chunk_data(choice(text))); }

std::string finish_chunk(std::string_view usage = usage_18_9) {
  return event(chunk_data(choice("", R"("finish_reason":"stop")"), usage));
}

const std::string done = "data: [DONE]\n\n";

}  // namespace

TEST_CASE("fim reply: a document's text, identity and usage are those of any reply") {
  const Reading reading =
      read(chunk_data(choice(R"(  return a + b\n)", R"("finish_reason":"stop")"), usage_18_9));
  CHECK_FALSE(reading->error());
  CHECK(reading->done());
  CHECK(reading.text() == "  return a + b\n");
  CHECK(reading->reply().id == "f1");
  CHECK(reading->reply().model == "deepseek-flash");
  CHECK(reading->reply().created == 1770000000);
  CHECK(reading->reply().system_fingerprint == "fp_1");
  CHECK(reading->reply().finish_reason == FinishReason::stop);
  REQUIRE(reading->usage());
  CHECK(reading->usage()->prompt_tokens == 18);
  CHECK(reading->usage()->billed.cache_miss == 18);
  CHECK(reading->usage()->billed.output == 9);
  CHECK(reading.deltas() == "0:  return a + b\n|");
}

TEST_CASE("fim reply: a stream's pieces are its deltas, and its usage the last chunk's") {
  const Reading reading =
      read(text_chunk("  ret") + text_chunk(R"(urn \"\u00f6\")") + text_chunk("你") +
           text_chunk("") + text_chunk(";") + finish_chunk() + done);
  CHECK_FALSE(reading->error());
  CHECK(reading->done());
  CHECK(reading->finished());
  CHECK(reading.text() == "  return \"ö\"你;");
  CHECK(reading.deltas() == "0:  ret|0:urn \"ö\"|0:你|0:;|");
  CHECK(reading->output_deltas() == 4);
  CHECK(reading->usage()->completion_tokens == 9);
}

TEST_CASE("fim reply: usage may stand in a chunk without choices, after the finish") {
  const Reading reading = read(text_chunk("a") + finish_chunk(R"("usage":null)") +
                               event(chunk_data("", usage_18_9)) + done);
  CHECK_FALSE(reading->error());
  CHECK(reading.text() == "a");
  CHECK(reading->usage()->billed.output == 9);
}

TEST_CASE("fim reply: a cut stream keeps its text, and is an error without a usage") {
  const Reading reading = read(text_chunk("a") + text_chunk("b") + "data: {\"id\":\"f1\",", true);
  REQUIRE(reading->error());
  CHECK(reading->error()->kind == tally::ErrorKind::connection);
  CHECK(reading.text() == "ab");
  CHECK_FALSE(reading->usage());
}

TEST_CASE("fim reply: a document without choices is no answer") {
  const Reading reading = read(chunk_data("", usage_18_9));
  REQUIRE(reading->error());
  CHECK(reading->error()->kind == tally::ErrorKind::malformed_reply);
  CHECK(reading->usage()->billed.output == 9);
}

TEST_CASE("fim reply: an empty answer is one") {
  const Reading reading = read(chunk_data(choice("", R"("finish_reason":"stop")"), usage_18_9));
  CHECK_FALSE(reading->error());
  CHECK(reading.text().empty());
  CHECK(reading.records.empty());
}

TEST_CASE("fim reply: a text that is no string is passed over") {
  for (const char* text : {"null", "7", "{}", R"(["a"])"}) {
    CAPTURE(text);
    const Reading reading = read(text_chunk("a") +
                                 event(chunk_data(R"({"index":0,"text":)" + std::string(text) +
                                                  R"(,"finish_reason":null})")) +
                                 text_chunk("b") + finish_chunk() + done);
    CHECK_FALSE(reading->error());
    CHECK(reading.text() == "ab");
  }
}

TEST_CASE("fim reply: logprobs of a completion are joined by its own lists") {
  const auto with_logprobs = [](std::string_view text, std::string_view logprobs) {
    return event(chunk_data(R"({"text":")" + std::string(text) + R"(","index":0,"logprobs":)" +
                            std::string(logprobs) + R"(,"finish_reason":null})"));
  };
  const Reading reading = read(
      with_logprobs(
          "a",
          R"({"tokens":["a"],"token_logprobs":[-0.10],"top_logprobs":[{"a":-0.1}],"text_offset":[5]})") +
      with_logprobs(
          "b",
          R"({"tokens":["b"],"token_logprobs":[-2.5],"top_logprobs":[{"b":-2.5}],"text_offset":[6]})") +
      finish_chunk() + done);
  CHECK(reading.text() == "ab");
  CHECK(reading->reply().logprobs ==
        R"({"tokens":["a","b"],"token_logprobs":[-0.10,-2.5],)"
        R"("top_logprobs":[{"a":-0.1},{"b":-2.5}],"text_offset":[5,6]})");
}

TEST_CASE("fim reply: further choices stand beside the first") {
  const Reading reading =
      read(text_chunk("a") + event(chunk_data(R"({"text":"x","index":1,"finish_reason":null})")) +
           text_chunk("b") + finish_chunk() + done);
  CHECK(reading.text() == "ab");
  REQUIRE(reading->reply().more_choices.size() == 1);
  CHECK(reading->reply().more_choices[0].message.content == "x");
  CHECK(reading.deltas() == "0:a|1:x|0:b|");
}

TEST_CASE("fim reply: an error in mid-stream keeps the text before it") {
  const Reading reading =
      read(text_chunk("a") + event(R"({"error":{"message":"The engine stopped"}})"));
  REQUIRE(reading->error());
  CHECK(reading->error()->message.find("The engine stopped") != std::string::npos);
  CHECK(reading.text() == "a");
}

TEST_CASE("fim reply: beside a delta or a message the text of a choice is not read again") {
  for (const char* both :
       {R"({"index":0,"delta":{"content":"x"},"text":"x","finish_reason":null})",
        R"({"index":0,"text":"x","delta":{"content":"x"},"finish_reason":null})",
        R"({"index":0,"text":"no","delta":{"content":"x","role":null},"finish_reason":null})"}) {
    CAPTURE(both);
    const std::string data = chunk_data(both);
    const Reading reading = read(event(data) + event(data) + done);
    CHECK(reading.text() == "xx");
  }
  const std::string of_role =
      chunk_data(R"({"index":0,"text":"no","delta":{"role":"assistant"},"finish_reason":null})");
  CHECK(read(event(of_role) + event(of_role) + done).text().empty());
  const std::string document = chunk_data(
      R"({"index":0,"text":"no","message":{"content":"x"},"finish_reason":"stop"})", usage_18_9);
  CHECK(read(document).text() == "x");
}

TEST_CASE("fim reply: ordinary chunks are read without the parser, all others are not") {
  tally::ChunkTemplates templates;
  Message message;
  DeltaRecord record;
  templates.learn(chunk_data(choice("a")));
  CHECK(templates.read(chunk_data(choice(R"(b\n)")), message, record));
  CHECK(message.content == "b\n");
  CHECK(record.kind == DeltaRecord::Kind::text);
  CHECK(record.length == 2);
  CHECK_FALSE(templates.read(chunk_data(choice("")), message, record));
  CHECK_FALSE(
      templates.read(chunk_data(choice("c", R"("finish_reason":"stop")")), message, record));
  CHECK_FALSE(templates.read(chunk_data(choice("c"), usage_18_9), message, record));
  CHECK(message.content == "b\n");

  tally::ChunkTemplates beside;
  const std::string both =
      chunk_data(R"({"index":0,"delta":{"role":"assistant"},"text":"a","finish_reason":null})");
  beside.learn(both);
  CHECK_FALSE(beside.read(both, message, record));
}
