// SPDX-License-Identifier: MIT
#include "wire/reply_reader.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unit/wire/pieces.hpp"

using tally::Anomaly;
using tally::ChunkPath;
using tally::Delta;
using tally::DeltaRecord;
using tally::ErrorKind;
using tally::FinishReason;
using tally::Limits;
using tally::ReplyReader;

namespace {

// A reader with the records that it wrote.
struct Reading {
  std::vector<DeltaRecord> records;
  std::unique_ptr<ReplyReader> reader;

  const ReplyReader* operator->() const { return reader.get(); }
  const std::string& text() const { return reader->reply().text(); }
  ErrorKind kind() const {
    REQUIRE(reader->error());
    return reader->error()->kind;
  }
  bool says(std::string_view words) const {
    return reader->error() && reader->error()->message.find(words) != std::string::npos;
  }
};

struct How {
  std::size_t piece = 1 << 20;
  bool cut = false;
  Limits limits;
  ChunkPath path = ChunkPath::recognise;
  std::int64_t choices = 1;
};

Reading read_once(std::string_view body, const How& how) {
  Reading reading;
  std::vector<DeltaRecord> records;
  reading.reader = std::make_unique<ReplyReader>(tally::provider_named("deepseek"), how.limits,
                                                 &records, how.path);
  reading.reader->expect_choices(how.choices);
  in_pieces(body, how.piece, [&](std::string_view piece) {
    if (!reading.reader->hopeless()) reading.reader->feed(piece);
  });
  reading.reader->finish(how.cut);
  reading.records = std::move(records);
  return reading;
}

// Everything that a reading tells, as one text.
std::string summary(const Reading& reading) {
  const tally::Reply& reply = reading->reply();
  std::string all =
      reply.id + '|' + reply.model + '|' + reply.text() + '|' +
      (reply.message.reasoning_content ? '+' + *reply.message.reasoning_content : "-") + '|' +
      reply.refusal + '|' + reply.finish_reason_text + '|' + reply.logprobs + '|' +
      reply.service_tier + '|' + reply.system_fingerprint;
  for (const auto& call : reply.message.tool_calls) {
    all += '|' + call.id + ',' + call.name + ',' + call.arguments + ',' + call.extra;
  }
  all += '|' + reply.message.extra;
  for (const auto& choice : reply.more_choices) {
    all += '|' + std::to_string(choice.index) + ' ' + choice.message.content + ' ' +
           choice.message.reasoning_content.value_or("-") + ' ' + choice.refusal + ' ' +
           choice.finish_reason_text + ' ' + choice.logprobs;
    for (const auto& call : choice.message.tool_calls) all += ',' + call.id + call.arguments;
    all += ' ' + choice.message.extra;
  }
  all += '|' + reply.raw;
  if (const auto usage = reading->usage()) all += '|' + usage->raw;
  if (reading->error()) all += '|' + reading->error()->message;
  for (const DeltaRecord& record : reading.records) {
    all += '|' + std::to_string(static_cast<int>(record.kind)) + ' ' +
           std::to_string(record.id_length) + ' ' + std::to_string(record.name_length) + ' ' +
           std::to_string(record.tool) + ' ' + std::to_string(record.offset) + ' ' +
           std::to_string(record.length) + ' ' + std::to_string(record.choice);
  }
  // How much came before a limit stopped everything depends on the pieces.
  if (!reading->hopeless()) all += '|' + std::to_string(reading->payload_count());
  return all + '|' + std::to_string(reading->done()) + std::to_string(reading->finished()) + ' ' +
         std::to_string(reading->output_deltas());
}

// The same at every size of pieces, with and without the fast path, or the test fails.
Reading read(std::string_view body, How how = {}) {
  const Reading whole = read_once(body, how);
  const std::string expected = summary(whole);
  for (const ChunkPath path : {ChunkPath::recognise, ChunkPath::general}) {
    how.path = path;
    for (how.piece = 1; how.piece <= body.size(); ++how.piece) {
      CAPTURE(how.piece);
      const std::string got = summary(read_once(body, how));
      REQUIRE(got == expected);
    }
  }
  return read_once(body, {1 << 20, how.cut, how.limits, ChunkPath::recognise, how.choices});
}

Reading read_cut(std::string_view body) {
  How how;
  how.cut = true;
  return read(body, how);
}

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

// A chunk as DeepSeek sends it.
std::string chunk(const std::string& delta, const std::string& rest = R"("finish_reason":null)") {
  return event(R"({"id":"a1","object":"chat.completion.chunk","created":1770000000,)"
               R"("model":"deepseek-flash","system_fingerprint":"fp_1","choices":[{"index":0,)"
               R"("delta":{)" +
               delta + R"(},"logprobs":null,)" + rest + R"(}],"usage":null})");
}

std::string text_chunk(const std::string& json_text) {
  return chunk(R"("content":")" + json_text + '"');
}

std::string last_chunk() {
  return event(
      R"({"id":"a1","model":"deepseek-flash","choices":[{"index":0,"delta":{"content":""},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":18,"completion_tokens":42,)"
      R"("total_tokens":60,"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":18}})");
}

