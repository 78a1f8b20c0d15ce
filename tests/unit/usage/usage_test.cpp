// SPDX-License-Identifier: MIT
#include "tally/usage.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace {

using tally::Anomaly;
using tally::normalize;
using tally::provider_named;
using tally::ReportedUsage;
using tally::Usage;
using tally::UsageSource;

using Anomalies = std::vector<Anomaly>;

ReportedUsage reported(std::int64_t prompt, std::int64_t completion, std::int64_t total) {
  ReportedUsage usage;
  usage.prompt_tokens = prompt;
  usage.completion_tokens = completion;
  usage.total_tokens = total;
  return usage;
}

Usage read(const ReportedUsage& usage, const char* provider = "deepseek") {
  return normalize(usage, provider_named(provider));
}

TEST_CASE("usage: DeepSeek's pair of hits and misses is what is billed") {
  auto seen = reported(401, 61, 462);
  seen.prompt_cache_hit_tokens = 320;
  seen.prompt_cache_miss_tokens = 81;
  seen.cached_tokens = 320;
  seen.reasoning_tokens = 54;
  const Usage usage = read(seen);
  CHECK(usage.prompt_tokens == 401);
  CHECK(usage.prompt_cache_hit_tokens == 320);
  CHECK(usage.prompt_cache_miss_tokens == 81);
  CHECK(usage.completion_tokens == 61);
  CHECK(usage.reasoning_tokens == 54);
  CHECK(usage.total_tokens == 462);
  CHECK(usage.billed.cache_hit == 320);
  CHECK(usage.billed.cache_miss == 81);
  CHECK(usage.billed.cache_write == 0);
  CHECK(usage.billed.output == 61);
  CHECK(usage.source == UsageSource::provider);
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: cached tokens under two names are billed once") {
  auto seen = reported(100, 10, 110);
  seen.prompt_cache_hit_tokens = 64;
  seen.cached_tokens = 64;
  const Usage usage = read(seen);
  CHECK(usage.billed.cache_hit == 64);
  CHECK(usage.billed.cache_miss == 36);
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: where the two names disagree, the pair that sums to the prompt is right") {
  auto seen = reported(100, 10, 110);
  seen.prompt_cache_hit_tokens = 64;
  seen.prompt_cache_miss_tokens = 36;
  for (const std::int64_t other_name : {30, 90}) {
    seen.cached_tokens = other_name;
    CHECK(read(seen).billed.cache_hit == 64);
    CHECK(read(seen).billed.cache_miss == 36);
    CHECK(read(seen).anomalies.empty());
  }
}

TEST_CASE("usage: where the two names disagree and nothing sums, the dearer reading is billed") {
  auto seen = reported(100, 10, 110);
  seen.prompt_cache_hit_tokens = 64;
  seen.cached_tokens = 90;
  const Usage usage = read(seen);
  CHECK(usage.billed.cache_hit == 64);
  CHECK(usage.billed.cache_miss == 36);
  CHECK(usage.anomalies == Anomalies{Anomaly::prompt_split_mismatch});
}

TEST_CASE("usage: a server that is silent about caching is billed at the full price") {
  const Usage usage = read(reported(100, 10, 110), "openai");
  CHECK(usage.billed.cache_miss == 100);
  CHECK(usage.billed.cache_hit == 0);
  CHECK_FALSE(usage.prompt_cache_hit_tokens.has_value());
  CHECK_FALSE(usage.prompt_cache_miss_tokens.has_value());
  CHECK_FALSE(usage.cache_write_tokens.has_value());
  CHECK_FALSE(usage.reasoning_tokens.has_value());
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: an explicit zero is a zero, not an absence") {
  auto seen = reported(100, 0, 100);
  seen.cached_tokens = 0;
  seen.reasoning_tokens = 0;
  const Usage usage = read(seen, "openai");
  CHECK(usage.prompt_cache_hit_tokens == 0);
  CHECK(usage.prompt_cache_miss_tokens == 100);
  CHECK(usage.reasoning_tokens == 0);
  CHECK(usage.billed.output == 0);
}

TEST_CASE("usage: cache writes are a bucket of their own inside the prompt") {
  auto seen = reported(3000, 200, 3200);
  seen.cached_tokens = 500;
  seen.cache_write_tokens = 2000;
  const Usage usage = read(seen, "alibaba");
  CHECK(usage.billed.cache_hit == 500);
  CHECK(usage.billed.cache_write == 2000);
  CHECK(usage.billed.cache_miss == 500);
  CHECK(usage.cache_write_tokens == 2000);
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: misses that include the writes, and misses beside them, both add up") {
  auto seen = reported(1000, 10, 1010);
  seen.prompt_cache_hit_tokens = 300;
  seen.cache_write_tokens = 500;
  seen.prompt_cache_miss_tokens = 700;
  CHECK(read(seen).billed.cache_miss == 200);
  CHECK(read(seen).anomalies.empty());
  seen.prompt_cache_miss_tokens = 200;
  CHECK(read(seen).billed.cache_miss == 200);
  CHECK(read(seen).anomalies.empty());
}

