// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "client/settings.hpp"
#include "tally/chat.hpp"
#include "tally/receipt.hpp"
#include "wire/request_bound.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What an attempt that has ended says about its bill. Plain data; only looks at what it points to.
struct BillFacts {
  Instant started{};
  Instant completed{};
  std::string_view model_requested;
  bool is_free = false;        ///< Provably: see the table in src/README.md.
  std::optional<Usage> usage;  ///< What the provider sent, by its dialect's rules.
  bool usage_is_final =
      false;  ///< The answer had come to its end; later usage was not to be expected.
  const Reply* reply = nullptr;  ///< What arrived; never null.
  std::int64_t output_deltas = 0;
  std::string_view request_body;
  std::optional<std::int64_t> max_tokens;
  const RequestBound* bound = nullptr;  ///< Null: the request asked for nothing but tokens.
};

/// Fills in usage, cost and state of an attempt, however it ended. The instant that decided the
/// tariff.
Instant bill(Attempt& attempt, const ClientSettings& settings, BillFacts facts);

}  // namespace TALLY_ABI
}  // namespace tally
