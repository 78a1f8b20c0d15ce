// SPDX-License-Identifier: MIT
#include "answers.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

// As JSON holds them: mostly plain words, some with escapes or outside of ASCII, as in real
// answers.
constexpr std::string_view words[] = {
    " the",          " river",  " is", " of",    "\\n\\n", " water", ",",   " and", " 2,850",
    " km",           ".",       " It", " flows", " \\\"",  "Dan",    "ube", "\\\"", " na\xC3\xAFve",
    " \xE6\xB2\xB3", " through"};
constexpr std::string_view argument_words[] = {"{\\\"",      "city", "\\\": \\\"", "Vien", "na",
                                               "\\\", \\\"", "days", "\\\": ",     "3",    "}"};
constexpr std::string_view paddings[] = {"iDSW0nkb", "xh903Ge",  "46zD4jjRT", "eY1L",
                                         "H57",      "5nJQYS5N", "y8NL11M8x", "Q"};

template <std::size_t count>
std::string_view pick(const std::string_view (&from)[count], std::int64_t index) {
  return from[static_cast<std::size_t>(index) % count];
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

constexpr std::string_view deepseek_front =
    R"(data: {"id":"4fdc4d8c-bc64-4776-8e72-13bf76a27cb3","object":"chat.completion.chunk",)"
    R"("created":1795000000,"model":"deepseek-flash","system_fingerprint":)"
    R"("fp_8b330d02d0_prod0820_fp8_kvcache_20260402","choices":[{"index":0,"delta":)";
constexpr std::string_view openai_front =
    R"(data: {"id":"chatcmpl-DcaTx4s57Qr0XXoHq09Rrf69niiB6","object":"chat.completion.chunk",)"
    R"("created":1795000000,"model":"gpt-5.4-2026-03-05","service_tier":"default",)"
    R"("system_fingerprint":null,"choices":[{"index":0,"delta":)";
constexpr std::string_view openrouter_front =
    R"(data: {"id":"gen-1795000000-gzdkDdqHdFpE5HXAnyM1","object":"chat.completion.chunk",)"
    R"("created":1795000000,"model":"google/gemini-3.1-flash-lite","provider":"Google AI Studio",)"
    R"("choices":[{"index":0,"delta":)";
constexpr std::string_view groq_front =
    R"(data: {"id":"chatcmpl-7eb08824-fb8d-47af-a1f0-3aa786f2d1f3","object":)"
    R"("chat.completion.chunk","created":1795000000,"model":"llama-3.3-70b-versatile",)"
    R"("system_fingerprint":"fp_f8b414701e","choices":[{"index":0,"delta":)";
constexpr std::string_view deepseek_end =
    "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";

std::string chunk(ChunkKind kind, std::int64_t index) {
  const std::string_view word = pick(words, index);
  switch (kind) {
    case ChunkKind::text:
      return joined({deepseek_front, R"({"content":")", word, "\"", deepseek_end});
    case ChunkKind::reasoning:
      return joined(
          {deepseek_front, R"({"content":null,"reasoning_content":")", word, "\"", deepseek_end});
    case ChunkKind::arguments:
      return joined({deepseek_front, R"({"tool_calls":[{"index":0,"function":{"arguments":")",
                     pick(argument_words, index), "\"}}]", deepseek_end});
    case ChunkKind::openai:
      return joined({openai_front, R"({"content":")", word,
                     R"("},"finish_reason":null}],"usage":null,"obfuscation":")",
                     pick(paddings, index), "\"}\n\n"});
    case ChunkKind::openrouter:
      return joined({openrouter_front, R"({"content":")", word,
                     R"(","role":"assistant"},"finish_reason":null,"native_finish_reason":null}]})",
                     "\n\n"});
    case ChunkKind::groq:
      return joined({groq_front, R"({"content":")", word,
                     R"("},"logprobs":null,"finish_reason":null}],)",
                     R"("x_groq":{"id":"req_01kh52"}})", "\n\n"});
  }
  return {};
}

std::string first_chunk(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::text:
      return joined({deepseek_front, R"({"role":"assistant","content":"")", deepseek_end});
    case ChunkKind::reasoning:
      return joined({deepseek_front, R"({"role":"assistant","content":null,"reasoning_content":"")",
                     deepseek_end});
    case ChunkKind::arguments:
      return joined({deepseek_front,
                     R"({"role":"assistant","tool_calls":[{"index":0,"id":"call_00_kX2","type":)"
                     R"("function","function":{"name":"weather","arguments":""}}])",
                     deepseek_end});
    case ChunkKind::openai:
      return joined({openai_front, R"({"role":"assistant","content":"","refusal":null},)",
                     R"("finish_reason":null}],"usage":null,"obfuscation":"3L"})", "\n\n"});
    case ChunkKind::openrouter:
      return joined({openrouter_front, R"({"content":"","role":"assistant"},)",
                     R"("finish_reason":null,"native_finish_reason":null}]})", "\n\n"});
    case ChunkKind::groq:
      return joined({groq_front, R"({"role":"assistant","content":""},"logprobs":null,)",
                     R"("finish_reason":null}],"x_groq":{"id":"req_01kh52","seed":1535227698}})",
                     "\n\n"});
  }
  return {};
}

std::string_view front_of(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::text:
    case ChunkKind::reasoning:
    case ChunkKind::arguments:
      return deepseek_front;
    case ChunkKind::openai:
      return openai_front;
    case ChunkKind::openrouter:
      return openrouter_front;
    case ChunkKind::groq:
      return groq_front;
  }
  return {};
}