TEST_CASE("usage: tokens that were both read and written are billed as both") {
  auto seen = reported(2168, 100, 2268);  // OpenRouter's Gemini; its own cost agrees.
  seen.cached_tokens = 2161;
  seen.cache_write_tokens = 2161;
  const Usage usage = read(seen, "openrouter");
  CHECK(usage.billed.cache_hit == 2161);
  CHECK(usage.billed.cache_write == 2161);
  CHECK(usage.billed.cache_miss == 7);
  CHECK(usage.anomalies == Anomalies{Anomaly::prompt_split_mismatch});
}

TEST_CASE("usage: hits and misses short of the prompt are filled up with misses") {
  auto seen = reported(100, 10, 110);
  seen.prompt_cache_hit_tokens = 60;
  seen.prompt_cache_miss_tokens = 30;
  const Usage usage = read(seen);
  CHECK(usage.billed.cache_hit == 60);
  CHECK(usage.billed.cache_miss == 40);
  CHECK(usage.anomalies == Anomalies{Anomaly::prompt_split_mismatch});
}

TEST_CASE("usage: hits and misses beyond the prompt are billed as reported") {
  auto seen = reported(100, 10, 110);
  seen.prompt_cache_hit_tokens = 60;
  seen.prompt_cache_miss_tokens = 70;
  const Usage usage = read(seen);
  CHECK(usage.billed.cache_hit == 60);
  CHECK(usage.billed.cache_miss == 70);
  CHECK(usage.anomalies == Anomalies{Anomaly::prompt_split_mismatch});
}

TEST_CASE("usage: more cached than prompt is clamped to the prompt") {
  auto seen = reported(7, 10, 17);  // Grok on Azure.
  seen.cached_tokens = 160;
  const Usage usage = read(seen, "azure");
  CHECK(usage.prompt_cache_hit_tokens == 7);
  CHECK(usage.billed.cache_hit == 7);
  CHECK(usage.billed.cache_miss == 0);
  CHECK(usage.anomalies == Anomalies{Anomaly::cached_gt_prompt});
}

TEST_CASE("usage: reasoning is a part of completion and is not billed again") {
  auto seen = reported(100, 60, 160);
  seen.reasoning_tokens = 50;
  CHECK(read(seen).billed.output == 60);
}

TEST_CASE("usage: more reasoning than completion is clamped") {
  auto seen = reported(100, 6000, 6100);
  seen.reasoning_tokens = 6001;
  const Usage usage = read(seen);
  CHECK(usage.billed.output == 6000);
  CHECK(usage.reasoning_tokens == 6000);
  CHECK(usage.anomalies == Anomalies{Anomaly::reasoning_gt_completion});
}

TEST_CASE("usage: xAI's reasoning stands beside its completion and is billed") {
  auto seen = reported(32, 9, 355);
  seen.reasoning_tokens = 314;
  const Usage usage = read(seen, "xai");
  CHECK(usage.completion_tokens == 323);
  CHECK(usage.billed.output == 323);
  CHECK(usage.reasoning_tokens == 314);
  CHECK(usage.total_tokens == 355);
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: Gemini's hidden thoughts are billed by the total") {
  const Usage usage = read(reported(35, 12, 109), "gemini");
  CHECK(usage.billed.output == 74);
  CHECK(usage.completion_tokens == 74);
  CHECK_FALSE(usage.reasoning_tokens.has_value());
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: without a total, reasoning beside completion is added to it") {
  ReportedUsage seen;
  seen.prompt_tokens = 32;
  seen.completion_tokens = 9;
  seen.reasoning_tokens = 314;
  CHECK(read(seen, "xai").billed.output == 323);
  CHECK(read(seen, "xai").anomalies.empty());
}

TEST_CASE("usage: a total that is larger than its parts is flagged where no rule explains it") {
  const Usage usage = read(reported(35, 12, 109), "openai");
  CHECK(usage.billed.output == 12);
  CHECK(usage.total_tokens == 109);
  CHECK(usage.anomalies == Anomalies{Anomaly::total_residual});
}