const std::string done = "data: [DONE]\n\n";

const std::string document =
    R"({"id":"a1","model":"deepseek-flash","choices":[{"index":0,"message":{"role":"assistant",)"
    R"("content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":18,)"
    R"("completion_tokens":42,"total_tokens":60}})";

}  // namespace

TEST_CASE("reply: a stream becomes one message, its usage and its deltas") {
  const Reading reading =
      read(chunk(R"("role":"assistant","content":null,"reasoning_content":"")") +
           chunk(R"("content":null,"reasoning_content":"Riv")") +
           chunk(R"("content":null,"reasoning_content":"ers")") +
           chunk(R"("content":"W\u00f6","reasoning_content":null)") +
           chunk(R"("content":"rld 你","reasoning_content":null)") +
           chunk(R"("content":"\ud83d\ude80","reasoning_content":null)") + last_chunk() + done);
  CHECK_FALSE(reading->error());
  CHECK(reading.text() == "Wörld 你🚀");
  CHECK(reading->reply().reasoning() == "Rivers");
  CHECK(reading->reply().model == "deepseek-flash");
  CHECK(reading->reply().finish_reason == FinishReason::stop);
  CHECK(reading->done());
  CHECK(reading->finished());
  CHECK(reading->payload_count() == 8);
  CHECK(reading->output_deltas() == 5);
  REQUIRE(reading->usage());
  CHECK(reading->usage()->prompt_tokens == 18);
  CHECK(reading->usage()->billed.output == 42);

  REQUIRE(reading.records.size() == 5);
  CHECK(reading->view(reading.records[0]).reasoning == "Riv");
  CHECK(reading->view(reading.records[1]).reasoning == "ers");
  CHECK(reading->view(reading.records[2]).text == "Wö");
  CHECK(reading->view(reading.records[3]).text == "rld 你");
  CHECK(reading->view(reading.records[4]).text == "🚀");
}

TEST_CASE("reply: tool calls stream as deltas whose pieces add up") {
  const Reading reading =
      read(chunk(R"("tool_calls":[{"index":0,"id":"c0","type":"function",)"
                 R"("function":{"name":"clock","arguments":""}}])") +
           chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"zone\":"}}])") +
           chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"\"UTC\"}"}}])") +
           chunk("", R"("finish_reason":"tool_calls")") + done);
  REQUIRE(reading.records.size() == 3);
  const Delta first = reading->view(reading.records[0]);
  REQUIRE(first.tool_call);
  CHECK(first.tool_call->index == 0);
  CHECK(first.tool_call->id == "c0");
  CHECK(first.tool_call->name == "clock");
  CHECK(first.tool_call->arguments == "");
  const Delta second = reading->view(reading.records[1]);
  CHECK(second.tool_call->id == "");
  CHECK(second.tool_call->name == "");
  CHECK(second.tool_call->arguments == "{\"zone\":");
  CHECK(reading->view(reading.records[2]).tool_call->arguments == "\"UTC\"}");
  CHECK(reading->reply().message.tool_calls[0].arguments == "{\"zone\":\"UTC\"}");
  CHECK(reading->output_deltas() == 2);
}

TEST_CASE("reply: nobody needs to want the deltas") {
  ReplyReader reader(tally::provider_named("deepseek"), Limits(), nullptr);
  reader.feed(text_chunk("a") + text_chunk("b") + last_chunk());
  reader.finish(false);
  CHECK(reader.reply().text() == "ab");
  CHECK(reader.output_deltas() == 2);
}

