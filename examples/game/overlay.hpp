// SPDX-License-Identifier: MIT
#pragma once

// What talking costs, in a corner.

#include <string>
#include <tally/tally.hpp>

#include "painter.hpp"

namespace game {

class Overlay {
 public:
  /// `today`: where the budget stands when the game begins.
  Overlay(tally::Budget budget, tally::BudgetStatus today);

  void note(const tally::Receipt& receipt);
  void draw(Painter& painter, const tally::Snapshot& snapshot) const;

 private:
  void draw_budget(Painter& painter, const tally::Snapshot& snapshot) const;

  tally::Budget budget_;
  tally::BudgetStatus today_;
  std::string last_receipt_ = "no call yet";
};

}  // namespace game