TEST_CASE("usage: audio that is counted beside the prompt is a part of it here") {
  auto seen = reported(10, 20, 405);
  seen.audio_prompt_tokens = 375;
  Usage usage = read(seen, "mistral");
  CHECK(usage.prompt_tokens == 385);
  CHECK(usage.billed.cache_miss == 385);
  CHECK(usage.billed.parts.audio_miss == 375);
  CHECK(usage.billed.output == 20);
  CHECK(usage.anomalies.empty());
  seen.total_tokens = 406;
  CHECK(read(seen, "mistral").anomalies == Anomalies{Anomaly::total_residual});
  // The total says that the 15 are among the 20.
  seen = reported(20, 5, 25);
  seen.audio_prompt_tokens = 15;
  usage = read(seen, "mistral");
  CHECK(usage.prompt_tokens == 20);
  CHECK(usage.billed.parts.audio_miss == 15);
}

TEST_CASE("usage: audio that is counted in both spellings is billed once") {
  auto seen = reported(385, 20, 405);
  seen.audio_prompt_tokens = 375;
  seen.audio_input_tokens = 375;
  const Usage usage = read(seen, "mistral");
  CHECK(usage.billed.cache_miss == 385);
  CHECK(usage.billed.parts.audio_miss == 375);  // And 10 of text.
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: audio and pictures are parts of the prompt and of the output") {
  auto seen = reported(81, 72, 153);
  seen.audio_input_tokens = 60;
  seen.image_input_tokens = 9;
  seen.audio_output_tokens = 50;
  seen.image_output_tokens = 2;
  const Usage usage = read(seen);
  CHECK(usage.billed.cache_miss == 81);  // Of which 12 are text.
  CHECK(usage.billed.parts.audio_miss == 60);
  CHECK(usage.billed.parts.image_miss == 9);
  CHECK(usage.billed.output == 72);
  CHECK(usage.billed.parts.audio_output == 50);
  CHECK(usage.billed.parts.image_output == 2);
  CHECK(usage.anomalies.empty());
}

TEST_CASE("usage: where nobody says what was cached it was text, and then what is left of it") {
  auto seen = reported(100, 10, 110);
  seen.audio_input_tokens = 60;
  seen.cached_tokens = 30;
  Usage usage = read(seen);
  CHECK(usage.billed.parts.audio_hit == 0);
  CHECK(usage.billed.parts.audio_miss == 60);
  CHECK(usage.anomalies == Anomalies{Anomaly::cached_kind_unknown});

  seen.audio_cached_tokens = 25;
  usage = read(seen);
  CHECK(usage.billed.parts.audio_hit == 25);
  CHECK(usage.billed.parts.audio_miss == 35);
  CHECK(usage.anomalies.empty());

  // All was cached: nothing is left to be told.
  seen.audio_cached_tokens.reset();
  seen.cached_tokens = 100;
  usage = read(seen);
  CHECK(usage.billed.parts.audio_hit == 60);
  CHECK(usage.billed.parts.audio_miss == 0);
  CHECK(usage.anomalies.empty());

  // 60 of audio beside 40 of text, and 70 cached: at least 30 of them were audio.
  seen.cached_tokens = 70;
  usage = read(seen);
  CHECK(usage.billed.parts.audio_hit == 30);
  CHECK(usage.billed.parts.audio_miss == 30);
}

TEST_CASE("usage: more audio than there are tokens is said, and never more than all of them") {
  auto seen = reported(50, 10, 60);
  seen.audio_input_tokens = 51;
  CHECK(read(seen).billed.parts.audio_miss == 50);
  CHECK(read(seen).anomalies == Anomalies{Anomaly::other_modality});
  seen = reported(50, 10, 60);
  seen.audio_output_tokens = 8;
  seen.image_output_tokens = 3;
  CHECK(read(seen).billed.parts.audio_output == 8);
  CHECK(read(seen).billed.parts.image_output == 2);
  CHECK(read(seen).anomalies == Anomalies{Anomaly::other_modality});
  seen = reported(50, 10, 60);
  seen.audio_input_tokens = -1;
  CHECK(read(seen).billed.parts.audio_miss == 0);
  CHECK(read(seen).anomalies == Anomalies{Anomaly::bad_count, Anomaly::other_modality});
}

TEST_CASE("usage: what is kept for an hour is a part of what was written") {
  auto seen = reported(100, 10, 110);
  seen.cache_write_tokens = 40;
  seen.cache_write_1h_tokens = 30;
  CHECK(read(seen).billed.cache_write == 40);
  CHECK(read(seen).billed.parts.write_1h == 30);
  seen.cache_write_1h_tokens = 41;
  CHECK(read(seen).billed.parts.write_1h == 40);
}