TEST_CASE(
    "reply: a document is read whichever was asked for, behind blank lines, comments and a BOM") {
  for (const std::string before :
       {"", "\n\n\n", "\r\n \t", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n", ": keep-alive\n\n: {\n"}) {
    CAPTURE(before);
    const Reading reading = read(before + document);
    CHECK_FALSE(reading->error());
    CHECK(reading.text() == "Hello");
    CHECK(reading->done());
    CHECK(reading->usage()->total_tokens == 60);
    CHECK(reading->payload_count() == document.size());
    REQUIRE(reading.records.size() == 1);
    CHECK(reading->view(reading.records[0]).text == "Hello");
  }
}

TEST_CASE("reply: half an event is payload, half a field's name is not") {
  CHECK(read("data: {")->payload_count() == 1);
  CHECK(read("data: {\"id\":\n")->payload_count() == 1);
  CHECK(read("data:")->payload_count() == 0);
  CHECK(read(": keep-alive\n\ndat")->payload_count() == 0);
}

TEST_CASE("reply: comments and blank lines are no payload") {
  const Reading reading =
      read("\n\n: keep-alive\n\n: data: x\n\ndata:\n\ndata:  \n\n" + last_chunk());
  CHECK(reading->payload_count() == 1);
  CHECK_FALSE(reading->error());
}

TEST_CASE("reply: BOM, CR and CRLF lose nothing") {
  std::string crlf = text_chunk("a") + text_chunk("b") + last_chunk() + done;
  std::string cr = crlf;
  for (char& c : cr) c = c == '\n' ? '\r' : c;
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != crlf.npos; at += 2) crlf.insert(at, "\r");
  for (const std::string& body : {cr, crlf, "\xEF\xBB\xBF" + cr}) {
    const Reading reading = read(body);
    CHECK(reading.text() == "ab");
    CHECK(reading->done());
  }
}

TEST_CASE("reply: the last event counts without its blank line, and without its line end") {
  for (const std::string end : {"\n", ""}) {
    const Reading reading = read(text_chunk("a") + last_chunk() + "data: [DONE]" + end);
    CHECK(reading->done());
    std::string finish = last_chunk();
    finish.resize(finish.size() - 2);
    const Reading last = read(text_chunk("a") + finish + end);
    CHECK_FALSE(last->error());
    CHECK(last->finished());
    CHECK(last->usage()->completion_tokens == 42);
  }
}

TEST_CASE("reply: usage after the finish, without choices, is the one that counts") {
  const Reading reading =
      read(text_chunk("a") + chunk("", R"("finish_reason":"stop")") +
           event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}})") + done);
  CHECK(reading->usage()->completion_tokens == 1);
}

TEST_CASE("reply: a usage that shrinks is flagged") {
  const Reading reading = read(
      text_chunk("a") +
      event(
          R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9,"total_tokens":12}})") +
      event(
          R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}})") +
      done);
  REQUIRE(reading->usage());
  CHECK(reading->usage()->completion_tokens == 9);
  CHECK(reading->usage()->anomalies == std::vector<Anomaly>{Anomaly::usage_regressed});
}

TEST_CASE("reply: counts that are strings, fractions or negative are absent and flagged") {
  const Reading reading =
      read(text_chunk("a") + event(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":)"
                                   R"({"prompt_tokens":"3","completion_tokens":-1,)"
                                   R"("total_tokens":4.5}})"));
  REQUIRE(reading->usage());
  CHECK_FALSE(reading->usage()->prompt_tokens);
  CHECK_FALSE(reading->usage()->completion_tokens);
  CHECK(reading->usage()->anomalies == std::vector<Anomaly>{Anomaly::bad_count});
  CHECK(reading->usage()->raw ==
        R"({"prompt_tokens":"3","completion_tokens":-1,"total_tokens":4.5})");
}

TEST_CASE("reply: no usage is no usage") {
  CHECK_FALSE(read(text_chunk("a") + done)->usage());
  CHECK_FALSE(read(text_chunk("a") + event(R"({"choices":[],"usage":{}})") + done)->usage());
}

TEST_CASE("reply: the tier beside a usage belongs to it, also after the reply is taken") {
  ReplyReader reader(tally::provider_named("openai"), Limits(), nullptr);
  reader.feed(event(R"({"service_tier":"flex","choices":[],"usage":{"prompt_tokens":1}})") + done);
  reader.finish(false);
  CHECK(reader.take_reply().service_tier == "flex");
  CHECK(reader.usage()->service_tier == "flex");
}

TEST_CASE("reply: invalid UTF-8 and lone surrogates become U+FFFD, the text around them stays") {
  CHECK(read(text_chunk("a\xFF"
                        "b") +
             text_chunk("c\xE4\xBD") + last_chunk())
            .text() ==
        "a\xEF\xBF\xBD"
        "bc\xEF\xBF\xBD");
  CHECK(read(text_chunk(R"(a\ud83d)") + text_chunk(R"(\ude80b)") + last_chunk()).text() ==
        "a\xEF\xBF\xBD\xEF\xBF\xBD"
        "b");
}

TEST_CASE("reply: what is kept verbatim is right also beside bytes that are no UTF-8") {
  const Reading reading =
      read(event("{\"x\":\"\xFF\xFF\xFF\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
                 "\"usage\":{\"prompt_tokens\":7}}"));
  CHECK(reading->usage()->raw == R"({"prompt_tokens":7})");
}

