// SPDX-License-Identifier: MIT
#include "wire/chunk_reader.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.hpp"

using tally::ChunkForm;
using tally::ErrorKind;
using tally::FinishReason;
using tally::Message;
using tally::ReplyBuilder;

namespace {

ReplyBuilder read(std::initializer_list<std::string> chunks, ChunkForm form = ChunkForm::event) {
  ReplyBuilder builder(nullptr);
  for (const std::string& text : chunks) {
    const auto chunk = tally::parse_json(text);
    REQUIRE(chunk);
    tally::read_chunk(chunk->root(), text, form, builder);
  }
  return builder;
}

std::string choice(const std::string& inside) { return R"({"choices":[{)" + inside + "}]}"; }
std::string delta(const std::string& inside) { return choice(R"("delta":{)" + inside + "}"); }
std::string message(const std::string& inside) { return choice(R"("message":{)" + inside + "}"); }
std::string calls(const std::string& inside) { return delta(R"("tool_calls":[)" + inside + "]"); }

Message message_of(std::initializer_list<std::string> chunks) {
  return read(chunks).reply().message;
}

}  // namespace

TEST_CASE("chunk: text and reasoning grow piece by piece") {
  const Message message = message_of(
      {delta(R"("role":"assistant","content":null,"reasoning_content":"")"),
       delta(R"("content":null,"reasoning_content":"hm")"), delta(R"("reasoning_content":"m")"),
       delta(R"("content":"Hel","reasoning_content":null)"), delta(R"("content":"lo")")});
  CHECK(message.content == "Hello");
  CHECK(message.reasoning_content == "hmm");
}

TEST_CASE("chunk: reasoning that is absent and reasoning that is empty are told apart") {
  CHECK_FALSE(message_of({delta(R"("content":"a")")}).reasoning_content);
  CHECK_FALSE(message_of({delta(R"("content":"a","reasoning_content":null)")}).reasoning_content);
  CHECK(message_of({delta(R"("content":"a","reasoning_content":"")")}).reasoning_content == "");
}

TEST_CASE("chunk: reasoning under two names is added once") {
  CHECK(message_of({delta(R"("reasoning":"a","reasoning_content":"a",)"
                          R"("reasoning_details":[{"type":"reasoning.text","text":"a"}])")})
            .reasoning_content == "a");
  CHECK(message_of({delta(R"("reasoning":"b")")}).reasoning_content == "b");
  CHECK(message_of({delta(R"("reasoning":"b","reasoning_content":null)")}).reasoning_content ==
        "b");
  CHECK(message_of({delta(R"("reasoning":"b","reasoning_content":"")")}).reasoning_content == "b");
  CHECK(message_of({delta(R"("reasoning":{"x":1})")}).reasoning_content == std::nullopt);
}

TEST_CASE("chunk: blocks of thinking are joined from their pieces, and keep their signatures") {
  const auto details = [](std::initializer_list<std::string> lists, ChunkForm form) {
    ReplyBuilder builder(nullptr);
    for (const std::string& list : lists) {
      const std::string text =
          (form == ChunkForm::event ? delta : message)(R"("reasoning_details":)" + list);
      const auto chunk = tally::parse_json(text);
      REQUIRE(chunk);
      tally::read_chunk(chunk->root(), text, form, builder);
    }
    builder.complete_reply();
    return builder.reply().message.extra;
  };
  CHECK(details({R"([{"type":"reasoning.text","text":"a\"","id":null,"index":0}])",
                 R"([{"type":"reasoning.text","text":"\u00e9","index":0,"signature":null}])",
                 R"([{"type":"reasoning.text","index":0,"signature":"S=="}])", "[]", "null",
                 R"([{"type":"reasoning.text","text":"second","index":1}])",
                 R"([{"type":"reasoning.encrypted","data":"X","index":1}])",
                 R"([{"type":"reasoning.encrypted","data":"Y","index":1}])"},
                ChunkForm::event) ==
        R"({"reasoning_details":[)"
        R"({"type":"reasoning.text","text":"a\"\u00e9","id":null,"index":0,"signature":"S=="},)"
        R"({"type":"reasoning.text","text":"second","index":1},)"
        R"({"type":"reasoning.encrypted","data":"X","index":1},)"
        R"({"type":"reasoning.encrypted","data":"Y","index":1}]})");
  // In one list two blocks are two, however alike; and what nobody expects is kept as it is.
  CHECK(details({R"([{"type":"t","text":"a"},{"type":"t","text":"b"},7,{},"x"])"},
                ChunkForm::document) ==
        R"({"reasoning_details":[{"type":"t","text":"a"},{"type":"t","text":"b"},7,{},"x"]})");
  CHECK(
      details({R"([{"type":"t","id":"1","text":"a"}])", R"([{"type":"t","id":"2","text":"b"}])"},
              ChunkForm::event) ==
      R"({"reasoning_details":[{"type":"t","id":"1","text":"a"},{"type":"t","id":"2","text":"b"}]})");
  CHECK(details({"[]", "null", "{}"}, ChunkForm::event) == "");
}

