// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tally/client.hpp"
#include "tally/conversation.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Runs the calls of one answer and gives a result for each, in their order: at once or one after
/// the other, as the host likes. An error's message is told to the model, which then may do better.
using ToolRunner = std::function<std::vector<Result<std::string>>(const std::vector<ToolCall>&)>;

/// A runner that calls `tool` for one call after the other. Arguments that are no JSON never reach
/// it: the model is told.
TALLY_API ToolRunner one_by_one(std::function<Result<std::string>(const ToolCall&)> tool);

/// Plain data.
struct ToolLoopOptions {
  int most_steps = 8;  ///< Calls of the server; then the loop ends with `limit_exceeded`.
  /// Once the bills reach this the loop ends with `budget`. A bill whose amount is not known
  /// reaches it.
  std::optional<Money> most_cost{};
  CallOptions call{};  ///< For each call.
  OnDelta on_delta{};
};

/// Asks, runs the tools that the answer asks for, and asks again, one visible step at a time:
///
///     tally::ToolLoop loop(client, request, tally::one_by_one(look_up));
///     while (loop.step()) std::cout << loop.last().receipt << '\n';
///     const tally::Completion& end = loop.last();
///
/// An answer that reaches a limit is the last: tools that it asks for do not run, since nobody
/// would read their results. The error says which limit; `go_on` takes the loop up again.
///
/// One thread at a time.
class TALLY_API ToolLoop {
 public:
  ToolLoop(Client client, ChatRequest request, ToolRunner run, ToolLoopOptions options = {});

  /// One call and, if its answer asks for tools, their runs. False: the loop has ended, with the
  /// answer or with an error (`last().reply`).
  bool step();
  /// After an end with an error: the next step goes on from there, under these limits, which count
  /// from the beginning. Tools that a limit kept from running run first. After an answer: nothing.
  void go_on(ToolLoopOptions options);

  /// What the latest call brought.
  const Completion& last() const { return last_; }
  /// Everything said so far, results included, and the sum of the bills. It may be sent as it is at
  /// any time: calls that a limit kept from running are answered with that.
  const Conversation& conversation() const { return conversation_; }
  int steps() const { return steps_; }

 private:
  bool make_step();
  bool end_by(Error reason);
  void ask();
  void name_calls();
  void run_tools();
  void decline_tools();
  std::optional<Error> reason_to_end() const;

  Client client_;
  ChatRequest request_;
  ToolRunner run_;
  ToolLoopOptions options_;
  Conversation conversation_;
  std::shared_ptr<const Conversation> undeclined_;  ///< Before calls were answered with a limit.
  Completion last_;
  int steps_ = 0;
  bool has_ended_ = false;
};

}  // namespace TALLY_ABI
}  // namespace tally
