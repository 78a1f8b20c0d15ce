// SPDX-License-Identifier: MIT
#include "tally/tool_loop.hpp"

#include <memory>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// As tools' errors are told to the model.
std::string told(const Error& error) { return "error: " + error.message; }

}  // namespace

ToolRunner one_by_one(std::function<Result<std::string>(const ToolCall&)> tool) {
  return [tool = std::move(tool)](const std::vector<ToolCall>& calls) {
    std::vector<Result<std::string>> results;
    for (ToolCall call : calls) {
      auto arguments = validated_arguments(call);
      if (arguments) {
        call.arguments = *std::move(arguments);
        results.push_back(tool(call));
      } else {
        results.push_back(std::move(arguments).error());
      }
    }
    return results;
  };
}

ToolLoop::ToolLoop(Client client, ChatRequest request, ToolRunner run, ToolLoopOptions options)
    : client_(std::move(client)),
      request_(std::move(request)),
      run_(std::move(run)),
      options_(std::move(options)),
      last_{ChatError(Error{ErrorKind::invalid_argument, "the loop has not made a step"}, {}), {}} {
  for (Message& message : request_.messages) conversation_.push_back(std::move(message));
}

bool ToolLoop::step() {
  if (!has_ended_) has_ended_ = !make_step();
  return !has_ended_;
}

void ToolLoop::go_on(ToolLoopOptions options) {
  options_ = std::move(options);
  if (!last_.reply) has_ended_ = false;
}

bool ToolLoop::make_step() {
  if (auto reason = reason_to_end()) return end_by(*std::move(reason));
  if (undeclined_) {
    conversation_ = Conversation(*undeclined_);  // As a whole or not at all: memory may run out.
    undeclined_.reset();
    run_tools();
  }
  ask();
  if (!last_.reply || last_.reply->message.tool_calls.empty()) return false;
  if (auto reason = reason_to_end()) {
    decline_tools();
    return end_by(*std::move(reason));
  }
  run_tools();
  return true;
}

/// What the latest call said and cost stays readable; an answer that asks for tools is no end.
bool ToolLoop::end_by(Error reason) {
  Reply partial = last_.reply ? *std::move(last_.reply) : std::move(last_.reply.error().partial);
  last_.reply = ChatError(std::move(reason), std::move(partial));
  return false;
}

void ToolLoop::ask() {
  const ChatRequest request = conversation_.request(request_);
  last_ = options_.on_delta ? client_.chat(request, options_.on_delta, options_.call)
                            : client_.chat(request, options_.call);
  ++steps_;
  name_calls();
  conversation_.push_back(last_);
}

void ToolLoop::run_tools() {
  const std::vector<ToolCall> calls = conversation_.messages().back().tool_calls;
  std::vector<Result<std::string>> results;
  if (run_) results = run_(calls);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // Every call needs its answer, or the server refuses the conversation.
    std::string text = "error: the tool gave no result";
    if (i < results.size()) text = results[i] ? *std::move(results[i]) : told(results[i].error());
    conversation_.push_back(tool_result(calls[i].id, std::move(text)));
  }
}

void ToolLoop::decline_tools() {
  undeclined_ = std::make_shared<const Conversation>(conversation_);
  for (const ToolCall& call : undeclined_->messages().back().tool_calls) {
    conversation_.push_back(tool_result(call.id, "error: not run, a limit was reached before"));
  }
}

void ToolLoop::name_calls() {
  if (!last_.reply) return;
  std::vector<ToolCall>& calls = last_.reply->message.tool_calls;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // Some servers give none, and want one in the answer.
    if (!calls[i].id.empty()) continue;
    calls[i].id = "call_" + std::to_string(steps_) + "_" + std::to_string(i);
  }
}

std::optional<Error> ToolLoop::reason_to_end() const {
  if (steps_ >= options_.most_steps) {
    return Error{ErrorKind::limit_exceeded, "the model still asks for tools after " +
                                                std::to_string(steps_) +
                                                " calls (ToolLoopOptions::most_steps)"};
  }
  if (!options_.most_cost || steps_ == 0) return std::nullopt;
  const std::optional<Money>& spent = conversation_.cost().total;
  const bool is_known = spent && spent->currency == options_.most_cost->currency &&
                        !conversation_.cost().is_lower_bound;
  if (is_known && spent->amount < options_.most_cost->amount) return std::nullopt;
  return Error{ErrorKind::budget, "the tool loop has cost " +
                                      (spent ? to_string(*spent) : "an unknown amount") +
                                      ", and may cost " + to_string(*options_.most_cost) +
                                      " (ToolLoopOptions::most_cost)"};
}

}  // namespace TALLY_ABI
}  // namespace tally
