// SPDX-License-Identifier: MIT
#include "wire/usage_json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

using tally::ReportedUsage;
using tally::UsageSnapshots;

namespace {

ReportedUsage read(std::string_view text) {
  const auto value = tally::parse_json(text);
  REQUIRE(value);
  return tally::read_usage(value->root(), text);
}

ReportedUsage snapshot(std::int64_t prompt, std::int64_t completion, std::int64_t total) {
  ReportedUsage usage;
  usage.prompt_tokens = prompt;
  usage.completion_tokens = completion;
  usage.total_tokens = total;
  return usage;
}

}  // namespace

TEST_CASE("usage: DeepSeek's object is read in full and kept verbatim") {
  const std::string_view text =
      R"({"prompt_tokens": 412, "completion_tokens":97,"total_tokens":509,)"
      R"("prompt_tokens_details":{"cached_tokens":256},)"
      R"("completion_tokens_details":{"reasoning_tokens":41},)"
      R"("prompt_cache_hit_tokens":256,"prompt_cache_miss_tokens":156})";
  const ReportedUsage usage = read(text);
  CHECK(usage.prompt_tokens == 412);
  CHECK(usage.completion_tokens == 97);
  CHECK(usage.total_tokens == 509);
  CHECK(usage.prompt_cache_hit_tokens == 256);
  CHECK(usage.prompt_cache_miss_tokens == 156);
  CHECK(usage.cached_tokens == 256);
  CHECK(usage.reasoning_tokens == 41);
  CHECK_FALSE(usage.cache_write_tokens);
  CHECK_FALSE(usage.bad_count);
  CHECK_FALSE(usage.reported_cost);
  CHECK(usage.raw == text);
}

TEST_CASE("usage: every spelling of cached tokens is understood") {
  CHECK(read(R"({"cached_tokens":7})").cached_tokens == 7);
  CHECK(read(R"({"prompt_tokens_details":{"cached_tokens":7}})").cached_tokens == 7);
  CHECK(read(R"({"prompt_tokens_details":null,"cached_tokens":7})").cached_tokens == 7);
  CHECK(
      read(R"({"prompt_tokens_details":{"cached_tokens":null},"cached_tokens":7})").cached_tokens ==
      7);
}

TEST_CASE("usage: every spelling of cache writes is understood") {
  CHECK(read(R"({"prompt_tokens_details":{"cache_write_tokens":5}})").cache_write_tokens == 5);
  CHECK(read(R"({"cache_write_tokens":5})").cache_write_tokens == 5);
  CHECK(read(R"({"cache_creation_input_tokens":5})").cache_write_tokens == 5);
  CHECK(read(R"({"prompt_tokens_details":{"cache_creation_input_tokens":5}})").cache_write_tokens ==
        5);
}

TEST_CASE("usage: reasoning may stand in the details or at the top") {
  CHECK(read(R"({"completion_tokens_details":{"reasoning_tokens":9}})").reasoning_tokens == 9);
  CHECK(read(R"({"completion_tokens_details":null,"reasoning_tokens":9})").reasoning_tokens == 9);
}

TEST_CASE("usage: absent and null are unknown, an explicit 0 is 0") {
  const ReportedUsage usage = read(R"({"prompt_tokens":null,"completion_tokens":0})");
  CHECK_FALSE(usage.prompt_tokens);
  CHECK(usage.completion_tokens == 0);
  CHECK_FALSE(usage.total_tokens);
  CHECK_FALSE(usage.bad_count);
}

TEST_CASE("usage: a count that is no count is absent and flagged, the others stay") {
  for (const char* count : {"\"12\"", "12.5", "12.0", "1e3", "-1", "9007199254740993", "true", "{}",
                            "[12]", "99999999999999999999999"}) {
    CAPTURE(count);
    const ReportedUsage usage =
        read(R"({"prompt_tokens":)" + std::string(count) + R"(,"completion_tokens":3})");
    CHECK_FALSE(usage.prompt_tokens);
    CHECK(usage.completion_tokens == 3);
    CHECK(usage.bad_count);
  }
  CHECK(read(R"({"prompt_tokens":9007199254740992})").prompt_tokens == 9007199254740992);
}

TEST_CASE("usage: details that are no object are passed over") {
  const ReportedUsage usage = read(R"({"prompt_tokens":1,"prompt_tokens_details":"none"})");
  CHECK(usage.prompt_tokens == 1);
  CHECK_FALSE(usage.bad_count);
}

