// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/export.h"
#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// How a server's `completion_tokens` relate to what it bills as output.
enum class OutputRule {
  completion,          ///< Reasoning is inside `completion_tokens` (DeepSeek, OpenAI, most).
  total_minus_prompt,  ///< Reasoning stands beside or is hidden: the larger of completion and
                       ///< total - prompt is billed (xAI, Gemini).
};

/// Who answers, as far as bills differ: the id under which prices are looked up, and the dialect of
/// its usage object. Plain data.
struct Provider {
  std::string id;  ///< `deepseek`, `openai`, ...; a name nobody knows reads as a generic server.
  OutputRule output_rule = OutputRule::completion;
};

/// Where a server puts the usage of a stream. tally reads all of them, whatever the provider; this
/// says what to expect.
enum class UsageInStream {
  finish_chunk,  ///< On the chunk with the finish reason.
  last_chunk,    ///< On a chunk of its own, with empty `choices`.
  every_chunk,   ///< Cumulative, on every chunk.
  unknown,       ///< Nobody has recorded it.
};

/// How a server wants its key.
enum class KeyHeader {
  bearer,   ///< `Authorization: Bearer ...`
  api_key,  ///< `api-key: ...` (Azure)
};

/// What one has to know to use a provider. Plain data in static memory.
struct ProviderPreset {
  std::string_view id;    ///< As in `Provider::id` and in price catalogues.
  std::string_view name;  ///< For people.
  /// Of its OpenAI-compatible API. A part in braces is the user's to fill in; a local server's is
  /// its default port.
  std::string_view base_url;
  std::string_view key_variable;  ///< Where its own tools look for the key; empty: it wants none.
  UsageInStream usage_in_stream = UsageInStream::unknown;
  bool usage_is_asked_for = true;  ///< Only with `include_usage`, which tally always sends.
  KeyHeader key_header = KeyHeader::bearer;
  int recordings = 0;  ///< How many recorded answers tally is tested with; 0: by description only.
  std::string_view quirks;  ///< In words, for the table in the README; may be empty.
};

/// All presets, sorted by id: `for (const ProviderPreset& preset : provider_presets())`.
struct ProviderPresets {
  const ProviderPreset* first = nullptr;
  const ProviderPreset* last = nullptr;
  const ProviderPreset* begin() const { return first; }
  const ProviderPreset* end() const { return last; }
};
TALLY_API ProviderPresets provider_presets();

/// Null if there is none of that id, nor of another name for one (`dashscope`, `qwen`, `kimi`,
/// `zhipu`, `grok`, `google`). A provider without a preset reads as a generic server.
TALLY_API const ProviderPreset* find_preset(std::string_view id);

/// The provider of that id. An unknown id keeps its name and reads as a generic OpenAI-compatible
/// server (`OutputRule::completion`).
TALLY_API Provider provider_named(std::string_view id);

/// The provider whose API lives at `base_url`, by host name: `https://api.deepseek.com/beta` is
/// `deepseek`. An unknown host gives the id `generic`.
TALLY_API Provider provider_of_url(std::string_view base_url);

}  // namespace TALLY_ABI
}  // namespace tally
