// SPDX-License-Identifier: MIT
#include "tally/usage.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Count = std::optional<std::int64_t>;

// A count outside of what JSON numbers carry exactly is no count; the arithmetic below relies on
// it.
Count checked(Count count, bool& bad) {
  constexpr std::int64_t largest = std::int64_t{1} << 53;
  if (!count || (*count >= 0 && *count <= largest)) return count;
  bad = true;
  return std::nullopt;
}

void check(ReportedUsage& reported, bool& bad_part) {
  for (Count* count :
       {&reported.prompt_tokens, &reported.completion_tokens, &reported.total_tokens,
        &reported.prompt_cache_hit_tokens, &reported.prompt_cache_miss_tokens,
        &reported.cached_tokens, &reported.cache_write_tokens, &reported.reasoning_tokens}) {
    *count = checked(*count, reported.bad_count);
  }
  for (std::int64_t* count : {&reported.audio_prompt_tokens, &reported.audio_input_tokens,
                              &reported.image_input_tokens, &reported.audio_output_tokens,
                              &reported.image_output_tokens, &reported.cache_write_1h_tokens}) {
    const Count part = checked(*count, bad_part);
    *count = part.value_or(0);
  }
  reported.bad_count = reported.bad_count || bad_part;
  reported.audio_cached_tokens = checked(reported.audio_cached_tokens, reported.bad_count);
  for (BilledUnit& unit : reported.units) unit.count = checked(unit.count, reported.bad_count);
}

// Mistral counts a prompt's audio beside its text, and both in the total.
void take_audio_into_prompt(ReportedUsage& r) {
  if (r.audio_prompt_tokens == 0) return;
  const bool is_inside = r.total_tokens && r.prompt_tokens && r.completion_tokens &&
                         *r.total_tokens == *r.prompt_tokens + *r.completion_tokens;
  if (r.prompt_tokens && !is_inside) *r.prompt_tokens += r.audio_prompt_tokens;
  // A server that spells it both ways counts it once.
  r.audio_input_tokens = std::max(r.audio_input_tokens, r.audio_prompt_tokens);
}

bool any_count(const ReportedUsage& r) {
  return r.prompt_tokens || r.completion_tokens || r.total_tokens || r.prompt_cache_hit_tokens ||
         r.prompt_cache_miss_tokens || r.cached_tokens || r.cache_write_tokens ||
         r.reasoning_tokens;
}

void note(Usage& usage, Anomaly anomaly) {
  auto& all = usage.anomalies;
  if (std::find(all.begin(), all.end(), anomaly) == all.end()) all.push_back(anomaly);
}

// DeepSeek writes the cached tokens twice, under two names. They are one quantity: where the two
// disagree, the pair that sums to the prompt is right, and otherwise the smaller bills the more.
Count cached_of(Usage& usage, const ReportedUsage& r) {
  if (!r.prompt_cache_hit_tokens) return r.cached_tokens;
  const std::int64_t hit = *r.prompt_cache_hit_tokens;
  const std::int64_t cached = r.cached_tokens.value_or(hit);
  const bool pair_sums = r.prompt_tokens && r.prompt_cache_miss_tokens &&
                         hit + *r.prompt_cache_miss_tokens == *r.prompt_tokens;
  if (hit == cached || pair_sums) return hit;
  note(usage, Anomaly::prompt_split_mismatch);
  return std::min(hit, cached);
}

void split_prompt(Usage& usage, const ReportedUsage& r) {
  const Count cached = cached_of(usage, r);
  const Count reported_miss = r.prompt_cache_miss_tokens;
  usage.cache_write_tokens = r.cache_write_tokens;
  usage.billed.cache_write = r.cache_write_tokens;
  if (!r.prompt_tokens) {  // Then nothing can be checked or derived.
    usage.billed.cache_hit = usage.prompt_cache_hit_tokens = cached;
    usage.billed.cache_miss = usage.prompt_cache_miss_tokens = reported_miss;
    return;
  }

  const std::int64_t prompt = *r.prompt_tokens;
  const std::int64_t write = r.cache_write_tokens.value_or(0);
  if (cached && *cached > prompt) note(usage, Anomaly::cached_gt_prompt);
  const std::int64_t hit = std::min(cached.value_or(0), prompt);
  // OpenRouter reported 2,161 tokens of 2,168 as both read and written, and charged for both and
  // for the 7 left over: where the two do not fit side by side, they overlap.
  std::int64_t miss = prompt - hit - write;
  if (miss < 0) miss = std::max<std::int64_t>(prompt - std::max(hit, write), 0);
  // Writes may be counted beside the misses or among them; both ways the parts add up.
  const std::int64_t said = hit + reported_miss.value_or(miss);
  const bool adds_up = said == prompt || said + write == prompt;
  if (!adds_up) miss = std::max(miss, reported_miss.value_or(0));
  if (!adds_up || hit + miss + write != prompt) note(usage, Anomaly::prompt_split_mismatch);

  usage.billed.cache_hit = hit;
  usage.billed.cache_miss = miss;
  usage.billed.cache_write = write;
  if (cached || reported_miss) usage.prompt_cache_hit_tokens = hit;
  if (cached || reported_miss || r.cache_write_tokens) usage.prompt_cache_miss_tokens = miss;
}

