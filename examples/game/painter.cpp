// SPDX-License-Identifier: MIT
#include "painter.hpp"

#include <cmath>

namespace game {
namespace {

constexpr float pi = 3.14159265F;

/// Takes one character off the front.
Uint32 next_character(std::string_view& utf8) {
  const auto first = static_cast<unsigned char>(utf8.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  Uint32 character = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length && i < utf8.size(); ++i) {
    character = character << 6 | (static_cast<unsigned char>(utf8[i]) & 0x3FU);
  }
  utf8.remove_prefix(length < utf8.size() ? length : utf8.size());
  return character;
}

std::vector<SDL_FPoint> arc(SDL_FPoint center, float across, float down, float from, float to) {
  constexpr int steps = 24;
  std::vector<SDL_FPoint> points;
  for (int i = 0; i <= steps; ++i) {
    const float angle = from + (to - from) * static_cast<float>(i) / steps;
    points.push_back({center.x + across * std::cos(angle), center.y + down * std::sin(angle)});
  }
  return points;
}

}  // namespace

Painter::Painter(const char* title, const std::string& fonts) {
  SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
  if (SDL_Init(SDL_INIT_VIDEO) == 0 && TTF_Init() == 0) {
    window_ = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height,
                               SDL_WINDOW_SHOWN);
    renderer_ = SDL_CreateRenderer(window_, -1, 0);
    SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_BLEND);
    const auto open = [&](const char* file, int size) {
      return TTF_OpenFont((fonts + '/' + file).c_str(), size);
    };
    faces_ = {open("DejaVuSerif.ttf", 17), open("DejaVuSerif-Bold.ttf", 15),
              open("DejaVuSans.ttf", 12), open("DejaVuSans-Bold.ttf", 12)};
  }
  bool is_whole = renderer_ != nullptr;
  for (const TTF_Font* face : faces_) is_whole = is_whole && face != nullptr;
  if (!is_whole) error_ = SDL_GetError();
}

Painter::~Painter() {
  for (TTF_Font* face : faces_) {
    if (face != nullptr) TTF_CloseFont(face);
  }
  if (renderer_ != nullptr) SDL_DestroyRenderer(renderer_);  // And its textures.
  if (window_ != nullptr) SDL_DestroyWindow(window_);
  TTF_Quit();
  SDL_Quit();
}

void Painter::fill(const SDL_FRect& area, SDL_Color color) {
  SDL_SetRenderDrawColor(renderer_, color.r, color.g, color.b, color.a);
  SDL_RenderFillRectF(renderer_, &area);
}

void Painter::fan(const std::vector<SDL_Vertex>& vertices) {
  std::vector<int> indices;
  for (int i = 1; i + 1 < static_cast<int>(vertices.size()); ++i) {
    indices.insert(indices.end(), {0, i, i + 1});
  }
  SDL_RenderGeometry(renderer_, nullptr, vertices.data(), static_cast<int>(vertices.size()),
                     indices.data(), static_cast<int>(indices.size()));
}

void Painter::gradient(const SDL_FRect& area, SDL_Color top, SDL_Color bottom) {
  const float right = area.x + area.w;
  const float end = area.y + area.h;
  fan({{{area.x, area.y}, top, {}},
       {{right, area.y}, top, {}},
       {{right, end}, bottom, {}},
       {{area.x, end}, bottom, {}}});
}

void Painter::polygon(const std::vector<SDL_FPoint>& corners, SDL_Color color) {
  std::vector<SDL_Vertex> vertices;
  for (const SDL_FPoint corner : corners) vertices.push_back({corner, color, {}});
  fan(vertices);
}

void Painter::ellipse(SDL_FPoint center, float across, float down, SDL_Color color) {
  polygon(arc(center, across, down, 0, 2 * pi), color);
}

void Painter::rounded(const SDL_FRect& area, float radius, SDL_Color color) {
  const float left = area.x + radius;
  const float right = area.x + area.w - radius;
  const float top = area.y + radius;
  const float bottom = area.y + area.h - radius;
  std::vector<SDL_FPoint> corners;
  const auto corner = [&](float x, float y, float from) {
    const auto points = arc({x, y}, radius, radius, from, from + pi / 2);
    corners.insert(corners.end(), points.begin(), points.end());
  };
  corner(right, bottom, 0);
  corner(left, bottom, pi / 2);
  corner(left, top, pi);
  corner(right, top, 3 * pi / 2);
  polygon(corners, color);
}

