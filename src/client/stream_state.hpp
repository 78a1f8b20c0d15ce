// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include "client/call.hpp"
#include "client/core.hpp"
#include "tally/stream.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A call with the lane that it has for itself. Outlives the client: the core goes with the last
/// stream.
struct Stream::State {
  State(std::shared_ptr<Client::Core> core_, CallOrder&& order, const CallOptions& options);
  ~State();

  std::optional<Delta> next();
  /// Drives the call until something happened to it.
  void turn();
  void call_hooks();
  /// Reads to the end and gives the completion away; once.
  Completion take();
  /// The same, kept here: the same object each time.
  Completion& finish();

  // In this order: the call ends before its lane goes back, and both before the core.
  std::shared_ptr<Client::Core> core;
  LaneLease lease;
  std::unique_ptr<Call> call;
  std::optional<Completion> completion;
  std::optional<Delta> current;  ///< What the loop over the stream stands at.
};

}  // namespace TALLY_ABI
}  // namespace tally