TEST_CASE("reply: [DONE] alone or finish_reason alone prove an answer") {
  CHECK_FALSE(read(text_chunk("a") + done)->error());
  CHECK_FALSE(read(text_chunk("a") + last_chunk())->error());
  CHECK_FALSE(read_cut(text_chunk("a") + last_chunk())->error());
}

TEST_CASE("reply: a stream without either is an error that keeps the text") {
  const Reading ended = read(text_chunk("Hel") + text_chunk("lo"));
  CHECK(ended.kind() == ErrorKind::malformed_reply);
  CHECK(ended.says("the stream ended without"));
  CHECK(ended.text() == "Hello");
  CHECK_FALSE(ended->done());

  const Reading cut = read_cut(text_chunk("Hel") + text_chunk("lo"));
  CHECK(cut.kind() == ErrorKind::connection);
  CHECK(cut.text() == "Hello");
}

TEST_CASE("reply: half an event at a cut is no garbage") {
  const Reading reading = read_cut(text_chunk("Hello") + R"(data: {"choices":[{"delta":{"con)");
  CHECK(reading.kind() == ErrorKind::connection);
  CHECK(reading.text() == "Hello");
}

TEST_CASE("reply: half a document is a broken connection, or malformed where none broke") {
  const std::string half = document.substr(0, 60);
  CHECK(read_cut(half).kind() == ErrorKind::connection);
  CHECK(read(half).kind() == ErrorKind::malformed_reply);
  CHECK_FALSE(read_cut(document)->error());
}

TEST_CASE("reply: an event that is not JSON is an error, and what came before and after stays") {
  const Reading reading =
      read(text_chunk("a") + event("garbage") + text_chunk("b") + last_chunk() + done);
  CHECK(reading.kind() == ErrorKind::malformed_reply);
  CHECK(reading.says("not valid JSON"));
  CHECK(reading.text() == "ab");
  CHECK(reading->usage()->completion_tokens == 42);
  CHECK(read(event("7") + done).kind() == ErrorKind::malformed_reply);
}

TEST_CASE("reply: an error in the stream keeps the text before it and the usage after it") {
  for (const std::string name : {"", "event: error\n"}) {
    const Reading reading = read(
        text_chunk("par") + name +
        event(R"({"error":{"message":"Tool choice is required","type":"invalid_request_error",)"
              R"("code":"tool_use_failed"}})") +
        event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}})"));
    CHECK(reading.kind() == ErrorKind::invalid_request);
    CHECK(reading->error()->provider_code == "tool_use_failed");
    CHECK(reading.says("Tool choice is required"));
    CHECK(reading.text() == "par");
    CHECK(reading->usage()->prompt_tokens == 3);
  }
}

TEST_CASE("reply: of several errors the first is told") {
  CHECK(read(event(R"({"error":"one"})") + event(R"({"error":"two"})") + event("garbage"))
            .says("one"));
}

TEST_CASE("reply: an event named error is an error whatever it holds") {
  CHECK(read("event: error\n" + event(R"({"message":"down"})")).says("down"));
  CHECK(read("event: error\n" + event(R"({"x":1})") + done).kind() == ErrorKind::server);
  CHECK(read("event: error\n" + event("out of luck") + done).says("out of luck"));
}

TEST_CASE("reply: a server that gives up for lack of resources is an error with text and usage") {
  const Reading reading =
      read(text_chunk("par") +
           event(R"({"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}],)"
                 R"("usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}})") +
           done);
  CHECK(reading.kind() == ErrorKind::overloaded);
  CHECK(reading->error()->retry_may_help);
  CHECK(reading.text() == "par");
  CHECK(reading->usage()->total_tokens == 4);
}

TEST_CASE("reply: a filtered answer is no error, its finish reason says so") {
  const Reading reading =
      read(text_chunk("par") + chunk("", R"("finish_reason":"content_filter")"));
  CHECK_FALSE(reading->error());
  CHECK(reading->reply().finish_reason == FinishReason::content_filter);
}

TEST_CASE("reply: an error in a document of status 200 is an error") {
  const Reading reading = read(
      "\n\n"
      R"({"error":{"message":"Content Exists Risk","code":"x"}})");
  CHECK(reading.kind() == ErrorKind::content_refused);
  CHECK(reading.says("Content Exists Risk"));
  CHECK(read(R"({"detail":"nope"})").says("nope"));
}

TEST_CASE("reply: JSON that is no chat answer is malformed") {
  CHECK(read(R"({"ok":true})").says("no choices"));
  CHECK(read(R"({"choices":[]})").says("choices are empty"));
  CHECK(read(R"({"choices":{}})").kind() == ErrorKind::malformed_reply);
  CHECK(read("{").kind() == ErrorKind::malformed_reply);
}

