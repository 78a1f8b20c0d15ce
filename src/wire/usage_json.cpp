// SPDX-License-Identifier: MIT
#include "wire/usage_json.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

using Count = std::optional<std::int64_t>;

// Beyond this a server that works in doubles no longer counts by one.
constexpr std::int64_t largest_count = std::int64_t{1} << 53;

/// Reads counts of one object, and remembers whether one of them made no sense.
class CountReader {
 public:
  /// The first of `names` that is there and not null.
  template <class... Names>
  static const JsonValue* find(const JsonValue* object, Names... names) {
    if (object == nullptr) return nullptr;
    for (const std::string_view name : {std::string_view(names)...}) {
      const JsonValue* value = object->find(name);
      if (value != nullptr && !value->is_null()) return value;
    }
    return nullptr;
  }
  template <class... Names>
  Count read(const JsonValue* object, Names... names) {
    const JsonValue* value = find(object, names...);
    return value != nullptr ? read_value(*value) : std::nullopt;
  }
  /// A part of another count. One that is there and unreadable is -1, which `normalize` finds out.
  std::int64_t read_part(const JsonValue* object, std::string_view name) {
    const JsonValue* value = find(object, name);
    return value != nullptr ? read_value(*value).value_or(-1) : 0;
  }
  Count read_value(const JsonValue& value) {
    const Count count = value.as_int();
    if (count && *count >= 0 && *count <= largest_count) return count;
    bad_ = true;
    return std::nullopt;
  }
  bool bad() const { return bad_; }

 private:
  bool bad_ = false;
};

std::optional<ReportedCost> dollars(const JsonValue* number) {
  if (number == nullptr || number->type != JsonType::number) return std::nullopt;
  ReportedCost cost;
  const Result<Decimal> amount = Decimal::parse_rounded(number->text, &cost.rounded);
  if (!amount || amount->is_negative()) return std::nullopt;
  cost.money = {*amount, usd};
  cost.text = number->text;
  return cost;
}

/// xAI counts in ticks of 10^-10 dollars.
std::optional<ReportedCost> ticks(const JsonValue* number) {
  constexpr std::int64_t ticks_per_dollar = 10'000'000'000;
  const Count count = number != nullptr ? number->as_int() : std::nullopt;
  if (!count || *count < 0) return std::nullopt;
  const std::optional<Decimal> amount = checked_divide(Decimal{*count, 0}, ticks_per_dollar);
  if (!amount) return std::nullopt;
  return ReportedCost{{*amount, usd}, std::string(number->text), false};
}

std::optional<ReportedCost> read_cost(const JsonValue& usage) {
  const JsonValue* cost = usage.find("cost");
  // Perplexity splits its cost in an object.
  if (cost != nullptr && cost->is_object()) cost = cost->find("total_cost");
  if (auto stated = dollars(cost)) return stated;
  return ticks(usage.find("cost_in_usd_ticks"));
}

/// What is kept for an hour, of what was written: Anthropic's split, where servers pass it on.
struct CacheWrites {
  Count all;
  std::int64_t for_an_hour = 0;
};

CacheWrites read_writes(CountReader& counts, const JsonValue& usage, const JsonValue* prompt) {
  CacheWrites writes;
  writes.all = counts.read(prompt, "cache_write_tokens", "cache_creation_input_tokens");
  if (!writes.all) {
    writes.all = counts.read(&usage, "cache_write_tokens", "cache_creation_input_tokens");
  }
  const JsonValue* split = usage.find("cache_creation");
  if ((split == nullptr || split->is_null()) && prompt != nullptr) {
    split = prompt->find("cache_creation_token_details");
  }
  const Count brief = counts.read(split, "ephemeral_5m_input_tokens");
  const Count hour = counts.read(split, "ephemeral_1h_input_tokens");
  writes.for_an_hour = counts.read_part(split, "ephemeral_1h_input_tokens");
  if (!writes.all && (brief || hour)) writes.all = brief.value_or(0) + hour.value_or(0);
  return writes;
}

/// What servers count beside tokens, and bill.
void read_units(CountReader& counts, const JsonValue& usage, ReportedUsage& read) {
  // One that is there and unreadable was used, nobody knows how often.
  const auto add = [&](std::string name, const JsonValue* count) {
    if (count) read.units.push_back({std::move(name), counts.read_value(*count)});
  };
  const JsonValue* searches = counts.find(&usage, "num_search_queries");
  for (const std::string_view name : {"server_tool_use", "server_tool_use_details"}) {
    if (!searches) searches = counts.find(usage.find(name), "web_search_requests");
  }
  std::string search = "search_query";
  const std::string_view* size = usage.find_string("search_context_size");
  if (size != nullptr && (*size == "low" || *size == "medium" || *size == "high")) {
    search.append("_").append(*size);
    // Perplexity says so of an answer whose fee is that of one search.
    if (!searches) read.units.push_back({search, 1});
  }
  add(std::move(search), searches);
  add("search_source", counts.find(&usage, "num_sources_used"));
  add("citation_token", counts.find(&usage, "citation_tokens"));
  // Where the same audio is counted in tokens, it is not billed twice.
  if (read.audio_prompt_tokens > 0 || read.audio_input_tokens > 0) return;
  const JsonValue* seconds = usage.find("prompt_audio_seconds");
  if (seconds != nullptr && seconds->type == JsonType::number) {
    add("audio_second", seconds);
  }
}