TEST_CASE("usage: audio and pictures are read where servers count them") {
  CHECK(read(R"({"prompt_tokens":4,"audio_prompt_tokens":300})").audio_prompt_tokens == 300);
  const auto openai = read(R"({"prompt_tokens":81,"prompt_tokens_details":{"cached_tokens":20,
      "audio_tokens":69,"image_tokens":3,"cached_tokens_details":{"audio_tokens":5}},
      "completion_tokens":9,"completion_tokens_details":{"audio_tokens":6,"image_tokens":2}})");
  CHECK(openai.audio_input_tokens == 69);
  CHECK(openai.image_input_tokens == 3);
  CHECK(openai.audio_cached_tokens == 5);
  CHECK(openai.audio_output_tokens == 6);
  CHECK(openai.image_output_tokens == 2);
  const auto silent = read(R"({"prompt_tokens":81,"prompt_tokens_details":null})");
  CHECK(silent.audio_input_tokens == 0);
  CHECK_FALSE(silent.audio_cached_tokens);
  CHECK(read(R"({"prompt_tokens_details":{"audio_tokens":"many"}})").bad_count);
}

TEST_CASE("usage: a part that cannot be read leaves the bill open, and its sum as it is") {
  for (const char* details :
       {R"("prompt_tokens_details":{"audio_tokens":"many"})",
        R"("completion_tokens_details":{"image_tokens":-1})", R"("audio_prompt_tokens":1.5)",
        R"("cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":[]})"}) {
    const tally::Usage usage =
        tally::normalize(read(R"({"prompt_tokens":80,"completion_tokens":9,"total_tokens":89,)" +
                              std::string(details) + "}"),
                         tally::provider_named("openai"));
    CHECK(usage.prompt_tokens == 80);
    CHECK(usage.billed.output == 9);
    const std::vector expected{tally::Anomaly::bad_count, tally::Anomaly::other_modality};
    CHECK_MESSAGE(usage.anomalies == expected, details);
  }
}

TEST_CASE("usage: writes into the cache are told apart by how long they last") {
  const auto anthropic = read(R"({"prompt_tokens":81,"cache_creation_input_tokens":40,
      "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":30}})");
  CHECK(anthropic.cache_write_tokens == 40);
  CHECK(anthropic.cache_write_1h_tokens == 30);
  const auto litellm = read(R"({"prompt_tokens":81,"prompt_tokens_details":{
      "cache_creation_token_details":{"ephemeral_5m_input_tokens":10,
      "ephemeral_1h_input_tokens":30}}})");
  CHECK(litellm.cache_write_tokens == 40);
  CHECK(litellm.cache_write_1h_tokens == 30);
  CHECK(read(R"({"cache_write_tokens":7})").cache_write_1h_tokens == 0);
  const auto both = read(R"({"prompt_tokens":81,"cache_creation":null,"prompt_tokens_details":{
      "cache_creation_token_details":{"ephemeral_1h_input_tokens":30}}})");
  CHECK(both.cache_write_1h_tokens == 30);
}

TEST_CASE("usage: what is billed beside tokens is read under the names that catalogues use") {
  const auto units = [](const std::string& usage) {
    std::string text;
    for (const tally::BilledUnit& unit : read(usage).units) {
      text += unit.name + ' ' + (unit.count ? std::to_string(*unit.count) : "?") + ' ';
    }
    return text;
  };
  CHECK(units(R"({"prompt_tokens":4})").empty());
  CHECK(units(R"({"server_tool_use":{"web_search_requests":3}})") == "search_query 3 ");
  CHECK(units(R"({"server_tool_use_details":{"web_search_requests":0}})") == "search_query 0 ");
  CHECK(units(R"({"num_sources_used":5})") == "search_source 5 ");
  // Perplexity: one search is in every answer, and the research counts its own.
  CHECK(units(R"({"search_context_size":"low"})") == "search_query_low 1 ");
  CHECK(units(R"({"search_context_size":"vast"})").empty());
  CHECK(units(R"({"citation_tokens":20016,"num_search_queries":18})") ==
        "search_query 18 citation_token 20016 ");
  CHECK(units(R"({"prompt_audio_seconds":203})") == "audio_second 203 ");
  CHECK(units(R"({"prompt_audio_seconds":203,"audio_prompt_tokens":375})").empty());
  CHECK(units(R"({"prompt_audio_seconds":{}})").empty());
  CHECK(read(R"({"num_sources_used":-5})").bad_count);
  CHECK(units(R"({"num_sources_used":-5})") == "search_source ? ");
  CHECK(units(R"({"server_tool_use":{"web_search_requests":"three"}})") == "search_query ? ");
  CHECK(units(R"({"num_search_queries":null,"citation_tokens":1.5})") == "citation_token ? ");
}