TEST_CASE("reply: a page of HTML is no answer, and no more of it is wanted") {
  const Reading reading =
      read("\n<!DOCTYPE html><html><head><title>Log in</title></head><body>\x1b[31m</body></html>");
  CHECK(reading.kind() == ErrorKind::malformed_reply);
  CHECK(reading->hopeless());
  CHECK(reading.says("HTML"));
  CHECK(reading.says("(Log in)"));
  CHECK(read("<p>\x1b[31m\n\n no title").says("(<p> [31m no title)"));
  ReplyReader reader(tally::provider_named("deepseek"), Limits(), nullptr);
  reader.feed("<html>" + std::string(10000, 'x'));
  CHECK(reader.hopeless());
}

TEST_CASE("reply: an empty answer and an answer in prose are errors that say so") {
  CHECK(read("").says("empty"));
  CHECK(read(": keep-alive\n\n\n").says("empty"));
  CHECK(read_cut("").kind() == ErrorKind::connection);
  CHECK(read("upstream connect error").says("upstream connect error"));
}

TEST_CASE("reply: each limit is an error that names it") {
  How how;
  how.limits.line_bytes = 1000;
  const Reading line = read(text_chunk("a") + event(std::string(1000, 'x')), how);
  CHECK(line.kind() == ErrorKind::limit_exceeded);
  CHECK(line.says("Limits::line_bytes (1000)"));
  CHECK(line->hopeless());
  CHECK(line.text() == "a");

  how = {};
  how.limits.event_bytes = 300;
  CHECK(
      read(text_chunk("a") + event(std::string(301, 'x')), how).says("Limits::event_bytes (300)"));
  CHECK(read(document + std::string(300, ' '), how).says("Limits::event_bytes (300)"));

  how = {};
  how.limits.reply_bytes = 5;
  const Reading reply = read(text_chunk("abc") + text_chunk("de") + text_chunk("f"), how);
  CHECK(reply.says("Limits::reply_bytes (5)"));
  CHECK(reply->hopeless());

  how = {};
  how.limits.json_depth = 4;
  CHECK(read(event(R"({"a":[[[[]]]]})"), how).says("Limits::json_depth (4)"));
}

TEST_CASE("reply: JSON nested 100,000 deep is an error, in a stream and in a document") {
  const std::string deep = R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}";
  for (const std::string& body : {deep, event(deep), event(std::string(100000, '['))}) {
    const Reading reading = read_once(body, {});
    CHECK(reading.kind() == ErrorKind::limit_exceeded);
    CHECK(reading.says("Limits::json_depth (128)"));
  }
}

TEST_CASE("reply: a body of 100 MB stops at the limit") {
  const std::string block(1 << 20, 'x');
  for (const std::string begin : {"data: ", "{\"a\":\"", "nonsense "}) {
    CAPTURE(begin);
    ReplyReader reader(tally::provider_named("deepseek"), Limits(), nullptr);
    reader.feed(begin);
    int fed = 0;
    for (; fed < 100 && !reader.hopeless(); ++fed) reader.feed(block);
    CHECK(fed == 32);
    REQUIRE(reader.error());
    CHECK(reader.error()->kind == ErrorKind::limit_exceeded);
  }
}

TEST_CASE("reply: endless ordinary deltas stop at the limit of the reply") {
  How how;
  how.limits.reply_bytes = 1 << 20;
  for (const ChunkPath path : {ChunkPath::recognise, ChunkPath::general}) {
    ReplyReader reader(tally::provider_named("deepseek"), how.limits, nullptr, path);
    const std::string piece = text_chunk(std::string(1024, 'x'));
    int fed = 0;
    for (; fed < 2000 && !reader.hopeless(); ++fed) reader.feed(piece);
    CHECK(fed == 1025);
    CHECK(reader.reply().text().size() == 1025 * 1024);
  }
}

TEST_CASE("reply: the text of a chunk that is no JSON is not taken, however alike to others") {
  std::string broken = text_chunk("lost");
  broken.insert(broken.find("chat.completion"), 1, '\x04');
  CHECK(read(text_chunk("a") + broken + broken + text_chunk("b")).text() == "ab");
}

TEST_CASE("tools: a delta tells what was known of id and name then, not what came later") {
  std::vector<DeltaRecord> records;
  tally::ReplyReader reader(tally::provider_named("deepseek"), {}, &records);
  reader.feed(
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"get_"}}]}}]})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c-1","function":{"name":"weather"}}]}}]})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]})"
      "\n\n");
  REQUIRE(records.size() == 3);
  CHECK(reader.view(records[0]).tool_call->name == "get_");
  CHECK(reader.view(records[0]).tool_call->id.empty());
  CHECK(reader.view(records[1]).tool_call->name == "get_weather");
  CHECK(reader.view(records[1]).tool_call->id == "c-1");
  CHECK(reader.view(records[2]).tool_call->name.empty());
  CHECK(reader.view(records[2]).tool_call->arguments == "{}");
}

