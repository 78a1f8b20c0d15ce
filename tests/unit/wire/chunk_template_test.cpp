// SPDX-License-Identifier: MIT
#include "wire/chunk_template.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "wire/chunk_reader.hpp"
#include "wire/reply_builder.hpp"

using namespace std::string_view_literals;
using tally::ChunkTemplates;
using tally::DeltaRecord;
using tally::Message;
using tally::ReplyBuilder;

namespace {

/// One stream that is read twice: by the general path alone, and with the fast path before it.
class BothPaths {
 public:
  /// Whether the fast path took the chunk.
  bool read(std::string_view chunk) {
    const bool readable = read_generally(chunk, general_);
    DeltaRecord record;
    const bool accepted = templates_.read(chunk, fast_.reply().message, record);
    if (accepted) {
      CHECK(readable);
      fast_.note(record);
    } else if (read_generally(chunk, fast_)) {
      templates_.learn(chunk, last_tool());
    }
    check_same();
    return accepted;
  }

  const Message& message() const { return fast_.reply().message; }

 private:
  static bool read_generally(std::string_view chunk, ReplyBuilder& builder) {
    const auto value = tally::parse_json(chunk);
    if (!value || !value->root().is_object()) return false;
    tally::read_chunk(value->root(), chunk, tally::ChunkForm::event, builder);
    return true;
  }

  std::optional<std::uint32_t> last_tool() const {
    if (fast_deltas_.empty() || fast_deltas_.back().kind != DeltaRecord::Kind::tool_call) return {};
    return fast_deltas_.back().tool;
  }

  void check_same() const {
    const tally::Reply& a = general_.reply();
    const tally::Reply& b = fast_.reply();
    CHECK(a.message.content == b.message.content);
    CHECK(a.message.reasoning_content == b.message.reasoning_content);
    REQUIRE(a.message.tool_calls.size() == b.message.tool_calls.size());
    for (std::size_t i = 0; i < a.message.tool_calls.size(); ++i) {
      CHECK(a.message.tool_calls[i].id == b.message.tool_calls[i].id);
      CHECK(a.message.tool_calls[i].name == b.message.tool_calls[i].name);
      CHECK(a.message.tool_calls[i].arguments == b.message.tool_calls[i].arguments);
      CHECK(a.message.tool_calls[i].extra == b.message.tool_calls[i].extra);
    }
    CHECK(a.id == b.id);
    CHECK(a.model == b.model);
    CHECK(a.created == b.created);
    CHECK(a.system_fingerprint == b.system_fingerprint);
    CHECK(a.service_tier == b.service_tier);
    CHECK(a.refusal == b.refusal);
    CHECK(a.logprobs == b.logprobs);
    CHECK(a.finish_reason_text == b.finish_reason_text);
    CHECK(general_.error().has_value() == fast_.error().has_value());
    CHECK(general_.size() == fast_.size());
    CHECK(general_.output_deltas() == fast_.output_deltas());
    REQUIRE(general_deltas_.size() == fast_deltas_.size());
    if (general_deltas_.empty()) return;
    const DeltaRecord& x = general_deltas_.back();
    const DeltaRecord& y = fast_deltas_.back();
    CHECK(x.kind == y.kind);
    CHECK(x.id_length == y.id_length);
    CHECK(x.name_length == y.name_length);
    CHECK(x.tool == y.tool);
    CHECK(x.offset == y.offset);
    CHECK(x.length == y.length);
  }

  std::vector<DeltaRecord> general_deltas_;
  std::vector<DeltaRecord> fast_deltas_;
  ReplyBuilder general_{&general_deltas_};
  ReplyBuilder fast_{&fast_deltas_};
  ChunkTemplates templates_;
};

std::string with(std::string_view chunk, std::string_view piece) {
  std::string out(chunk);
  while (true) {
    const std::size_t at = out.find("<>");
    if (at == std::string::npos) return out;
    out.replace(at, 2, piece);
  }
}

constexpr std::string_view deepseek_text =
    R"({"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion.chunk","created":1770000000,)"
    R"("model":"deepseek-flash","system_fingerprint":"fp_058df29938","choices":[{"index":0,)"
    R"("delta":{"content":"<>"},"logprobs":null,"finish_reason":null}],"usage":null})";
constexpr std::string_view deepseek_reasoning =
    R"({"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion.chunk","created":1770000000,)"
    R"("model":"deepseek-flash","system_fingerprint":"fp_058df29938","choices":[{"index":0,)"
    R"("delta":{"content":null,"reasoning_content":"<>"},"logprobs":null,"finish_reason":null}],"usage":null})";
constexpr std::string_view openai =
    R"({"id":"chatcmpl-B1","object":"chat.completion.chunk","created":1770000000,"model":"gpt",)"
    R"("service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"<>"},)"
    R"("logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"<>x"})";