TEST_CASE("chunk: a call's signature stays with the call") {
  const Message message =
      message_of({calls(R"({"index":0,"id":"c","function":{"name":"f","arguments":""},)"
                        R"("extra_content":{"google": {"thought_signature":"S"}}})"),
                  calls(R"({"index":0,"function":{"arguments":"{}"},"extra_content":null})"),
                  calls(R"({"index":1,"id":"d","function":{"name":"f","arguments":"{}"}})")});
  REQUIRE(message.tool_calls.size() == 2);
  CHECK(message.tool_calls[0].extra ==
        R"({"extra_content":{"google": {"thought_signature":"S"}}})");
  CHECK(message.tool_calls[1].extra == "");
}

TEST_CASE("chunk: content may be a list of parts") {
  const Message message = message_of(
      {delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"two "}]})"
             R"(,{"type":"thinking","thinking":"plus two"},{"type":"text","text":"4"})"
             R"(,{"type":"image_url"},null,7])")});
  CHECK(message.content == "4");
  CHECK(message.reasoning_content == "two plus two");
}

TEST_CASE("chunk: null, missing and unknown things are passed over") {
  const ReplyBuilder builder =
      read({"{}", "[]", R"({"choices":null,"usage":null,"error":null,"id":null,"created":null})",
            R"({"choices":[]})", R"({"choices":[null]})", R"({"choices":[{}]})",
            R"({"choices":{}})", R"({"object":"ping","anything":[1,{"x":null}]})",
            choice(R"("delta":null,"finish_reason":null,"logprobs":null)"),
            delta(R"("role":null,"content":null,"tool_calls":null,"refusal":null)"),
            delta(R"("content":7,"reasoning_content":{},"tool_calls":[null,{},7])"),
            R"({"usage":{}})", R"({"usage":7})", R"({"x_groq":null})"});
  CHECK(builder.reply().text().empty());
  CHECK_FALSE(builder.error());
  CHECK_FALSE(builder.usage().current());
  CHECK_FALSE(builder.finished());
}

TEST_CASE("chunk: only choice 0 is read, but the usage of every choice counts") {
  const ReplyBuilder builder =
      read({R"({"choices":[{"index":1,"delta":{"content":"other"},"usage":{"prompt_tokens":3}},)"
            R"({"index":0,"delta":{"content":"mine"}}]})",
            R"({"choices":[{"delta":{"content":"!"}},{"delta":{"content":"other"}}]})"});
  CHECK(builder.reply().text() == "mine!");
  CHECK(builder.usage().current()->prompt_tokens == 3);
}

TEST_CASE("chunk: old servers stream messages; after a delta a message is a repetition") {
  CHECK(message_of({choice(R"("message":{"content":"a"})"), choice(R"("message":{"content":"b"})")})
            .content == "ab");
  CHECK(message_of({delta(R"("content":"a")"), choice(R"("message":{"content":"a"})")}).content ==
        "a");
  CHECK(message_of({choice(R"("delta":{"content":"a"},"message":{"content":"a"})")}).content ==
        "a");
}

