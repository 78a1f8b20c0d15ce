// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tally/chat.hpp"
#include "tally/stream.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// How much of a conversation is sent again. Plain data.
struct ConversationBounds {
  /// A turn is a user's message and everything up to the next one. 0: no bound.
  std::size_t most_turns = 0;
  /// By `estimate_tokens`, so about; the system prompt and the newest turn always stay. 0: no
  /// bound.
  std::int64_t most_tokens = 0;
};

/// The messages of a conversation, as the next request needs them, and what they have cost. A
/// value.
///
///     tally::Conversation talk("You are a blacksmith.");
///     talk.push_back(tally::user("Good morning!"));
///     talk.push_back(client.chat(talk.request({.model = "deepseek-flash"})));
///
/// An answer is kept with everything that its server wants back: with tools DeepSeek demands the
/// thinking of every earlier turn. The system prompt stays the same bytes at the same place, and
/// where a bound is passed, whole turns are left out until half of it is free: each time that the
/// beginning of a prompt changes, the provider's cache is lost, and with it most of the discount.
class TALLY_API Conversation {
 public:
  explicit Conversation(std::string system_prompt = {}, ConversationBounds bounds = {});

  void push_back(Message message);
  /// Adds the answer, if there is one, and the bill in any case.
  void push_back(const Completion& completion);

  /// `request` with these messages.
  ChatRequest request(ChatRequest request) const;
  const std::vector<Message>& messages() const { return messages_; }
  std::size_t turns_left_out() const { return turns_left_out_; }

  /// ~ What the messages take, without what the server adds by itself.
  std::int64_t estimated_tokens() const { return tokens_; }

  /// Sums over all bills that were added, also of turns that were left out since.
  const Usage& usage() const { return usage_; }
  const Cost& cost() const { return cost_; }
  std::size_t calls() const { return calls_; }

 private:
  void leave_out_turns();
  std::size_t first_turn() const;
  std::size_t turns() const;

  std::vector<Message> messages_;
  ConversationBounds bounds_;
  std::int64_t tokens_ = 0;
  std::size_t turns_left_out_ = 0;
  Usage usage_;
  Cost cost_;
  std::size_t calls_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
