// SPDX-License-Identifier: MIT
#include "scene.hpp"

#include <cmath>

namespace game {

void paint_limb(Painter& painter, SDL_FPoint from, SDL_FPoint to, float thickness,
                SDL_Color color) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float half = thickness / 2;
  const float scale = half / std::sqrt(dx * dx + dy * dy);
  const SDL_FPoint side = {-dy * scale, dx * scale};
  painter.polygon({{from.x + side.x, from.y + side.y},
                   {to.x + side.x, to.y + side.y},
                   {to.x - side.x, to.y - side.y},
                   {from.x - side.x, from.y - side.y}},
                  color);
  painter.ellipse(from, half, half, color);
  painter.ellipse(to, half, half, color);
}

void paint_window(Painter& painter, const SDL_FRect& area) {
  const SDL_FRect frame = {area.x - 8, area.y - 8, area.w + 16, area.h + 16};
  painter.rounded(frame, 6, rgb(0x120C10));
  painter.gradient(area, rgb(0x0B1636), rgb(0x3A4F86));
  for (int i = 0; i < 14; ++i) {
    const float x = area.x + 4 + static_cast<float>(i * i * 53 % 97) / 97 * (area.w - 8);
    const float y = area.y + 4 + static_cast<float>(i * 31 % 61) / 61 * (area.h * 0.7F);
    painter.ellipse({x, y}, 1.0F, 1.0F, rgb(0xE8ECFF, i % 3 == 0 ? 230 : 120));
  }
  const SDL_FPoint moon = {area.x + area.w * 0.66F, area.y + area.h * 0.34F};
  painter.glow(moon, 44, 44, rgb(0x8FA4E0, 70));
  painter.ellipse(moon, 12, 12, rgb(0xF4F1DC));
  painter.ellipse({moon.x - 5, moon.y - 2}, 10, 10, rgb(0x22325F));
  // Hills.
  painter.ellipse({area.x + area.w * 0.3F, area.y + area.h}, area.w * 0.3F, 16, rgb(0x101a33));
  painter.ellipse({area.x + area.w * 0.7F, area.y + area.h}, area.w * 0.3F, 10, rgb(0x0C1429));
  painter.fill({area.x + area.w / 2 - 2, area.y, 4, area.h}, rgb(0x120C10));
  painter.fill({area.x, area.y + area.h / 2 - 2, area.w, 4}, rgb(0x120C10));
  painter.fill({frame.x - 4, frame.y + frame.h, frame.w + 8, 7}, rgb(0x2A1D1B));
}

void paint_barrel(Painter& painter, SDL_FPoint foot, float width, float height) {
  const float left = foot.x - width / 2;
  const float top = foot.y - height;
  painter.ellipse({foot.x, foot.y}, width / 2, 7, rgb(0x160D0B));
  for (int stave = 0; stave < 8; ++stave) {
    // Round: bright towards the middle.
    const float x = left + width * static_cast<float>(stave) / 8;
    const int light = 4 - std::abs(stave - 3);
    const auto red = static_cast<Uint32>(0x2A + 9 * light);
    const auto green = static_cast<Uint32>(0x19 + 5 * light);
    painter.fill({x, top, width / 8 - 0.7F, height}, rgb(red << 16 | green << 8 | 0x12));
  }
  painter.ellipse({foot.x, top}, width / 2, 7, rgb(0x5A3A22));
  painter.ellipse({foot.x, top}, width / 2 - 4, 5, rgb(0x2A1911));
  for (const float at : {0.22F, 0.74F}) {
    painter.fill({left - 1, top + height * at, width + 2, 5}, rgb(0x3A363B));
    painter.fill({left - 1, top + height * at, width + 2, 1}, rgb(0x6F6A70));
  }
}

void paint_vignette(Painter& painter) {
  constexpr SDL_Color dark = rgb(0x05030A, 190);
  constexpr SDL_Color none = rgb(0x05030A, 0);
  painter.gradient({0, 0, Painter::width, 150}, dark, none);
  painter.gradient({0, Painter::height - 170, Painter::width, 170}, none, dark);
}

float flicker(float seconds, float phase) {
  const float wave = std::sin(seconds * 7.3F + phase) + std::sin(seconds * 12.7F + 2 * phase) +
                     std::sin(seconds * 3.1F + 3 * phase);
  return wave / 6 + 0.5F;
}

}  // namespace game