TEST_CASE("reply: the fast path and the general path agree where a stream changes its shape") {
  const std::string same = text_chunk("a") + text_chunk("b");
  // `read` compares both paths; these are what a recogniser could take for ordinary.
  CHECK(read(same + text_chunk("") + text_chunk(R"(\")") + text_chunk(R"(\\)") +
             text_chunk(R"(\n\t\/\u0041\u00e9)") + text_chunk("c") + last_chunk())
            .text() ==
        "ab\"\\\n\t/A\xC3\xA9"
        "c");
  CHECK(read(same + chunk(R"("content":null)") + text_chunk("c") + done).text() == "abc");
  CHECK(read(same + chunk(R"("content":"c","content_2":"d")") + done).text() == "abc");
  CHECK(read(same + chunk(R"("reasoning_content":"r")") + text_chunk("c") + done).text() == "abc");
  CHECK(read(same + chunk(R"("content":"c","reasoning_content":"r")") + text_chunk("d") + done)
            .text() == "abcd");
  CHECK(read(same + chunk(R"("content":"c")", R"("finish_reason":"stop")")).text() == "abc");
  CHECK(read(same + chunk(R"("content":"c","role":"assistant")") + text_chunk("d") + done).text() ==
        "abcd");
  CHECK(read(same + event(R"({"choices":[{"index":1,"delta":{"content":"other"}}]})") +
             event(R"({"choices":[{"index":1,"delta":{"content":"other"}}]})") + text_chunk("c") +
             done)
            .text() == "abc");
  const std::string with_usage =
      R"("finish_reason":null}],"usage":{"prompt_tokens":1,"completion_tokens":)";
  CHECK(read(event(R"({"choices":[{"delta":{"content":"a"},)" + with_usage + "1}}") +
             event(R"({"choices":[{"delta":{"content":"b"},)" + with_usage + "2}}") +
             event(R"({"choices":[{"delta":{"content":"c"},)" + with_usage + "2}}") + done)
            ->usage()
            ->completion_tokens == 2);
  CHECK(read("event: error\n" + text_chunk("a") + "event: error\n" + text_chunk("b") + done)
            ->error());
  CHECK(read(same + text_chunk("\xFF") + text_chunk("c\n") + text_chunk("d") + done)->error());
  CHECK(read(same + "data: " + text_chunk("x").substr(6, 40) + "\n" + done)->error());
}

namespace {

/// A chunk of one choice of several.
std::string choice_chunk(int index, const std::string& delta,
                         const std::string& rest = R"("finish_reason":null)") {
  return event(R"({"id":"a1","model":"m","choices":[{"index":)" + std::to_string(index) +
               R"(,"delta":{)" + delta + "}," + rest + "}]}");
}

}  // namespace

TEST_CASE("reply: choices that stream in each other's midst are kept apart") {
  const Reading reading =
      read(choice_chunk(0, R"("content":"One ")") + choice_chunk(1, R"("content":"Two ")") +
           choice_chunk(0, R"("content":"fish")") + choice_chunk(0, R"("content":".")") +
           choice_chunk(1, R"("content":"birds")") + choice_chunk(1, R"("content":"!")") +
           choice_chunk(3, R"("reasoning_content":"Hm","refusal":"No.")") +
           choice_chunk(0, "", R"("finish_reason":"stop")") +
           choice_chunk(3, "", R"("finish_reason":"content_filter")") +
           choice_chunk(1, "", R"("finish_reason":"length")"));
  const tally::Reply& reply = reading->reply();
  CHECK_FALSE(reading->error());
  CHECK(reply.text() == "One fish.");
  CHECK(reply.finish_reason == FinishReason::stop);
  REQUIRE(reply.more_choices.size() == 2);
  CHECK(reply.more_choices[0].index == 1);
  CHECK(reply.more_choices[0].message.role == tally::Role::assistant);
  CHECK(reply.more_choices[0].message.content == "Two birds!");
  CHECK(reply.more_choices[0].finish_reason == FinishReason::length);
  CHECK(reply.more_choices[1].index == 3);
  CHECK(reply.more_choices[1].message.reasoning_content == "Hm");
  CHECK(reply.more_choices[1].refusal == "No.");
  CHECK(reply.more_choices[1].finish_reason_text == "content_filter");

  std::vector<std::string> deltas;
  for (const DeltaRecord& record : reading.records) {
    const Delta delta = reading->view(record);
    std::string said = std::to_string(delta.choice) + ' ';
    said.append(delta.text).append(delta.reasoning).append(delta.refusal);
    deltas.push_back(said);
  }
  CHECK(deltas == std::vector<std::string>{"0 One ", "1 Two ", "0 fish", "0 .", "1 birds", "1 !",
                                           "3 Hm", "3 No."});
}