TEST_CASE("chunk: a document's message is read by the same rules") {
  const std::string document =
      R"({"id":"i","model":"m","created":1770000000,"system_fingerprint":"f","service_tier":"flex",)"
      R"("choices":[{"index":0,"finish_reason":"stop","logprobs":{"content": [] },)"
      R"("message":{"role":"assistant","content":"Hi","reasoning_content":"hm","refusal":null}}],)"
      R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})";
  ReplyBuilder builder = read({document}, ChunkForm::document);
  builder.complete_reply();
  CHECK(builder.reply().text() == "Hi");
  CHECK(builder.reply().reasoning() == "hm");
  CHECK(builder.reply().id == "i");
  CHECK(builder.reply().model == "m");
  CHECK(builder.reply().created == 1770000000);
  CHECK(builder.reply().system_fingerprint == "f");
  CHECK(builder.reply().service_tier == "flex");
  CHECK(builder.reply().finish_reason == FinishReason::stop);
  CHECK(builder.reply().logprobs == R"({"content": [] })");
  CHECK(builder.usage().current()->raw ==
        R"({"prompt_tokens":1,"completion_tokens":2,"total_tokens":3})");
}

TEST_CASE("chunk: id and model are those that were said first, an empty one says nothing") {
  const ReplyBuilder builder = read({R"({"id":"","model":"","choices":[]})",
                                     R"({"id":"a","model":"m"})", R"({"id":"b","model":"n"})"});
  CHECK(builder.reply().id == "a");
  CHECK(builder.reply().model == "m");
}

TEST_CASE("chunk: pieces of tool calls find their call by index") {
  const Message message = message_of(
      {calls(R"({"index":0,"id":"c0","type":"function","function":{"name":"f","arguments":""}})"),
       calls(R"({"index":0,"function":{"arguments":"{\"a\""}})"),
       calls(R"({"index":1,"id":"c1","function":{"name":"g","arguments":"{"}})"),
       calls(
           R"({"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":"}"}})")});
  REQUIRE(message.tool_calls.size() == 2);
  CHECK(message.tool_calls[0].id == "c0");
  CHECK(message.tool_calls[0].name == "f");
  CHECK(message.tool_calls[0].arguments == "{\"a\":1}");
  CHECK(message.tool_calls[1].id == "c1");
  CHECK(message.tool_calls[1].name == "g");
  CHECK(message.tool_calls[1].arguments == "{}");
}

TEST_CASE("chunk: tool calls without an index are told apart by id or name") {
  const Message by_id =
      message_of({calls(R"({"id":"a","function":{"name":"f","arguments":"{"}})"),
                  calls(R"({"id":"a","function":{"arguments":"1"}})"),
                  calls(R"({"function":{"arguments":"}"}})"),
                  calls(R"({"id":"b","function":{"name":"f","arguments":"{}"}})")});
  REQUIRE(by_id.tool_calls.size() == 2);
  CHECK(by_id.tool_calls[0].arguments == "{1}");
  CHECK(by_id.tool_calls[1].id == "b");

  const Message by_name =
      message_of({calls(R"({"id":"","function":{"name":"f","arguments":"{}"}},)"
                        R"({"id":"","function":{"name":"f","arguments":"{2}"}})")});
  REQUIRE(by_name.tool_calls.size() == 2);
  CHECK(by_name.tool_calls[1].arguments == "{2}");
}

TEST_CASE("chunk: calls that a server numbers all 0 stay apart") {
  const Message message =
      message_of({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})"),
                  calls(R"({"index":0,"id":"b","function":{"name":"f","arguments":"{2}"}})"),
                  calls(R"({"index":0,"id":"","function":{"name":"g","arguments":"{3}"}})")});
  REQUIRE(message.tool_calls.size() == 3);
  CHECK(message.tool_calls[0].arguments == "{}");
  CHECK(message.tool_calls[1].arguments == "{2}");
  CHECK(message.tool_calls[2].name == "g");
}

TEST_CASE("chunk: a tool's name may come in pieces, or whole in every piece") {
  const Message pieces = message_of({calls(R"({"index":0,"id":"a","function":{"name":"get_"}})"),
                                     calls(R"({"index":0,"function":{"name":"time"}})"),
                                     calls(R"({"index":0,"function":{"arguments":"{}"}})")});
  CHECK(pieces.tool_calls[0].name == "get_time");

  const Message repeated =
      message_of({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})"),
                  calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})"),
                  calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"}"}})")});
  REQUIRE(repeated.tool_calls.size() == 1);
  CHECK(repeated.tool_calls[0].name == "f");
  CHECK(repeated.tool_calls[0].arguments == "{}");
}

