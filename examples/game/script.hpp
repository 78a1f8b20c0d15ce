// SPDX-License-Identifier: MIT
#pragma once

// Keys that press themselves: for the test, and for the picture in the README.

#include <SDL.h>

#include <cstddef>

namespace game {

/// What a script looks at before it presses the next key.
struct Moment {
  int frame = 0;
  int bills = 0;         ///< Calls that have ended.
  int first_pieces = 0;  ///< Of the answers of the level's two people that are coming; 0: none is.
  int second_pieces = 0;
};

/// Asks one, waits for the whole answer; asks two at once, keeps a picture, and leaves the level in
/// the middle; asks once more, and ends.
class Script {
 public:
  /// SDLK_UNKNOWN: no key in this frame.
  SDL_Keycode next_key(const Moment& now);
  /// A server that never answers must not keep it waiting for ever.
  static constexpr int longest = 3600;

 private:
  std::size_t step_ = 0;
  int pressed_at_ = 0;
};

}  // namespace game
