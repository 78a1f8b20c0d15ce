// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tally/chat.hpp"
#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Something in a request that its server ignores, refuses, or takes in another way than it reads.
/// Plain data.
struct Advice {
  std::string field;    ///< As in `ChatRequest`: `temperature`.
  std::string message;  ///< A sentence.
};

/// What one should know before sending `request` to that provider at `base_url`. Never keeps
/// anything from being sent: servers change. Rules of a server's own are known for `deepseek`, as
/// of 2026-11; `extra` is looked at for `thinking` only.
TALLY_API std::vector<Advice> check_request(const ChatRequest& request, const Provider& provider,
                                            std::string_view base_url);

}  // namespace TALLY_ABI
}  // namespace tally