bool fell(Count before, Count after) { return before && after && *after < *before; }

bool any_fell(const ReportedUsage& before, const ReportedUsage& after) {
  return fell(before.prompt_tokens, after.prompt_tokens) ||
         fell(before.completion_tokens, after.completion_tokens) ||
         fell(before.total_tokens, after.total_tokens) ||
         fell(before.prompt_cache_hit_tokens, after.prompt_cache_hit_tokens) ||
         fell(before.prompt_cache_miss_tokens, after.prompt_cache_miss_tokens) ||
         fell(before.cached_tokens, after.cached_tokens) ||
         fell(before.cache_write_tokens, after.cache_write_tokens) ||
         fell(before.reasoning_tokens, after.reasoning_tokens);
}

/// A later object of the same tokens that has only their sums takes no detail back.
void keep_details(const ReportedUsage& before, ReportedUsage& after) {
  if (before.prompt_tokens != after.prompt_tokens) return;
  if (before.completion_tokens != after.completion_tokens) return;
  if (!after.cached_tokens && !after.prompt_cache_hit_tokens && !after.prompt_cache_miss_tokens) {
    after.cached_tokens = before.cached_tokens;
    after.prompt_cache_hit_tokens = before.prompt_cache_hit_tokens;
    after.prompt_cache_miss_tokens = before.prompt_cache_miss_tokens;
  }
  if (!after.cache_write_tokens) after.cache_write_tokens = before.cache_write_tokens;
  if (!after.reasoning_tokens) after.reasoning_tokens = before.reasoning_tokens;
  if (!after.total_tokens) after.total_tokens = before.total_tokens;
  if (!after.audio_cached_tokens) after.audio_cached_tokens = before.audio_cached_tokens;
  using Part = std::int64_t ReportedUsage::*;
  for (const Part part :
       {&ReportedUsage::audio_prompt_tokens, &ReportedUsage::audio_input_tokens,
        &ReportedUsage::image_input_tokens, &ReportedUsage::audio_output_tokens,
        &ReportedUsage::image_output_tokens, &ReportedUsage::cache_write_1h_tokens}) {
    if (after.*part == 0) after.*part = before.*part;
  }
  if (after.units.empty()) after.units = before.units;
}

bool says_anything(const ReportedUsage& usage) {
  return usage.prompt_tokens || usage.completion_tokens || usage.total_tokens;
}

}  // namespace

ReportedUsage read_usage(const JsonValue& usage, std::string_view text) {
  const JsonValue* prompt = usage.find("prompt_tokens_details");
  const JsonValue* completion = usage.find("completion_tokens_details");
  CountReader counts;
  const auto either = [&counts](Count first, const JsonValue& object, auto... names) {
    return first ? first : counts.read(&object, names...);
  };

  ReportedUsage read;
  read.prompt_tokens = counts.read(&usage, "prompt_tokens");
  read.completion_tokens = counts.read(&usage, "completion_tokens");
  read.total_tokens = counts.read(&usage, "total_tokens");
  read.prompt_cache_hit_tokens = counts.read(&usage, "prompt_cache_hit_tokens");
  read.prompt_cache_miss_tokens = counts.read(&usage, "prompt_cache_miss_tokens");
  read.cached_tokens = either(counts.read(prompt, "cached_tokens"), usage, "cached_tokens");
  const CacheWrites writes = read_writes(counts, usage, prompt);
  read.cache_write_tokens = writes.all;
  read.cache_write_1h_tokens = writes.for_an_hour;
  read.reasoning_tokens =
      either(counts.read(completion, "reasoning_tokens"), usage, "reasoning_tokens");
  read.audio_prompt_tokens = counts.read_part(&usage, "audio_prompt_tokens");
  read.audio_input_tokens = counts.read_part(prompt, "audio_tokens");
  read.image_input_tokens = counts.read_part(prompt, "image_tokens");
  read.audio_output_tokens = counts.read_part(completion, "audio_tokens");
  read.image_output_tokens = counts.read_part(completion, "image_tokens");
  if (prompt != nullptr) {
    read.audio_cached_tokens = counts.read(prompt->find("cached_tokens_details"), "audio_tokens");
  }
  read_units(counts, usage, read);
  read.bad_count = counts.bad();
  read.reported_cost = read_cost(usage);
  if (const std::string_view* tier = usage.find_string("service_tier")) read.service_tier = *tier;
  read.raw = text.substr(usage.begin, usage.end - usage.begin);
  return read;
}

void UsageSnapshots::add(ReportedUsage snapshot) {
  if (!current_) {
    current_ = std::make_unique<ReportedUsage>(std::move(snapshot));
    return;
  }
  // An empty object after a full one takes nothing back.
  if (!says_anything(snapshot) && says_anything(*current_)) return;
  if (any_fell(*current_, snapshot)) {
    regressed_ = true;
    if (fell(current_->completion_tokens, snapshot.completion_tokens)) return;
  }
  keep_details(*current_, snapshot);
  *current_ = std::move(snapshot);
}

}  // namespace TALLY_ABI
}  // namespace tally
