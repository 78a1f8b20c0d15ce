// SPDX-License-Identifier: MIT
#pragma once

// What there is in the game: rooms, who stands in them, and what can be asked.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "painter.hpp"
#include "scene.hpp"

namespace game {

struct Npc {
  const char* label;  ///< In the ledger: `npc=smith`.
  const char* name;
  const char* persona;
  SDL_FPoint mouth;  ///< Where the bubble's tail points.
  SDL_FRect bubble;  ///< Its lower edge stays, and it grows up to the height.
};

struct Question {
  std::size_t npc;  ///< Of its level.
  const char* text;
};

struct Level {
  const char* name;
  std::uint64_t group;  ///< What `cancel_group` ends.
  std::vector<Npc> npcs;
  std::vector<Question> questions;
  void (*paint)(Painter&, Light);                 ///< Once for each light.
  void (*paint_moving)(Painter&, float seconds);  ///< Over it, each frame.
};

const std::vector<Level>& levels();

/// The same bytes first in every request: the provider's cache makes them cheap.
std::string system_prompt(const Npc& npc);

}  // namespace game