/// `count`, or what fits into `room`.
std::int64_t fitted(Usage& usage, std::int64_t count, std::int64_t room) {
  if (count > room) note(usage, Anomaly::other_modality);
  return std::min(count, room);
}

// Counts of audio say nothing of the cache, and counts of the cache nothing of audio. Where both
// are there, text is what was cached: audio loses more by it, so that this bills the more.
void split_prompt_by_kind(Usage& usage, const ReportedUsage& r) {
  BilledTokens& billed = usage.billed;
  BilledTokens::Parts& parts = billed.parts;
  const std::int64_t hit = billed.cache_hit.value_or(0);
  const std::int64_t miss = billed.cache_miss.value_or(0);
  parts.write_1h = std::min(r.cache_write_1h_tokens, billed.cache_write.value_or(0));
  const std::int64_t audio = fitted(usage, r.audio_input_tokens, hit + miss);
  const std::int64_t least_hit = std::max<std::int64_t>(audio - miss, 0);
  const std::int64_t most_hit = std::min(audio, hit);
  parts.audio_hit = std::clamp(r.audio_cached_tokens.value_or(least_hit), least_hit, most_hit);
  parts.audio_miss = audio - parts.audio_hit;
  if (!r.audio_cached_tokens && least_hit != most_hit) note(usage, Anomaly::cached_kind_unknown);
  // Pictures that do not fit were cached, and a cached one has no price of its own.
  parts.image_miss = std::min(r.image_input_tokens, miss - parts.audio_miss);
}

void split_output_by_kind(Usage& usage, const ReportedUsage& r) {
  const std::int64_t output = usage.billed.output.value_or(0);
  BilledTokens::Parts& parts = usage.billed.parts;
  parts.audio_output = fitted(usage, r.audio_output_tokens, output);
  parts.image_output = fitted(usage, r.image_output_tokens, output - parts.audio_output);
}

// Where reasoning stands beside completion, or is hidden, the total is what tells the output.
Count output_beside_completion(const ReportedUsage& r) {
  if (!r.total_tokens || !r.prompt_tokens) {
    if (!r.completion_tokens) return std::nullopt;
    return *r.completion_tokens + r.reasoning_tokens.value_or(0);
  }
  const std::int64_t rest = *r.total_tokens - *r.prompt_tokens;
  return std::max({r.completion_tokens.value_or(0), rest, std::int64_t{0}});
}

void set_output(Usage& usage, const ReportedUsage& r, OutputRule rule) {
  usage.completion_tokens =
      rule == OutputRule::total_minus_prompt ? output_beside_completion(r) : r.completion_tokens;
  usage.billed.output = usage.completion_tokens;
  usage.reasoning_tokens = r.reasoning_tokens;
  if (!usage.completion_tokens || !usage.reasoning_tokens) return;
  if (*usage.reasoning_tokens > *usage.completion_tokens) {
    usage.reasoning_tokens = usage.completion_tokens;
    note(usage, Anomaly::reasoning_gt_completion);
  }
}

void compare_total(Usage& usage) {
  if (!usage.total_tokens || !usage.prompt_tokens || !usage.completion_tokens) return;
  const std::int64_t parts = *usage.prompt_tokens + *usage.completion_tokens;
  if (*usage.total_tokens > parts) note(usage, Anomaly::total_residual);
  if (*usage.total_tokens >= parts) return;
  note(usage, Anomaly::total_short);
  usage.total_tokens = parts;
}

Count add(Count a, Count b) {
  if (!a || !b) return a ? a : b;
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  return *a > largest - *b ? largest : *a + *b;
}

UsageSource mix(UsageSource a, UsageSource b) {
  if (a == b || b == UsageSource::none) return a;
  return a == UsageSource::none ? b : UsageSource::mixed;
}

// A text that says something of the whole only if one side has none, or both say the same.
std::string common_text(const std::string& a, const std::string& b) {
  if (a.empty() || a == b) return b;
  return b.empty() ? a : std::string();
}

BilledTokens add(const BilledTokens& a, const BilledTokens& b) {
  BilledTokens both;
  both.cache_miss = add(a.cache_miss, b.cache_miss);
  both.cache_hit = add(a.cache_hit, b.cache_hit);
  both.cache_write = add(a.cache_write, b.cache_write);
  both.output = add(a.output, b.output);
  using Parts = BilledTokens::Parts;
  for (std::int64_t Parts::*part : {&Parts::audio_miss, &Parts::image_miss, &Parts::audio_hit,
                                    &Parts::write_1h, &Parts::audio_output, &Parts::image_output}) {
    both.parts.*part = add(Count(a.parts.*part), Count(b.parts.*part)).value_or(0);
  }
  return both;
}