std::string last_chunk(ChunkKind kind) {
  const std::string_view reason = kind == ChunkKind::arguments ? "tool_calls" : "stop";
  return joined({front_of(kind), R"({},"finish_reason":")", reason,
                 R"("}],"usage":{"prompt_tokens":100000,"completion_tokens":2000,"total_tokens":)"
                 R"(102000,"prompt_tokens_details":{"cached_tokens":80000},)"
                 R"("completion_tokens_details":{"reasoning_tokens":0},)"
                 R"("prompt_cache_hit_tokens":80000,"prompt_cache_miss_tokens":20000}})",
                 "\n\ndata: [DONE]\n\n"});
}

std::string document(std::string_view text) {
  return joined(
      {R"({"id":"4fdc4d8c-bc64-4776-8e72-13bf76a27cb3","object":"chat.completion","created":)",
       R"(1795000000,"model":"deepseek-flash","choices":[{"index":0,"message":{"role":)",
       R"("assistant","content":")", text, R"("},"logprobs":null,)",
       R"("finish_reason":"stop"}],"usage":{"prompt_tokens":18,"completion_tokens":42,)",
       R"("total_tokens":60,"prompt_tokens_details":{"cached_tokens":0},)",
       R"("completion_tokens_details":{"reasoning_tokens":0},"prompt_cache_hit_tokens":0,)",
       R"("prompt_cache_miss_tokens":18},"system_fingerprint":"fp_8b330d02d0_prod0820"})"});
}

std::string response(std::string_view document) {
  return joined({"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                 std::to_string(document.size()), "\r\n\r\n", document});
}

std::string frame(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return joined({size, bytes, "\r\n"});
}

}  // namespace

std::string_view to_string(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::text:
      return "text";
    case ChunkKind::reasoning:
      return "reasoning";
    case ChunkKind::arguments:
      return "arguments";
    case ChunkKind::openai:
      return "openai";
    case ChunkKind::openrouter:
      return "openrouter";
    case ChunkKind::groq:
      return "groq";
  }
  return {};
}

ChunkKind chunk_kind_named(std::string_view name) {
  for (const ChunkKind kind : chunk_kinds) {
    if (to_string(kind) == name) return kind;
  }
  return ChunkKind::text;
}

PreparedStream prepare_stream(ChunkKind kind) {
  PreparedStream stream;
  stream.head = first_chunk(kind);
  stream.block = ": keep-alive\n\n";
  for (std::int64_t i = 0; i < PreparedStream::chunks_per_block; ++i)
    stream.block += chunk(kind, i);
  stream.tail = last_chunk(kind);
  return stream;
}

std::string text_event(std::string_view text) {
  return joined({deepseek_front, R"({"content":")", text, "\"", deepseek_end});
}

std::string small_answer() { return response(document("The Danube, the Rhine and the Elbe.")); }

std::string answer_of(std::int64_t text_bytes) {
  std::string text;
  for (std::int64_t i = 0; static_cast<std::int64_t>(text.size()) < text_bytes; ++i) {
    text += pick(words, i);
  }
  return response(document(text));
}

std::string framed(std::string_view bytes, Framing framing) {
  constexpr std::size_t piece_bytes = 16384;
  std::string out;
  while (!bytes.empty()) {
    std::size_t length = std::min(bytes.size(), piece_bytes);
    if (framing == Framing::events) {
      const std::size_t end = bytes.find("\n\n");
      length = end == bytes.npos ? bytes.size() : end + 2;
    }
    out += frame(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return out;
}

std::string large_catalog(int models) {
  std::string text =
      R"({"schema":"tally.prices/1","catalog_version":"bench","generated_at":)"
      R"("2026-11-21T22:20:00Z","calendars":{"holidays":{"tz":"Asia/Shanghai","utc_offset_min":)"
      R"(480,"covers":["2026-01-01","2026-12-31"],"days":["2026-10-01..2026-10-07"],"source":)"
      R"({"name":"n","url":"https://example.com","verified_at":"2026-11-21"}}},"schedules":)"
      R"({"workdays":{"billing_instant":"completed","default_band":"offpeak","windows":[{"band":)"
      R"("peak","start":"01:00","end":"04:00","tz":"UTC","weekdays":[1,2,3,4,5],)"
      R"("weekday_offset_min":480,"except_calendar":"holidays"}]}},"models":[)";
  for (int i = 0; i < models; ++i) {
    const std::string number = std::to_string(i);
    if (i > 0) text += ",\n";
    text += joined({R"({"provider":"deepseek","model":"model-)", number,
                    R"(","note":"Made up.","entries":[{"id":"entry-)", number,
                    R"(-a","currency":"USD","from":"2026-01-01T00:00:00Z","to":)"
                    R"("2026-06-01T00:00:00Z","kind":"list","unit":1000000,"rates":{"default":)"
                    R"({"input_cache_hit":"0.014","input_cache_miss":"0.14","output":"0.28"}},)"
                    R"("confidence":"high","source":{"name":"n","url":"https://example.com",)"
                    R"("verified_at":"2026-11-21"}},{"id":"entry-)",
                    number,
                    R"(-b","currency":"USD","from":"2026-06-01T00:00:00Z","to":null,"kind":)"
                    R"("list","schedule":"workdays","unit":1000000,"rates":{"peak":)"
                    R"({"input_cache_hit":"0.028","input_cache_miss":"0.28","output":"0.56"},)"
                    R"("offpeak":{"input_cache_hit":"0.014","input_cache_miss":"0.14","output":)"
                    R"("0.28"}},"confidence":"high","source":{"name":"n","url":)"
                    R"("https://example.com","verified_at":"2026-11-21"}}]})"});
  }
  return text + "],\"aliases\":[]}";
}

}  // namespace bench