TEST_CASE("chunk: arguments that are an object are kept as their text") {
  CHECK(message_of({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":{"x": 1}}})")})
            .tool_calls[0]
            .arguments == R"({"x": 1})");
}

TEST_CASE("chunk: the finish reason is the last that is said") {
  const auto reason = [](std::initializer_list<std::string> chunks) {
    return read(chunks).reply().finish_reason;
  };
  CHECK(reason({choice(R"("finish_reason":"length")")}) == FinishReason::length);
  CHECK(reason({choice(R"("finish_reason":"tool_calls")"), choice(R"("finish_reason":null)"),
                choice(R"("finish_reason":"")")}) == FinishReason::tool_calls);
  CHECK(reason({choice(R"("finish_reason":"content_filter")")}) == FinishReason::content_filter);
  const ReplyBuilder other = read({choice(R"("finish_reason":"eos")")});
  CHECK(other.reply().finish_reason == FinishReason::other);
  CHECK(other.reply().finish_reason_text == "eos");
  CHECK(other.finished());
}

TEST_CASE(
    "chunk: a server that gives up for lack of resources makes an error, with its usage kept") {
  const ReplyBuilder builder =
      read({delta(R"("content":"par")"),
            R"({"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}})"});
  REQUIRE(builder.error());
  CHECK(builder.error()->kind == ErrorKind::overloaded);
  CHECK(builder.error()->retry_may_help);
  CHECK(builder.reply().text() == "par");
  CHECK(builder.reply().finish_reason == FinishReason::insufficient_system_resource);
  CHECK(builder.usage().current()->total_tokens == 6);
}

TEST_CASE("chunk: usage is found wherever a server puts it") {
  const auto prompt_of = [](const std::string& chunk) {
    return read({chunk}).usage().current()->prompt_tokens;
  };
  CHECK(prompt_of(R"({"choices":[],"usage":{"prompt_tokens":2}})") == 2);
  CHECK(prompt_of(R"({"x_groq":{"usage":{"prompt_tokens":2}}})") == 2);
  CHECK(prompt_of(choice(R"("usage":{"prompt_tokens":2},"delta":{})")) == 2);
}

TEST_CASE("chunk: copies of one usage are one usage") {
  const std::string usage = R"("usage":{"prompt_tokens":2,"completion_tokens":3})";
  const ReplyBuilder builder =
      read({R"({"choices":[{"delta":{},)" + usage + R"(}],"x_groq":{)" + usage + "}," + usage + "}",
            R"({"choices":[],)" + usage + "}"});
  CHECK(builder.usage().current()->completion_tokens == 3);
  CHECK_FALSE(builder.usage().regressed());
}

TEST_CASE("chunk: an error object is an error wherever it stands, and the usage beside it counts") {
  const ReplyBuilder top =
      read({delta(R"("content":"a")"), R"({"error":{"message":"boom","code":"x"},"choices":[],)"
                                       R"("usage":{"prompt_tokens":9}})"});
  REQUIRE(top.error());
  CHECK(top.error()->message.find("boom") != std::string::npos);
  CHECK(top.error()->provider_code == "x");
  CHECK(top.reply().text() == "a");
  CHECK(top.usage().current()->prompt_tokens == 9);

  CHECK(read({R"({"error":"boom"})"}).error());
  CHECK(read({R"({"x_groq":{"error":"boom"}})"}).error());
  CHECK(read({choice(R"("error":{"message":"boom"},"delta":{},"finish_reason":"error")")}).error());
  CHECK(read({R"({"object":"error","message":"boom","code":400})"}).error());
}

TEST_CASE("chunk: refusal, content filter and an unknown message are no errors") {
  const ReplyBuilder builder = read({delta(R"("refusal":"I can")"), delta(R"("refusal":"not")"),
                                     choice(R"("finish_reason":"content_filter")"),
                                     R"({"type":"ping","message":"still here"})"});
  CHECK(builder.reply().refusal == "I cannot");
  CHECK_FALSE(builder.error());
}