void Painter::glow(SDL_FPoint center, float across, float down, SDL_Color color) {
  SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_ADD);
  SDL_Color rim = color;
  rim.a = 0;
  for (const float share : {1.0F, 0.6F, 0.3F}) {  // Light falls off faster than linearly.
    std::vector<SDL_Vertex> vertices = {{center, color, {}}};
    for (const SDL_FPoint point : arc(center, across * share, down * share, 0, 2 * pi)) {
      vertices.push_back({point, rim, {}});
    }
    fan(vertices);
  }
  SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_BLEND);
}

const Painter::Glyph& Painter::glyph(Uint32 character, Font font) {
  auto [found, is_new] = glyphs_.try_emplace({font, character});
  if (is_new) {
    int advance = 0;
    TTF_GlyphMetrics32(face(font), character, nullptr, nullptr, nullptr, nullptr, &advance);
    found->second.advance = static_cast<float>(advance);
    if (SDL_Surface* surface = TTF_RenderGlyph32_Blended(face(font), character, rgb(0xFFFFFF))) {
      found->second.texture = SDL_CreateTextureFromSurface(renderer_, surface);
      SDL_FreeSurface(surface);
    }
  }
  return found->second;
}

float Painter::text(SDL_FPoint at, std::string_view utf8, Font font, SDL_Color color) {
  while (!utf8.empty()) {
    const Glyph& drawn = glyph(next_character(utf8), font);
    if (drawn.texture != nullptr) {
      int w = 0;
      int h = 0;
      SDL_QueryTexture(drawn.texture, nullptr, nullptr, &w, &h);
      const SDL_FRect area = {at.x, at.y, static_cast<float>(w), static_cast<float>(h)};
      SDL_SetTextureColorMod(drawn.texture, color.r, color.g, color.b);
      SDL_SetTextureAlphaMod(drawn.texture, color.a);
      SDL_RenderCopyF(renderer_, drawn.texture, nullptr, &area);
    }
    at.x += drawn.advance;
  }
  return at.x;
}

float Painter::text_width(std::string_view utf8, Font font) {
  float width = 0;
  while (!utf8.empty()) width += glyph(next_character(utf8), font).advance;
  return width;
}

float Painter::line_height(Font font) const {
  return static_cast<float>(TTF_FontLineSkip(face(font)));
}

SDL_Texture* Painter::canvas(int w, int h) {
  return SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_TARGET, w, h);
}

SDL_Texture* Painter::picture(const std::function<void(Painter&)>& paint) {
  SDL_Texture* large = canvas(2 * width, 2 * height);
  SDL_SetRenderTarget(renderer_, large);
  SDL_RenderSetScale(renderer_, 2, 2);
  paint(*this);
  SDL_RenderSetScale(renderer_, 1, 1);
  SDL_Texture* small = canvas(width, height);
  SDL_SetRenderTarget(renderer_, small);
  SDL_RenderCopy(renderer_, large, nullptr, nullptr);
  SDL_SetRenderTarget(renderer_, nullptr);
  SDL_DestroyTexture(large);
  return small;
}

void Painter::show(SDL_Texture* picture, Uint8 alpha) {
  SDL_SetTextureBlendMode(picture, alpha == 255 ? SDL_BLENDMODE_NONE : SDL_BLENDMODE_BLEND);
  SDL_SetTextureAlphaMod(picture, alpha);
  SDL_RenderCopy(renderer_, picture, nullptr, nullptr);
}

bool Painter::save(const std::string& bmp_file) {
  SDL_Surface* surface =
      SDL_CreateRGBSurfaceWithFormat(0, width, height, 24, SDL_PIXELFORMAT_BGR24);
  if (surface == nullptr) return false;
  const bool is_saved = SDL_RenderReadPixels(renderer_, nullptr, SDL_PIXELFORMAT_BGR24,
                                             surface->pixels, surface->pitch) == 0 &&
                        SDL_SaveBMP(surface, bmp_file.c_str()) == 0;
  SDL_FreeSurface(surface);
  return is_saved;
}

}  // namespace game
