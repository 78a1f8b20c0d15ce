// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tally/version.h"

namespace tally {
inline namespace TALLY_ABI {

/// A text with a hole that the model fills in (fill in the middle, FIM): what an editor asks. The
/// answer is a `Reply` as any other, its `text()` what belongs into the hole; the model does not
/// think. Every field but `model` and `prompt` may stay as it is: absent means that the server
/// decides. Plain data.
///
/// It goes to `/completions` below the base URL, for DeepSeek below its `/beta`.
struct FimRequest {
  std::string model{};
  std::string prompt{};                 ///< What stands before the hole. Not empty.
  std::optional<std::string> suffix{};  ///< What stands after it.
  /// DeepSeek gives at most 4,096 here, whatever the model can do elsewhere.
  std::optional<std::int64_t> max_tokens{};
  std::optional<double> temperature{};
  std::optional<double> top_p{};
  std::optional<double> presence_penalty{};
  std::optional<double> frequency_penalty{};
  std::vector<std::string> stop{};
  /// How many likely tokens are told beside each one taken (DeepSeek: up to 20). `Reply::logprobs`
  /// then has the lists `tokens`, `token_logprobs`, `top_logprobs` and `text_offset`.
  std::optional<int> logprobs{};
  std::optional<bool> echo{};  ///< The answer begins with the prompt once more.
  /// A JSON object, merged last and over everything else: for what is newer than this library.
  std::string extra{};
};

}  // namespace TALLY_ABI
}  // namespace tally