/// One that was not counted once is not counted in the sum.
std::vector<BilledUnit> add(std::vector<BilledUnit> units, const std::vector<BilledUnit>& more) {
  for (const BilledUnit& unit : more) {
    const auto same = std::find_if(units.begin(), units.end(), [&unit](const BilledUnit& other) {
      return other.name == unit.name;
    });
    if (same == units.end()) {
      units.push_back(unit);
    } else {
      same->count = same->count && unit.count ? add(same->count, unit.count) : std::nullopt;
    }
  }
  return units;
}

std::optional<ReportedCost> add(const std::optional<ReportedCost>& a,
                                const std::optional<ReportedCost>& b) {
  if (!a || !b) return a ? a : b;
  auto money = add(a->money, b->money);
  if (!money) return std::nullopt;
  return ReportedCost{*money, to_string(money->amount), a->rounded || b->rounded};
}

}  // namespace

Usage normalize(ReportedUsage reported, const Provider& provider) {
  bool bad_part = false;
  check(reported, bad_part);
  take_audio_into_prompt(reported);
  Usage usage;
  usage.prompt_tokens = reported.prompt_tokens;
  usage.total_tokens = reported.total_tokens;
  if (reported.bad_count) note(usage, Anomaly::bad_count);
  // Nobody knows how many of the tokens have another price.
  if (bad_part) note(usage, Anomaly::other_modality);
  split_prompt(usage, reported);
  split_prompt_by_kind(usage, reported);
  set_output(usage, reported, provider.output_rule);
  split_output_by_kind(usage, reported);
  compare_total(usage);
  usage.source = any_count(reported) ? UsageSource::provider : UsageSource::none;
  usage.reported_cost = std::move(reported.reported_cost);
  usage.service_tier = std::move(reported.service_tier);
  usage.raw = std::move(reported.raw);
  usage.units = std::move(reported.units);
  return usage;
}

Usage sum(const Usage& a, const Usage& b) {
  Usage both;
  both.prompt_tokens = add(a.prompt_tokens, b.prompt_tokens);
  both.prompt_cache_hit_tokens = add(a.prompt_cache_hit_tokens, b.prompt_cache_hit_tokens);
  both.prompt_cache_miss_tokens = add(a.prompt_cache_miss_tokens, b.prompt_cache_miss_tokens);
  both.cache_write_tokens = add(a.cache_write_tokens, b.cache_write_tokens);
  both.completion_tokens = add(a.completion_tokens, b.completion_tokens);
  both.reasoning_tokens = add(a.reasoning_tokens, b.reasoning_tokens);
  both.total_tokens = add(a.total_tokens, b.total_tokens);
  both.billed = add(a.billed, b.billed);
  both.units = add(a.units, b.units);
  both.source = mix(a.source, b.source);
  both.anomalies = a.anomalies;
  for (const Anomaly anomaly : b.anomalies) note(both, anomaly);
  both.reported_cost = add(a.reported_cost, b.reported_cost);
  both.service_tier = common_text(a.service_tier, b.service_tier);
  // Two objects are no object of the server's: each attempt keeps its own.
  if (a.raw.empty() || b.raw.empty()) both.raw = a.raw.empty() ? b.raw : a.raw;
  return both;
}

std::string_view to_string(BillState state) {
  switch (state) {
    case BillState::reserved:
      return "reserved";
    case BillState::settled:
      return "settled";
    case BillState::estimated:
      return "estimated";
    case BillState::partial:
      return "partial";
    case BillState::unpriced:
      return "unpriced";
    case BillState::not_billed:
      return "not_billed";
  }
  return "unknown";
}

std::string_view to_string(UsageSource source) {
  switch (source) {
    case UsageSource::none:
      return "none";
    case UsageSource::provider:
      return "provider";
    case UsageSource::estimator:
      return "estimator";
    case UsageSource::mixed:
      return "mixed";
  }
  return "unknown";
}

std::string_view to_string(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::prompt_split_mismatch:
      return "prompt_split_mismatch";
    case Anomaly::cached_gt_prompt:
      return "cached_gt_prompt";
    case Anomaly::reasoning_gt_completion:
      return "reasoning_gt_completion";
    case Anomaly::total_residual:
      return "total_residual";
    case Anomaly::total_short:
      return "total_short";
    case Anomaly::bad_count:
      return "bad_count";
    case Anomaly::usage_regressed:
      return "usage_regressed";
    case Anomaly::other_modality:
      return "other_modality";
    case Anomaly::cached_kind_unknown:
      return "cached_kind_unknown";
  }
  return "unknown";
}

}  // namespace TALLY_ABI
}  // namespace tally