constexpr std::string_view groq =
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1771438841,"model":"openai/gpt-oss-120b",)"
    R"("system_fingerprint":"fp_c8","choices":[{"index":0,"delta":{"reasoning":"<>","channel":"analysis"},)"
    R"("logprobs":null,"finish_reason":null}]})";
constexpr std::string_view groq_tagged =
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1771438841,"model":"llama",)"
    R"("choices":[{"index":0,"delta":{"content":"<>"},"logprobs":null,"finish_reason":null}],)"
    R"("x_groq":{"id":"req_1","usage":null,"debug":{"usage":7}}})";
constexpr std::string_view openrouter =
    R"({"id":"gen-1","provider":"X","model":"x/y","object":"chat.completion.chunk","created":1770000000,)"
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"<>","reasoning_details":)"
    R"([]},"finish_reason":null,)"
    R"("native_finish_reason":null,"logprobs":null}]})";
constexpr std::string_view llama_cpp =
    R"({"choices":[{"finish_reason":null,"index":0,"delta":{"content":"<>"}}],"created":1770000000,)"
    R"("id":"chatcmpl-9","model":"gpt-oss","system_fingerprint":"b6000","object":"chat.completion.chunk"})";
constexpr std::string_view arguments =
    R"({"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)"
    R"({"tool_calls":[{"index":0,"function":{"arguments":"<>"}}]},"logprobs":null,"finish_reason":null}]})";
constexpr std::string_view call_begins =
    R"({"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)"
    R"({"tool_calls":[{"index":0,"id":"<>","type":"function","function":{"name":"f","arguments":""}}]},)"
    R"("logprobs":null,"finish_reason":null}]})";

constexpr std::string_view shapes[] = {deepseek_text, deepseek_reasoning, openai,    groq,
                                       groq_tagged,   openrouter,         llama_cpp, arguments};

}  // namespace

TEST_CASE("chunk template: after one chunk of a shape, those like it are read without the parser") {
  for (const auto shape : shapes) {
    CAPTURE(shape);
    BothPaths paths;
    if (shape == arguments) paths.read(with(call_begins, "call_1"));
    CHECK_FALSE(paths.read(with(shape, "Hello")));
    CHECK(paths.read(with(shape, ",")));
    CHECK(paths.read(with(shape, " a longer piece than eight bytes, in plain ASCII.")));
    CHECK(paths.read(with(shape, "w\xC3\xB6rld \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x9A\x80")));
    CHECK(paths.read(with(shape, R"(\n\t\"\\\/\b\f\r \u0041\u00e9\u4F60\ud83d\ude80)")));
    const Message& message = paths.message();
    std::string read = message.content + message.reasoning_content.value_or("");
    if (!message.tool_calls.empty()) read += message.tool_calls[0].arguments;
    CHECK(read ==
          "Hello, a longer piece than eight bytes, in plain ASCII."
          "w\xC3\xB6rld \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x9A\x80"
          "\n\t\"\\/\b\f\r A\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x9A\x80");
  }
}

TEST_CASE("chunk template: what is not surely the general path's answer is declined") {
  for (const auto shape : {deepseek_text, openai}) {
    BothPaths paths;
    paths.read(with(shape, "Hello"));
    for (const auto piece :
         {""sv, "\xFF"sv, "\xE4\xBD"sv, "\xED\xA0\x80"sv, R"(\ud83d)"sv, R"(\ude80)"sv,
          R"(\ude80\ude80)"sv, R"(\ud83d\ud83d)"sv, R"(\ud83d\u0041)"sv, R"(\x)"sv, R"(\u12g4)"sv,
          R"(\u123)"sv, "a\nb"sv, "a\0b"sv, "\x1F"sv, R"(\)"sv, R"(a"b)"sv, R"(","x":")"sv,
          R"("},"logprobs":{"a":1}," ":{" ":")"sv}) {
      CAPTURE(piece);
      CHECK_FALSE(paths.read(with(shape, piece)));
    }
    CHECK(paths.read(with(shape, "still")));
    CHECK_FALSE(paths.read(with(shape, "cut").substr(0, 100)));
    CHECK_FALSE(paths.read(with(shape, "more") + " "));
    CHECK_FALSE(paths.read(""));
    CHECK(paths.read(with(shape, "still")));
  }
}

TEST_CASE("chunk template: text and reasoning alternate without the parser") {
  BothPaths paths;
  paths.read(with(deepseek_reasoning, "a"));
  paths.read(with(deepseek_text, "b"));
  for (int i = 0; i < 3; ++i) {
    CHECK(paths.read(with(deepseek_reasoning, "c")));
    CHECK(paths.read(with(deepseek_text, "d")));
  }
  CHECK(paths.message().content == "bddd");
  CHECK(*paths.message().reasoning_content == "accc");
}

