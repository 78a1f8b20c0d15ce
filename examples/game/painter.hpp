// SPDX-License-Identifier: MIT
#pragma once

// A window, and what is painted in it: shapes with soft colours, and text.

#include <SDL.h>
#include <SDL_ttf.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace game {

constexpr SDL_Color rgb(Uint32 hex, Uint8 alpha = 255) {
  return {static_cast<Uint8>(hex >> 16), static_cast<Uint8>(hex >> 8), static_cast<Uint8>(hex),
          alpha};
}

enum class Font { speech, name, small, small_bold };

/// One thread at a time. What it made lives as long as it.
class Painter {
 public:
  static constexpr int width = 960;
  static constexpr int height = 540;

  /// `fonts`: the folder of DejaVu's files.
  Painter(const char* title, const std::string& fonts);
  ~Painter();
  Painter(const Painter&) = delete;
  Painter& operator=(const Painter&) = delete;
  /// What went wrong at the beginning; empty: nothing.
  const std::string& error() const { return error_; }

  void fill(const SDL_FRect& area, SDL_Color color);
  void gradient(const SDL_FRect& area, SDL_Color top, SDL_Color bottom);
  /// Convex, or at least seen whole from its first corner.
  void polygon(const std::vector<SDL_FPoint>& corners, SDL_Color color);
  void ellipse(SDL_FPoint center, float across, float down, SDL_Color color);
  void rounded(const SDL_FRect& area, float radius, SDL_Color color);
  /// Light: `color` is added in the middle, and nothing at the rim.
  void glow(SDL_FPoint center, float across, float down, SDL_Color color);

  /// `at` is the upper left corner; gives where the text ends.
  float text(SDL_FPoint at, std::string_view utf8, Font font, SDL_Color color);
  float text_width(std::string_view utf8, Font font);
  float line_height(Font font) const;

  /// Painted once, at twice the size and then made smaller: its edges are smooth.
  SDL_Texture* picture(const std::function<void(Painter&)>& paint);
  /// `alpha`: how much of it, over what is there.
  void show(SDL_Texture* picture, Uint8 alpha = 255);
  void present() { SDL_RenderPresent(renderer_); }
  bool save(const std::string& bmp_file);

 private:
  struct Glyph {
    SDL_Texture* texture = nullptr;
    float advance = 0;
  };
  const Glyph& glyph(Uint32 character, Font font);
  TTF_Font* face(Font font) const { return faces_[static_cast<std::size_t>(font)]; }
  SDL_Texture* canvas(int w, int h);
  void fan(const std::vector<SDL_Vertex>& vertices);

  std::string error_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  std::array<TTF_Font*, 4> faces_{};
  std::map<std::pair<Font, Uint32>, Glyph> glyphs_;
};

}  // namespace game
