// SPDX-License-Identifier: MIT
#include "tally/conversation.hpp"

#include <algorithm>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::int64_t tokens_of(const Message& message) {
  std::int64_t tokens = estimate_tokens(message.content).likely;
  for (const ContentPart& part : message.parts) {
    if (part.kind == ContentPart::Kind::text) tokens += estimate_tokens(part.value).likely;
  }
  if (message.reasoning_content) tokens += estimate_tokens(*message.reasoning_content).likely;
  for (const ToolCall& call : message.tool_calls) {
    tokens += estimate_tokens(call.name).likely + estimate_tokens(call.arguments).likely;
  }
  return tokens;
}

bool begins_turn(const Message& message) { return message.role == Role::user; }

}  // namespace

Conversation::Conversation(std::string system_prompt, ConversationBounds bounds) : bounds_(bounds) {
  if (!system_prompt.empty()) push_back(system(std::move(system_prompt)));
}

void Conversation::push_back(Message message) {
  tokens_ += tokens_of(message);
  const bool is_new_turn = begins_turn(message);
  messages_.push_back(std::move(message));
  // Only between turns: in the midst of one its tool calls still wait for their results.
  if (is_new_turn) leave_out_turns();
}

void Conversation::push_back(const Completion& completion) {
  const Receipt& receipt = completion.receipt;
  usage_ = calls_ == 0 ? receipt.usage : sum(usage_, receipt.usage);
  cost_ = calls_ == 0 ? receipt.cost : sum(cost_, receipt.cost);
  ++calls_;
  if (completion.reply) push_back(completion.reply->message);
}

ChatRequest Conversation::request(ChatRequest request) const {
  request.messages = messages_;
  return request;
}

std::size_t Conversation::first_turn() const {
  const auto first = std::find_if(messages_.begin(), messages_.end(), begins_turn);
  return static_cast<std::size_t>(first - messages_.begin());
}

std::size_t Conversation::turns() const {
  return static_cast<std::size_t>(std::count_if(messages_.begin(), messages_.end(), begins_turn));
}

void Conversation::leave_out_turns() {
  const auto is_over = [this](std::size_t share) {
    const auto tokens = static_cast<std::size_t>(tokens_);
    return (bounds_.most_turns > 0 && turns() * share > bounds_.most_turns) ||
           (bounds_.most_tokens > 0 &&
            tokens * share > static_cast<std::size_t>(bounds_.most_tokens));
  };
  if (!is_over(1)) return;
  while (turns() > 1 && is_over(2)) {
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(first_turn());
    const auto end = std::find_if(begin + 1, messages_.end(), begins_turn);
    for (auto message = begin; message != end; ++message) tokens_ -= tokens_of(*message);
    messages_.erase(begin, end);
    ++turns_left_out_;
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
