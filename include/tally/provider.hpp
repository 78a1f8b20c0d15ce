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

/// The provider of that id. An unknown id keeps its name and reads as a generic OpenAI-compatible
/// server (`OutputRule::completion`).
TALLY_API Provider provider_named(std::string_view id);

/// The provider whose API lives at `base_url`, by host name: `https://api.deepseek.com/beta` is
/// `deepseek`. An unknown host gives the id `generic`.
TALLY_API Provider provider_of_url(std::string_view base_url);

}  // namespace TALLY_ABI
}  // namespace tally