TEST_CASE("reply: each choice has its own tool calls, also where their indexes are the same") {
  const auto call = [](const std::string& id, const std::string& arguments) {
    const std::string head = id.empty() ? "" : R"("id":")" + id + R"(",)";
    const std::string name = id.empty() ? "" : R"("name":"f",)";
    return R"("tool_calls":[{"index":0,)" + head + R"("function":{)" + name + R"("arguments":")" +
           arguments + R"("}}])";
  };
  const Reading reading = read(choice_chunk(0, call("a", "")) + choice_chunk(1, call("b", "")) +
                               choice_chunk(0, call("", "1")) + choice_chunk(1, call("", "x")) +
                               choice_chunk(0, call("", "2")) + choice_chunk(1, call("", "y")) +
                               choice_chunk(0, call("", "3")) + done);
  const tally::Reply& reply = reading->reply();
  REQUIRE(reply.message.tool_calls.size() == 1);
  CHECK(reply.message.tool_calls[0].arguments == "123");
  REQUIRE(reply.more_choices.size() == 1);
  REQUIRE(reply.more_choices[0].message.tool_calls.size() == 1);
  CHECK(reply.more_choices[0].message.tool_calls[0].id == "b");
  CHECK(reply.more_choices[0].message.tool_calls[0].arguments == "xy");
}

TEST_CASE("reply: an answer is proven when every choice that began has finished") {
  const std::string first = choice_chunk(0, R"("content":"a")") +
                            choice_chunk(1, R"("content":"b")") +
                            choice_chunk(0, "", R"("finish_reason":"stop")");
  CHECK(read_cut(first).kind() == ErrorKind::connection);
  CHECK_FALSE(read_cut(first)->finished());
  CHECK(read_cut(first)->reply().more_choices[0].message.content == "b");
  CHECK_FALSE(read(first + choice_chunk(1, "", R"("finish_reason":"stop")"))->error());
}

TEST_CASE("reply: an answer that ends between its choices is not whole, unless [DONE] says so") {
  const std::string first =
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
  const std::string second =
      "data: "
      "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":null}]}\n\n";
  const std::string end =
      "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
  How two;
  two.choices = 2;
  CHECK_FALSE(read(first).reader->error());
  for (const std::string& body : {first, first + second}) {
    const Reading ended = read(body, two);
    CHECK_FALSE(ended->finished());
    CHECK(ended.kind() == ErrorKind::malformed_reply);
    CHECK(ended.says("before each of its choices"));
    CHECK(ended.reader->error()->retry_may_help);
    CHECK(ended.text() == "a");
    How cut = two;
    cut.cut = true;
    CHECK(read(body, cut).kind() == ErrorKind::connection);
  }
  CHECK_FALSE(read(first + second + end, two).reader->error());
  // A server that does not know `n` answers once.
  CHECK_FALSE(read(first + "data: [DONE]\n\n", two).reader->error());
  CHECK_FALSE(read(R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})", two)
                  .reader->error());
}

TEST_CASE("reply: a usage behind the only choice says like [DONE] that this is all") {
  const std::string stop = choice_chunk(0, R"("content":"a")", R"("finish_reason":"stop")");
  const std::string usage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}\n\n";
  How two;
  two.choices = 2;
  const Reading whole = read(stop + usage, two);
  CHECK_FALSE(whole.reader->error());
  CHECK(whole->finished());
  CHECK(whole->usage()->completion_tokens == 1);
  // A usage that counts on the way says nothing of the end, nor does one choice's own.
  CHECK(read(usage + stop, two).kind() == ErrorKind::malformed_reply);
  const std::string own = R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
                          R"("usage":{"prompt_tokens":5,"completion_tokens":1}})"
                          "\n\n";
  CHECK(read(own, two).kind() == ErrorKind::malformed_reply);
  const std::string begun = choice_chunk(1, R"("content":"b")");
  CHECK(read(begun + stop + usage, two).kind() == ErrorKind::malformed_reply);
  How cut = two;
  cut.cut = true;
  CHECK(read(stop + usage, cut).kind() == ErrorKind::connection);
}

