// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "client/lane.hpp"
#include "client/settings.hpp"
#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A whole answer, whatever its status. Plain data.
struct Fetched {
  int status = 0;
  std::string body;
};

/// What a fetch is for. Plain data; only looks at what it points to.
struct FetchOrder {
  std::string_view path;  ///< Below the base URL: `/models`.
  std::string_view who;   ///< The function that asks, for messages.
  std::shared_ptr<const HttpHeaders> headers;
  SteadyInstant until{};
  const std::atomic<bool>& client_stops;
};

/// A GET outside of any call: it costs nothing and is in no ledger. Waits for the answer;
/// `timeout`, `connection`, `tls` or `closed` without one.
Result<Fetched> fetch(Lane& lane, const ClientSettings& settings, const FetchOrder& order);

}  // namespace TALLY_ABI
}  // namespace tally
