// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/money.hpp"
#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What the bill of an attempt is worth. Also the ledger's states.
enum class BillState {
  reserved,    ///< In flight: the outcome is not known yet.
  settled,     ///< The provider's own usage, every bucket priced.
  estimated,   ///< The request went out and no final usage came: counts are estimates, with bounds.
  partial,     ///< Some tokens have no price, or no rule explains them.
  unpriced,    ///< No price is known: there is no cost (which is not a cost of 0).
  not_billed,  ///< Provably free: refused before the provider did any work.
};

/// Where the counts come from.
enum class UsageSource { none, provider, estimator, mixed };

/// Arithmetic of the server's that does not hold. The call goes on; the server's object is kept.
enum class Anomaly {
  prompt_split_mismatch,    ///< hit + miss is not prompt.
  cached_gt_prompt,         ///< More cached than there was prompt; clamped.
  reasoning_gt_completion,  ///< More reasoning than completion, where it is a part; clamped.
  total_residual,           ///< total > prompt + completion, and no rule explains the rest.
  total_short,              ///< total < prompt + completion; the parts count.
  bad_count,        ///< A count was negative, fractional, too large or not a number; absent.
  usage_regressed,  ///< A later snapshot was smaller; the one with more completion counts.
  other_modality,   ///< More audio or pictures than there are tokens, audio that was sent and is
                    ///< nowhere counted, or a count of them that cannot be read: nowhere billed.
  cached_kind_unknown,  ///< Which of text and audio came from the cache was not told; text is
                        ///< taken, which bills the more.
};

/// The disjoint quantities that are billed: nothing stands in two of them. An absent one is
/// unknown.
struct BilledTokens {
  std::optional<std::int64_t> cache_miss;
  std::optional<std::int64_t> cache_hit;
  std::optional<std::int64_t> cache_write;
  std::optional<std::int64_t> output;  ///< Reasoning included.

  /// Parts of the four above that can have prices of their own, disjoint too; what is left of each
  /// is text.
  struct Parts {
    std::int64_t audio_miss = 0;  ///< Of `cache_miss`; so is
    std::int64_t image_miss = 0;  ///< this.
    std::int64_t audio_hit = 0;   ///< Of `cache_hit`.
    std::int64_t write_1h = 0;    ///< Of `cache_write`: what is kept for an hour.
    std::int64_t audio_output = 0;
    std::int64_t image_output = 0;
  };
  Parts parts{};
};

/// Something that is billed beside tokens, by its name in catalogues: `search_query`, `page`.
struct BilledUnit {
  std::string name;
  std::optional<std::int64_t> count;  ///< Absent: it was asked for, and nobody counted it.
};

/// A cost that the provider stated itself (OpenRouter, xAI, Perplexity). Kept beside tally's own.
struct ReportedCost {
  Money money;
  std::string text;      ///< The digits as the server wrote them.
  bool rounded = false;  ///< `text` has more than 18 decimals.
};

/// The usage of one attempt (or, in a receipt, the sum of its attempts). Plain data.
///
/// The counts have the API's names; an absent count was not reported, which is not 0. After
/// reading: prompt = hit + miss + write, reasoning is a part of completion, total = prompt +
/// completion.
struct Usage {
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> prompt_cache_hit_tokens;
  std::optional<std::int64_t> prompt_cache_miss_tokens;
  std::optional<std::int64_t> cache_write_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  std::optional<std::int64_t> total_tokens;

  BilledTokens billed;
  UsageSource source = UsageSource::none;
  std::vector<Anomaly> anomalies;
  std::optional<ReportedCost> reported_cost;
  std::string service_tier;         ///< The tier that was served, where the server said.
  std::string raw;                  ///< The server's usage object, verbatim; empty if none came.
  std::vector<BilledUnit> units{};  ///< Each name once; the request itself is not among them.
};

/// Counts as a server reported them, before any rule was applied. An input of `normalize`.
struct ReportedUsage {
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<std::int64_t> total_tokens;
  std::optional<std::int64_t> prompt_cache_hit_tokens;   ///< DeepSeek's own pair,
  std::optional<std::int64_t> prompt_cache_miss_tokens;  ///< top level.
  std::optional<std::int64_t>
      cached_tokens;  ///< `prompt_tokens_details.cached_tokens`, or top level.
  std::optional<std::int64_t> cache_write_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  std::int64_t audio_prompt_tokens = 0;  ///< Beside prompt_tokens (Mistral); inside total.
  bool bad_count = false;                ///< Some count was unreadable and is absent here.
  std::optional<ReportedCost> reported_cost;
  std::string service_tier;
  std::string raw;
  std::int64_t audio_input_tokens = 0;                ///< Inside prompt_tokens (OpenAI); so is
  std::int64_t image_input_tokens = 0;                ///< this.
  std::int64_t audio_output_tokens = 0;               ///< Inside completion_tokens; so is
  std::int64_t image_output_tokens = 0;               ///< this.
  std::optional<std::int64_t> audio_cached_tokens{};  ///< Inside cached and audio input tokens.
  std::int64_t cache_write_1h_tokens = 0;             ///< Inside cache_write_tokens.
  std::vector<BilledUnit> units{};
};

/// The rules of a dialect applied to what its server reported. Never fails: what does not fit
/// becomes an anomaly, and the larger reading is billed.
TALLY_API Usage normalize(ReportedUsage reported, const Provider& provider);

/// Adds counts for a sum over attempts: absent plus a number is the number; sources mix.
TALLY_API Usage sum(const Usage& a, const Usage& b);

/// A guess of a number of tokens. low <= likely <= high; `high` is a true bound for the text itself
/// (a token of a byte-level tokenizer covers at least one byte), hidden prompts are not in it.
struct TokenEstimate {
  std::int64_t low = 0;
  std::int64_t likely = 0;
  std::int64_t high = 0;
};

/// Estimates the tokens of UTF-8 text, one pass, by classes of characters. Mean error about 16 % on
/// mixed text (method and figures in src/README.md). An estimate plans; it never settles a bill.
TALLY_API TokenEstimate estimate_tokens(std::string_view text);

/// Estimates the tokens of an answer that was cut, from all it had brought: text, thinking and tool
/// arguments together, in so many deltas. Most servers send one token a delta, and then their
/// number is nearer to the truth than any weighing of the text; where it is too small for the text,
/// the text decides. Tokens that never arrive as text (a tool call's markup, hidden thinking) are
/// not in it.
TALLY_API TokenEstimate estimate_output(std::string_view text, std::int64_t output_deltas);

TALLY_API std::string_view to_string(BillState state);
TALLY_API std::string_view to_string(UsageSource source);
TALLY_API std::string_view to_string(Anomaly anomaly);

}  // namespace TALLY_ABI
}  // namespace tally
