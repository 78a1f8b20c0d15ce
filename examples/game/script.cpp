// SPDX-License-Identifier: MIT
#include "script.hpp"

#include <iterator>

namespace game {
namespace {

struct Step {
  bool (*is_time)(const Moment&);
  SDL_Keycode key;
};

constexpr int pause = 12;  // Frames between two keys.

const Step steps[] = {
    {[](const Moment&) { return true; }, SDLK_1},
    {[](const Moment& now) { return now.bills == 1; }, SDLK_2},
    {[](const Moment& now) { return now.first_pieces >= 8; }, SDLK_3},
    {[](const Moment& now) { return now.first_pieces >= 24 && now.second_pieces >= 10; }, SDLK_F12},
    {[](const Moment&) { return true; }, SDLK_TAB},
    {[](const Moment& now) { return now.bills == 3; }, SDLK_1},
    {[](const Moment& now) { return now.bills == 4; }, SDLK_ESCAPE},
};

}  // namespace

SDL_Keycode Script::next_key(const Moment& now) {
  if (now.frame >= longest) return SDLK_ESCAPE;
  if (step_ == std::size(steps) || now.frame < pressed_at_ + pause) return SDLK_UNKNOWN;
  if (!steps[step_].is_time(now)) return SDLK_UNKNOWN;
  pressed_at_ = now.frame;
  return steps[step_++].key;
}

}  // namespace game
