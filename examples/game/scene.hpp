// SPDX-License-Identifier: MIT
#pragma once

// The rooms. A room is painted twice, in low light and in bright; a frame shows something between
// the two, and what moves.

#include "painter.hpp"

namespace game {

enum class Light { low, bright };

void paint_forge(Painter& painter, Light light);
void paint_forge_moving(Painter& painter, float seconds);
void paint_tavern(Painter& painter, Light light);
void paint_tavern_moving(Painter& painter, float seconds);

// What rooms are made of.

/// A thick line with round ends, as arms and handles are.
void paint_limb(Painter& painter, SDL_FPoint from, SDL_FPoint to, float thickness, SDL_Color color);
/// Night behind bars.
void paint_window(Painter& painter, const SDL_FRect& area);
void paint_barrel(Painter& painter, SDL_FPoint foot, float width, float height);
/// Dark corners: what is looked at lies between them.
void paint_vignette(Painter& painter);
/// Between 0 and 1, as a fire's light.
float flicker(float seconds, float phase = 0);

}  // namespace game