TEST_CASE("usage: parts and units of two attempts add up; one that was not counted stays so") {
  auto seen = reported(100, 10, 110);
  seen.audio_input_tokens = 60;
  seen.units = {{"search_query", 2}, {"page", 1}};
  const Usage a = read(seen);
  seen.units = {{"search_query", 3}, {"page", std::nullopt}, {"search_source", 4}};
  const Usage both = sum(a, read(seen));
  CHECK(both.billed.parts.audio_miss == 120);
  REQUIRE(both.units.size() == 3);
  CHECK(both.units[0].count == 5);
  CHECK_FALSE(both.units[1].count);
  CHECK(both.units[2].count == 4);
}

TEST_CASE("usage: a total that is smaller than its parts is overruled by them") {
  for (const char* provider : {"deepseek", "xai"}) {
    const Usage usage = read(reported(100, 20, 110), provider);
    CHECK(usage.billed.cache_miss == 100);
    CHECK(usage.billed.output == 20);
    CHECK(usage.total_tokens == 120);
    CHECK(usage.anomalies == Anomalies{Anomaly::total_short});
  }
}

TEST_CASE("usage: an unknown prompt stays unknown") {
  ReportedUsage seen;
  seen.completion_tokens = 10;
  seen.cached_tokens = 64;
  const Usage usage = read(seen);
  CHECK_FALSE(usage.prompt_tokens.has_value());
  CHECK_FALSE(usage.billed.cache_miss.has_value());
  CHECK(usage.billed.cache_hit == 64);
  CHECK(usage.billed.output == 10);
  CHECK_FALSE(usage.total_tokens.has_value());
}

TEST_CASE("usage: an unknown completion stays unknown, whatever the reasoning says") {
  ReportedUsage seen;
  seen.prompt_tokens = 100;
  seen.reasoning_tokens = 7;
  for (const char* provider : {"deepseek", "xai"}) {
    const Usage usage = read(seen, provider);
    CHECK_FALSE(usage.completion_tokens.has_value());
    CHECK_FALSE(usage.billed.output.has_value());
    CHECK(usage.reasoning_tokens == 7);
    CHECK(usage.billed.cache_miss == 100);
  }
}

TEST_CASE("usage: an object without a single count is no usage") {
  ReportedUsage seen;
  seen.raw = "{}";
  const Usage usage = read(seen);
  CHECK(usage.source == UsageSource::none);
  CHECK_FALSE(usage.billed.output.has_value());
  CHECK_FALSE(usage.billed.cache_miss.has_value());
  CHECK(usage.raw == "{}");
}

TEST_CASE("usage: counts that cannot be true are absent and flagged") {
  CHECK(read(reported(-1, 10, 9)).anomalies == Anomalies{Anomaly::bad_count});
  CHECK_FALSE(read(reported(-1, 10, 9)).prompt_tokens.has_value());
  constexpr std::int64_t largest = std::int64_t{1} << 53;
  CHECK(read(reported(largest, largest, 2)).billed.output == largest);
  CHECK_FALSE(read(reported(largest + 1, 1, 2)).prompt_tokens.has_value());
  auto seen = reported(1, std::numeric_limits<std::int64_t>::max(), 2);
  seen.reasoning_tokens = std::numeric_limits<std::int64_t>::min();
  CHECK_FALSE(read(seen, "xai").reasoning_tokens.has_value());
  seen = reported(100, 10, 110);
  seen.bad_count = true;
  CHECK(read(seen).anomalies == Anomalies{Anomaly::bad_count});
}

TEST_CASE("usage: what the server said beside the counts is carried over") {
  auto seen = reported(100, 10, 110);
  seen.service_tier = "flex";
  seen.raw = R"({"prompt_tokens":100})";
  seen.reported_cost = tally::ReportedCost{{{0, 16545}, tally::usd}, "1.6545e-14", false};
  const Usage usage = read(seen);
  CHECK(usage.service_tier == "flex");
  CHECK(usage.raw == R"({"prompt_tokens":100})");
  REQUIRE(usage.reported_cost);
  CHECK(usage.reported_cost->money.amount.attos == 16545);
  CHECK(usage.reported_cost->text == "1.6545e-14");
}