TEST_CASE("usage: a provider's own cost is kept digit by digit") {
  const auto openrouter = read(R"({"cost":0.00012345678901234})").reported_cost;
  REQUIRE(openrouter);
  CHECK(openrouter->text == "0.00012345678901234");
  CHECK(to_string(openrouter->money) == "$0.00012345678901234");
  CHECK_FALSE(openrouter->rounded);

  const auto small = read(R"({"cost":6.6e-07})").reported_cost;
  REQUIRE(small);
  CHECK(to_string(small->money) == "$0.00000066");

  const auto long_one = read(R"({"cost":1.2345678901234567891e-1})").reported_cost;
  REQUIRE(long_one);
  CHECK(long_one->rounded);
  CHECK(to_string(long_one->money) == "$0.123456789012345679");

  const auto perplexity =
      read(R"({"cost":{"input_tokens_cost":0.001,"total_cost":0.006}})").reported_cost;
  REQUIRE(perplexity);
  CHECK(to_string(perplexity->money) == "$0.006");
}

TEST_CASE("usage: xAI's ticks are ten thousand millionths of a dollar") {
  const auto cost = read(R"({"cost_in_usd_ticks":1654500})").reported_cost;
  REQUIRE(cost);
  CHECK(cost->text == "1654500");
  CHECK(to_string(cost->money) == "$0.00016545");
}

TEST_CASE("usage: a cost that is no amount is no cost") {
  CHECK_FALSE(read(R"({"cost":null})").reported_cost);
  CHECK_FALSE(read(R"({"cost":"0.1"})").reported_cost);
  CHECK_FALSE(read(R"({"cost":-0.1})").reported_cost);
  CHECK_FALSE(read(R"({"cost":1e300})").reported_cost);
  CHECK_FALSE(read(R"({"cost_in_usd_ticks":1.5})").reported_cost);
}

TEST_CASE("usage: the tier that served is read") {
  CHECK(read(R"({"service_tier":"flex"})").service_tier == "flex");
}

TEST_CASE("usage: of several snapshots the last counts, and they are never added") {
  UsageSnapshots snapshots;
  CHECK_FALSE(snapshots.current());
  snapshots.add(snapshot(10, 1, 11));
  snapshots.add(snapshot(10, 5, 15));
  snapshots.add(snapshot(10, 5, 15));
  REQUIRE(snapshots.current());
  CHECK(snapshots.current()->completion_tokens == 5);
  CHECK_FALSE(snapshots.regressed());
}

TEST_CASE("usage: a later snapshot of the same tokens without details takes none back") {
  UsageSnapshots snapshots;
  snapshots.add(read(R"({"prompt_tokens":100,"completion_tokens":9,"cache_creation_input_tokens":20,
      "cache_creation":{"ephemeral_1h_input_tokens":15},"num_search_queries":2,
      "prompt_tokens_details":{"cached_tokens":30,"audio_tokens":40,"image_tokens":3},
      "completion_tokens_details":{"audio_tokens":6,"image_tokens":1}})"));
  snapshots.add(read(R"({"prompt_tokens":100,"completion_tokens":9,"total_tokens":109})"));
  const ReportedUsage& kept = *snapshots.current();
  CHECK(kept.total_tokens == 109);
  CHECK(kept.cached_tokens == 30);
  CHECK(kept.cache_write_tokens == 20);
  CHECK(kept.cache_write_1h_tokens == 15);
  CHECK(kept.audio_input_tokens == 40);
  CHECK(kept.image_input_tokens == 3);
  CHECK(kept.audio_output_tokens == 6);
  CHECK(kept.image_output_tokens == 1);
  REQUIRE(kept.units.size() == 1);
  CHECK(kept.units[0].count == 2);
  // Of other tokens nothing is known but what it says itself.
  snapshots.add(read(R"({"prompt_tokens":100,"completion_tokens":10,"total_tokens":110})"));
  CHECK(snapshots.current()->audio_input_tokens == 0);
  CHECK(snapshots.current()->units.empty());
}

TEST_CASE("usage: when a count falls, the whole record with more completion stays, flagged") {
  UsageSnapshots fell;
  fell.add(snapshot(10, 500, 510));
  fell.add(snapshot(90, 3, 93));
  CHECK(fell.current()->completion_tokens == 500);
  CHECK(fell.current()->prompt_tokens == 10);
  CHECK(fell.regressed());

  UsageSnapshots prompt_fell;
  prompt_fell.add(snapshot(90, 3, 93));
  prompt_fell.add(snapshot(10, 500, 510));
  CHECK(prompt_fell.current()->completion_tokens == 500);
  CHECK(prompt_fell.current()->prompt_tokens == 10);
  CHECK(prompt_fell.regressed());
}

TEST_CASE("usage: an empty snapshot after a full one takes nothing back") {
  UsageSnapshots snapshots;
  snapshots.add(snapshot(10, 5, 15));
  snapshots.add(ReportedUsage());
  CHECK(snapshots.current()->completion_tokens == 5);
}
