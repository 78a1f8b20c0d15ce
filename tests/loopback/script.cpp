// SPDX-License-Identifier: MIT
#include "script.hpp"

#include <cstdlib>
#include <map>

namespace loopback {
namespace {

using Setter = void (*)(Script&, const std::string&);

int number(const std::string& text) { return std::atoi(text.c_str()); }
std::chrono::milliseconds milliseconds(const std::string& text) {
  return std::chrono::milliseconds(number(text));
}

void set_usage_place(Script& script, const std::string& place) {
  script.usage = place == "extra"  ? Script::UsagePlace::extra_chunk
                 : place == "both" ? Script::UsagePlace::both
                 : place == "none" ? Script::UsagePlace::nowhere
                                   : Script::UsagePlace::finish_chunk;
}

void set_reasoning(Script& script, const std::string&) {
  script.reasoning = {"Rivers", " of", " three", " continents", "."};
  script.reasoning_tokens = 5;
  script.completion_tokens = 14;
}

void set_tools(Script& script, const std::string&) {
  script.tokens.clear();
  script.tools = {{"call_00_a", "get_weather", {"{\"city\":", " \"Vienna\"}"}},
                  {"call_01_b", "get_time", {"{\"city\": \"Cairo\"", "}"}}};
  script.completion_tokens = 30;
}

const std::map<std::string, Setter, std::less<>>& words() {
  static const std::map<std::string, Setter, std::less<>> table = {
      {"stream", [](Script& s, const std::string&) { s.shape = Script::Shape::stream; }},
      {"document", [](Script& s, const std::string&) { s.shape = Script::Shape::document; }},
      {"model", [](Script& s, const std::string& v) { s.model = v; }},
      {"reasoning", set_reasoning},
      {"tools", set_tools},
      {"finish", [](Script& s, const std::string& v) { s.finish_reason = v; }},
      {"usage", set_usage_place},
      {"no_usage_key", [](Script& s, const std::string&) { s.usage_null_key = false; }},
      {"prompt", [](Script& s, const std::string& v) { s.prompt_tokens = number(v); }},
      {"hit", [](Script& s, const std::string& v) { s.cache_hit_tokens = number(v); }},
      {"completion", [](Script& s, const std::string& v) { s.completion_tokens = number(v); }},
      {"usage_strings",
       [](Script& s, const std::string&) {
         s.usage_json =
             R"({"prompt_tokens":"eighteen","completion_tokens":"nine","total_tokens":"27"})";
       }},
      {"usage_floats",
       [](Script& s, const std::string&) {
         s.usage_json = R"({"prompt_tokens":18.5,"completion_tokens":9.25,"total_tokens":27.75})";
       }},
      {"usage_negative",
       [](Script& s, const std::string&) {
         s.usage_json = R"({"prompt_tokens":-18,"completion_tokens":-9,"total_tokens":-27})";
       }},
      {"keepalives", [](Script& s, const std::string& v) { s.keepalives = number(v); }},
      {"no_done", [](Script& s, const std::string&) { s.done = false; }},
      {"byte_by_byte", [](Script& s, const std::string&) { s.byte_by_byte = true; }},
      {"chunks_per_write", [](Script& s, const std::string& v) { s.chunks_per_write = number(v); }},
      {"head_delay_ms", [](Script& s, const std::string& v) { s.head_delay = milliseconds(v); }},
      {"keepalive_delay_ms",
       [](Script& s, const std::string& v) { s.keepalive_delay = milliseconds(v); }},
      {"delay_ms", [](Script& s, const std::string& v) { s.delay = milliseconds(v); }},
      {"status", [](Script& s, const std::string& v) { s.status = number(v); }},
      {"retry_after",
       [](Script& s, const std::string& v) { s.headers.emplace_back("Retry-After", v); }},
      {"html",
       [](Script& s, const std::string&) {
         s.body =
             "<!DOCTYPE html>\n<html><body><h1>Welcome to the hotel's network</h1></body></html>\n";
         s.content_type = "text/html";
       }},
      {"empty", [](Script& s, const std::string&) { s.body = ""; }},
      {"hang", [](Script& s, const std::string&) { s.hang = true; }},
      {"cut_after", [](Script& s, const std::string& v) { s.cut_after = number(v); }},
      {"cut_bytes",
       [](Script& s, const std::string& v) { s.cut_bytes = static_cast<std::size_t>(number(v)); }},
      {"stall_after", [](Script& s, const std::string& v) { s.stall_after = number(v); }},
      {"stall_comments", [](Script& s, const std::string&) { s.stall_with_comments = true; }},
      {"error_after", [](Script& s, const std::string& v) { s.error_after = number(v); }},
      {"garbage_chunk", [](Script& s, const std::string& v) { s.garbage_after = number(v); }},
      {"bad_utf8",
       [](Script& s, const std::string& v) { s.bad_utf8_after = v.empty() ? 1 : number(v); }},
      {"huge_mb", [](Script& s, const std::string& v) { s.huge_mb = number(v); }},
      {"deep", [](Script& s, const std::string& v) { s.deep = number(v); }},
  };
  return table;
}

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

}  // namespace

ParsedScript parse_script(Script base, std::string_view text) {
  ParsedScript parsed{std::move(base), {}};
  while (!text.empty()) {
    const auto semicolon = text.find(';');
    const std::string item = trimmed(text.substr(0, semicolon));
    text = semicolon == std::string_view::npos ? std::string_view() : text.substr(semicolon + 1);
    if (item.empty()) continue;
    const auto equals = item.find('=');
    const auto found = words().find(trimmed(item.substr(0, equals)));
    if (found == words().end()) {
      parsed.unknown_word = item;
      return parsed;
    }
    found->second(parsed.script,
                  equals == std::string::npos ? std::string() : trimmed(item.substr(equals + 1)));
  }
  return parsed;
}

}  // namespace loopback