TEST_CASE("reply: what the server wants back is kept, from streams whole again") {
  const std::string stream =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"a\",\"reasoning_details\":"
      "[{\"type\":\"reasoning.text\",\"text\":\"a\",\"index\":0}]}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"b\",\"reasoning_details\":"
      "[{\"type\":\"reasoning.text\",\"text\":\"b\",\"index\":0}]}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"c\",\"reasoning_details\":"
      "[{\"type\":\"reasoning.text\",\"text\":\"c\",\"index\":0}]}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\",\"extra_content\":{\"k\": "
      "1}}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"y\",\"extra_content\":{\"k\": "
      "2}}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"z\",\"extra_content\":{\"k\": "
      "1}}}]}\n\n"
      "data: "
      "{\"choices\":[{\"index\":1,\"delta\":{\"extra_content\":7},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n";
  const Reading reading = read(stream);
  CHECK(reading->reply().message.extra ==
        R"({"reasoning_details":[{"type":"reasoning.text","text":"abc","index":0}],)"
        R"("extra_content":{"k": 1}})");
  REQUIRE(reading->reply().more_choices.size() == 1);
  CHECK(reading->reply().more_choices[0].message.extra == R"({"extra_content":7})");
}

TEST_CASE("reply: a document's choices are told by their index, else by their place") {
  const Reading reading =
      read(R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"},)"
           R"({"message":{"content":"b"},"finish_reason":"length"},)"
           R"({"index":7,"message":{"content":"c"}},{"index":-1,"message":{"content":"d"}}]})");
  const tally::Reply& reply = reading->reply();
  CHECK(reply.text() == "a");
  REQUIRE(reply.more_choices.size() == 2);
  CHECK(reply.more_choices[0].index == 1);
  CHECK(reply.more_choices[0].message.content == "b");
  CHECK(reply.more_choices[0].finish_reason == FinishReason::length);
  CHECK(reply.more_choices[1].index == 7);
  CHECK(reply.more_choices[1].message.content == "c");
}

TEST_CASE("reply: more choices than anybody asks for are a limit") {
  std::string choices;
  for (int i = 0; i < 1026; ++i) {
    choices += (i == 0 ? "" : ",") + std::string(R"({"delta":{"content":"a"}})");
  }
  const Reading reading = read_once(event(R"({"choices":[)" + choices + "]}"), {});
  CHECK(reading.kind() == ErrorKind::limit_exceeded);
  CHECK(reading->reply().more_choices.size() == 1024);
}

TEST_CASE("reply: logprobs of a stream are joined, of each choice for itself") {
  const auto logprobs = [](const std::string& json) {
    return R"("logprobs":)" + json + R"(,"finish_reason":null)";
  };
  const Reading reading =
      read(choice_chunk(0, R"("reasoning_content":"R")",
                        logprobs(R"({"content":null,"reasoning_content":[{"token":"R"}]})")) +
           choice_chunk(1, R"("content":"x")", logprobs(R"({ "content": [{"token":"x"}] })")) +
           choice_chunk(0, R"("content":"a")",
                        logprobs(R"({"content":[{"token":"a","logprob":-0.10}],)"
                                 R"("reasoning_content":null})")) +
           choice_chunk(0, R"("content":"b")", logprobs("null")) +
           choice_chunk(0, R"("content":"c")",
                        logprobs(R"({"content":[{"token":"c","logprob":-1e-5},{"token":"d"}]})")) +
           choice_chunk(0, "", logprobs(R"({"content":[],"refusal":null})")) + done);
  CHECK(reading->reply().logprobs ==
        R"({"content":[{"token":"a","logprob":-0.10},{"token":"c","logprob":-1e-5},)"
        R"({"token":"d"}],"reasoning_content":[{"token":"R"}],"refusal":null})");
  CHECK(reading->reply().more_choices[0].logprobs == R"({ "content": [{"token":"x"}] })");
}

TEST_CASE("reply: logprobs of a document are kept as they were written") {
  const std::string logprobs = R"({ "content": [ {"token":"a"} ], "refusal": null })";
  const Reading reading = read(R"({"choices":[{"message":{"content":"a"},"logprobs":)" + logprobs +
                               R"(,"finish_reason":"stop"}]})");
  CHECK(reading->reply().logprobs == logprobs);
}

TEST_CASE("reply: on demand the JSON is kept as it came, and counts in reply_bytes") {
  How how;
  how.limits.keep_raw = true;
  CHECK(read(document, how)->reply().raw == document);
  const std::string one = R"({"choices":[{"delta":{"content":"a"}}]})";
  const std::string two = R"({"choices":[{"delta":{"content":"b"}}]})";
  CHECK(read(event(one) + event(two) + done, how)->reply().raw == one + "\n" + two);
  how.limits.reply_bytes = 2 * one.size();
  const Reading over = read(event(one) + event(two) + done, how);
  CHECK(over.kind() == ErrorKind::limit_exceeded);
  CHECK(read(event(one) + done)->reply().raw.empty());
}