TEST_CASE("chunk template: a chunk that says more than its piece is never a template") {
  for (
      const auto chunk : {
          R"({"choices":[{"index":0,"delta":{"content":"<>"},"finish_reason":"stop"}]})"sv,
          R"({"choices":[{"index":1,"delta":{"content":"<>"}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}},{"index":1,"delta":{"content":"x"}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>","reasoning":"<>"}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>","refusal":"no"}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>","extra_content":{"k":1}}}]})"sv,
          R"({"choices":[{"delta":{"reasoning":"<>","reasoning_details":[{"text":"<>"}]}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"},"logprobs":{"content":[]}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"usage":{"total_tokens":1}})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"},"usage":{"total_tokens":1}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"x_groq":{"usage":{"total_tokens":1}}})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"x_groq":{"id":"r","error":"<>"}})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"x_groq":"r"})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"error":{"message":"<>"}})"sv,
          R"({"choices":[{"index":0,"delta":{"content":"<>"}}],"object":"error"})"sv,
          R"({"choices":[{"index":0,"delta":{"cont\u0065nt":"<>"}}]})"sv,
          R"({"choices":[{"index":0,"message":{"content":"<>"}}]})"sv,
          R"({"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"<>"}]}}]})"sv,
          R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"<>"}}]}}]})"sv,
      }) {
    CAPTURE(chunk);
    BothPaths paths;
    for (int i = 0; i < 3; ++i) CHECK_FALSE(paths.read(with(chunk, "a")));
  }
}

TEST_CASE("chunk template: another id, model or second of creation drops what was learned") {
  BothPaths paths;
  const std::string a = R"({"id":"a","created":1,"choices":[{"index":0,"delta":{"content":"x"}}]})";
  const std::string b = R"({"id":"a","created":2,"choices":[{"index":0,"delta":{"content":"x"}}]})";
  paths.read(a);
  CHECK(paths.read(a));
  CHECK_FALSE(paths.read(b));
  CHECK_FALSE(paths.read(a));
  CHECK(paths.read(a));
}

TEST_CASE(
    "chunk template: pieces of arguments go to the call that was begun last under their index") {
  BothPaths paths;
  paths.read(with(call_begins, "call_1"));
  paths.read(with(arguments, "{"));
  CHECK(paths.read(with(arguments, "}")));
  // A server that numbers every call 0.
  paths.read(with(call_begins, "call_2"));
  CHECK_FALSE(paths.read(with(arguments, "[")));
  CHECK(paths.read(with(arguments, "]")));
  REQUIRE(paths.message().tool_calls.size() == 2);
  CHECK(paths.message().tool_calls[0].arguments == "{}");
  CHECK(paths.message().tool_calls[1].arguments == "[]");
}

TEST_CASE(
    "chunk template: a piece of arguments whose call is not known is left to the general path") {
  ChunkTemplates templates;
  Message message;
  DeltaRecord record;
  templates.learn(with(arguments, "a"));
  CHECK_FALSE(templates.read(with(arguments, "a"), message, record));
  templates.learn(with(arguments, "a"), 3);
  CHECK_FALSE(templates.read(with(arguments, "a"), message, record));
  CHECK(message.tool_calls.empty());
}

TEST_CASE("chunk template: whatever byte of a chunk is changed, the answer is the general path's") {
  const std::string_view replacements[] = {"",  "\"", "\\", "{", "}",    "[",    "]",
                                           ",", ":",  "0",  "x", "\0"sv, "\xFF", "\xC3"};
  std::size_t accepted = 0;
  for (const auto shape : shapes) {
    const std::string chunk = with(shape, R"(a\n\u00e9)");
    for (std::size_t at = 0; at < chunk.size(); ++at) {
      std::vector<std::string> mutants;
      for (const auto by : replacements) mutants.push_back(std::string(chunk).replace(at, 1, by));
      mutants.push_back(std::string(chunk).insert(at, 1, chunk[at]));
      mutants.push_back(chunk.substr(0, at));
      mutants.push_back(chunk.substr(0, at) + chunk.substr(chunk.size() - at / 2));
      BothPaths paths;
      if (shape == arguments) paths.read(with(call_begins, "call_1"));
      for (const std::string& mutant : mutants) {
        CAPTURE(mutant);
        paths.read(chunk);
        accepted += paths.read(mutant);
        // And what was learned from the mutant does not spoil what follows.
        paths.read(mutant);
        paths.read(with(shape, "z"));
      }
    }
  }
  CHECK(accepted > 100);
}
