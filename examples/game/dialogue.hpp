// SPDX-License-Identifier: MIT
#pragma once

// One person's talk: what was asked, and the answer as it comes, in a bubble.

#include <string>
#include <tally/tally.hpp>

#include "level.hpp"
#include "painter.hpp"

namespace game {

class Dialogue {
 public:
  Dialogue(const Npc& npc, std::uint64_t group);

  /// Nothing happens while an answer is coming.
  void ask(const tally::Client& client, const std::string& question);
  /// False: it is of somebody else's call.
  bool take(const tally::Event& event);
  void draw(Painter& painter, float seconds) const;

  const Npc& npc() const { return npc_; }
  bool is_answering() const { return call_ != 0; }
  int pieces() const { return pieces_; }  ///< Of the answer, so far.
  const std::string& said() const { return said_; }

 private:
  void end(const tally::Completion& completion);

  const Npc& npc_;
  std::uint64_t group_;
  tally::Conversation talk_;
  tally::CallId call_ = 0;
  int pieces_ = 0;
  std::string said_;
  std::string aside_;  ///< Why there is no (whole) answer.
};

}  // namespace game