TEST_CASE("usage: attempts add up, and an absent count adds nothing") {
  auto first = read(reported(100, 10, 110));
  auto other = reported(200, 20, 220);
  other.cached_tokens = 64;
  other.reasoning_tokens = 5;
  const Usage both = sum(first, read(other));
  CHECK(both.prompt_tokens == 300);
  CHECK(both.completion_tokens == 30);
  CHECK(both.total_tokens == 330);
  CHECK(both.prompt_cache_hit_tokens == 64);
  CHECK(both.prompt_cache_miss_tokens == 136);
  CHECK(both.reasoning_tokens == 5);
  CHECK(both.billed.cache_miss == 236);
  CHECK(both.billed.cache_hit == 64);
  CHECK(both.billed.output == 30);
  CHECK_FALSE(both.cache_write_tokens.has_value());
  CHECK(both.source == UsageSource::provider);
}

TEST_CASE("usage: the sum with an attempt that has no usage is the other attempt") {
  auto seen = reported(100, 10, 110);
  seen.raw = "{...}";
  seen.service_tier = "default";
  for (const Usage& both : {sum(Usage(), read(seen)), sum(read(seen), Usage())}) {
    CHECK(both.prompt_tokens == 100);
    CHECK(both.source == UsageSource::provider);
    CHECK(both.raw == "{...}");
    CHECK(both.service_tier == "default");
  }
}

TEST_CASE("usage: measured and estimated attempts give a mixed sum") {
  Usage estimated;
  estimated.source = UsageSource::estimator;
  estimated.billed.output = 40;
  const Usage both = sum(read(reported(100, 10, 110)), estimated);
  CHECK(both.source == UsageSource::mixed);
  CHECK(both.billed.output == 50);
  CHECK(sum(both, estimated).source == UsageSource::mixed);
  CHECK(sum(estimated, estimated).source == UsageSource::estimator);
}

TEST_CASE("usage: a sum keeps each anomaly once, and only texts that hold for all") {
  auto seen = reported(7, 10, 17);
  seen.cached_tokens = 160;
  seen.service_tier = "flex";
  seen.raw = "{1}";
  auto other = seen;
  other.service_tier = "default";
  other.raw = "{2}";
  const Usage both = sum(read(seen), read(other));
  CHECK(both.anomalies == Anomalies{Anomaly::cached_gt_prompt});
  CHECK(both.service_tier.empty());
  CHECK(both.raw.empty());
  CHECK(sum(read(seen), read(seen)).service_tier == "flex");
}

TEST_CASE("usage: the providers' own costs add up within one currency only") {
  auto seen = reported(1, 1, 2);
  seen.reported_cost = tally::ReportedCost{{{0, 500000000000000000}, tally::usd}, "0.5", false};
  auto other = seen;
  other.reported_cost->rounded = true;
  const Usage both = sum(read(seen), read(other));
  REQUIRE(both.reported_cost);
  CHECK(both.reported_cost->money.amount == tally::Decimal{1, 0});
  CHECK(both.reported_cost->text == "1");
  CHECK(both.reported_cost->rounded);
  other.reported_cost->money.currency = tally::cny;
  CHECK_FALSE(sum(read(seen), read(other)).reported_cost.has_value());
}

TEST_CASE("usage: a sum beyond 64 bits stays at the largest number") {
  Usage huge;
  huge.billed.output = std::numeric_limits<std::int64_t>::max();
  CHECK(sum(huge, huge).billed.output == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("usage: states, sources and anomalies have the ledger's names") {
  CHECK(to_string(tally::BillState::reserved) == "reserved");
  CHECK(to_string(tally::BillState::settled) == "settled");
  CHECK(to_string(tally::BillState::estimated) == "estimated");
  CHECK(to_string(tally::BillState::partial) == "partial");
  CHECK(to_string(tally::BillState::unpriced) == "unpriced");
  CHECK(to_string(tally::BillState::not_billed) == "not_billed");
  CHECK(to_string(UsageSource::none) == "none");
  CHECK(to_string(UsageSource::provider) == "provider");
  CHECK(to_string(UsageSource::estimator) == "estimator");
  CHECK(to_string(UsageSource::mixed) == "mixed");
  CHECK(to_string(Anomaly::prompt_split_mismatch) == "prompt_split_mismatch");
  CHECK(to_string(Anomaly::cached_gt_prompt) == "cached_gt_prompt");
  CHECK(to_string(Anomaly::reasoning_gt_completion) == "reasoning_gt_completion");
  CHECK(to_string(Anomaly::total_residual) == "total_residual");
  CHECK(to_string(Anomaly::total_short) == "total_short");
  CHECK(to_string(Anomaly::bad_count) == "bad_count");
  CHECK(to_string(Anomaly::usage_regressed) == "usage_regressed");
  CHECK(to_string(Anomaly::other_modality) == "other_modality");
  CHECK(to_string(Anomaly::cached_kind_unknown) == "cached_kind_unknown");
}

}  // namespace
