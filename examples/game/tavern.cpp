// SPDX-License-Identifier: MIT
#include <cmath>

#include "scene.hpp"

namespace game {
namespace {

constexpr SDL_Color skin = rgb(0xC48A62);
constexpr SDL_Color skin_lit = rgb(0xE8B07C);
constexpr SDL_Color skin_dark = rgb(0x80523C);
constexpr SDL_FPoint lamps[] = {{516, 128}, {604, 170}};
constexpr SDL_FPoint candle = {150, 352};

void paint_walls(Painter& painter) {
  painter.gradient({0, 0, Painter::width, 410}, rgb(0x1E1511), rgb(0x3F2A1D));
  for (int plank = 0; plank < 20; ++plank) {
    const float x = static_cast<float>(plank) * 48;
    painter.fill({x, 0, 46, 410}, rgb(0x7A5232, static_cast<Uint8>(10 + plank * 7 % 4 * 8)));
    painter.fill({x + 46, 0, 2, 410}, rgb(0x000000, 80));
  }
  painter.gradient({0, 410, Painter::width, 130}, rgb(0x36241A), rgb(0x100A0A));
  for (const float x : {16.0F, 462.0F, 640.0F}) {
    painter.fill({x, 0, 22, 410}, rgb(0x17100D));
    painter.fill({x, 0, 3, 410}, rgb(0x4A3222));
  }
  painter.gradient({0, 0, Painter::width, 34}, rgb(0x241812), rgb(0x120C0A));
}

void paint_shelves(Painter& painter) {
  constexpr SDL_Color glass[] = {rgb(0x3F7A5A), rgb(0x8A3B2E), rgb(0x3E5C8A), rgb(0xB07A2E),
                                 rgb(0x6A4A7A)};
  for (int shelf = 0; shelf < 2; ++shelf) {
    const float y = 270 + static_cast<float>(shelf) * 66;
    for (int i = 0; i < 9; ++i) {
      const float x = 54 + static_cast<float>(i) * 23;
      const float tall = 24 + static_cast<float>((i * 7 + shelf * 5) % 4) * 6;
      const SDL_Color color = glass[(i * 3 + shelf * 2) % 5];
      painter.rounded({x, y - tall, 14, tall}, 4, color);
      painter.fill({x + 5, y - tall - 9, 4, 10}, color);
      painter.fill({x + 3, y - tall + 4, 2, tall - 9}, rgb(0xFFF2D0, 110));
    }
    painter.fill({44, y, 226, 7}, rgb(0x5A3B24));
    painter.fill({44, y, 226, 2}, rgb(0x96683C));
  }
}

void paint_innkeeper(Painter& painter) {
  painter.polygon({{330, 296}, {368, 306}, {386, 400}, {276, 400}, {294, 306}}, rgb(0x6E2F35));
  painter.polygon({{312, 318}, {350, 318}, {360, 400}, {302, 400}}, rgb(0xD9CBB4));
  paint_limb(painter, {300, 318}, {282, 364}, 22, rgb(0x5A252B));
  paint_limb(painter, {282, 364}, {310, 380}, 16, skin);
  paint_limb(painter, {364, 318}, {392, 360}, 22, rgb(0x8A3F42));
  paint_limb(painter, {392, 360}, {384, 378}, 16, skin_lit);
  painter.ellipse({330, 262}, 32, 32, rgb(0x5A2F1C));  // Hair, in a knot.
  painter.ellipse({330, 232}, 15, 11, rgb(0x5A2F1C));
  painter.fill({320, 284, 20, 16}, skin_dark);
  painter.ellipse({333, 270}, 23, 27, skin_lit);
  painter.ellipse({330, 270}, 23, 27, skin);
  painter.polygon({{306, 264}, {314, 246}, {332, 240}, {350, 248}, {356, 266}, {334, 252}},
                  rgb(0x6B3A22));
  painter.ellipse({322, 267}, 2.4F, 2.6F, rgb(0x1C1214));
  painter.ellipse({340, 267}, 2.4F, 2.6F, rgb(0x1C1214));
  paint_limb(painter, {316, 260}, {325, 258}, 2, rgb(0x4A2818));
  paint_limb(painter, {336, 258}, {346, 260}, 2, rgb(0x4A2818));
  painter.ellipse({333, 276}, 3.5F, 4, skin_lit);
  painter.ellipse({317, 277}, 5, 3, rgb(0xD98A6A, 150));
  painter.ellipse({345, 277}, 5, 3, rgb(0xE89A78, 150));
  paint_limb(painter, {324, 283}, {329, 286}, 2.5F, rgb(0x8A3A32));
  paint_limb(painter, {329, 286}, {340, 282}, 2.5F, rgb(0x8A3A32));
}

void paint_mug(Painter& painter, SDL_FPoint foot) {
  painter.ellipse({foot.x + 15, foot.y - 14}, 9, 9, rgb(0x8C8790));
  painter.ellipse({foot.x + 15, foot.y - 14}, 5, 5, rgb(0x3A2A20));
  painter.gradient({foot.x - 14, foot.y - 28, 28, 28}, rgb(0xA39DA6), rgb(0x5A555E));
  painter.ellipse({foot.x, foot.y - 28}, 15, 6, rgb(0xF3EAD2));
}

void paint_counter(Painter& painter) {
  painter.gradient({0, 388, 590, 92}, rgb(0x5A3A22), rgb(0x22150F));
  for (int panel = 0; panel < 6; ++panel) {
    painter.rounded({12 + static_cast<float>(panel) * 97, 402, 84, 62}, 4, rgb(0x2E1C12, 150));
  }
  painter.fill({0, 376, 604, 14}, rgb(0x8A5C34));
  painter.fill({0, 376, 604, 3}, rgb(0xD09A5C));
  paint_mug(painter, {232, 378});
  paint_mug(painter, {452, 378});
  paint_mug(painter, {494, 378});
  painter.fill({candle.x - 5, candle.y - 2, 10, 26}, rgb(0xE8DCC0));
  painter.ellipse({candle.x, candle.y + 25}, 16, 4, rgb(0x9A7440));
}

void paint_bard(Painter& painter) {
  paint_barrel(painter, {752, 482}, 74, 40);  // His seat.
  painter.polygon({{748, 372}, {778, 386}, {790, 462}, {712, 462}, {720, 386}}, rgb(0x2F5A4A));
  painter.polygon({{720, 386}, {748, 372}, {740, 462}, {712, 462}}, rgb(0x447A62));
  painter.fill({740, 358, 16, 18}, skin_dark);
  painter.ellipse({744, 344}, 18, 22, skin_lit);
  painter.ellipse({748, 344}, 18, 22, skin);
  painter.ellipse({745, 360}, 12, 10, rgb(0xDCD3C6));  // A white beard, and the hat.
  painter.ellipse({739, 342}, 2, 2.3F, rgb(0x1C1214));
  painter.ellipse({751, 342}, 2, 2.3F, rgb(0x1C1214));
  painter.ellipse({742, 349}, 3.5F, 3.5F, skin_lit);
  painter.ellipse({748, 329}, 28, 7, rgb(0x7A2E2E));
  painter.ellipse({750, 322}, 18, 11, rgb(0x8F3838));
  paint_limb(painter, {764, 322}, {790, 302}, 4, rgb(0xE9E2CC));
  painter.ellipse({728, 424}, 27, 33, rgb(0x8A5A2C));  // The lute.
  painter.ellipse({726, 422}, 24, 30, rgb(0xC28A4A));
  painter.ellipse({730, 418}, 8, 8, rgb(0x3A2415));
  paint_limb(painter, {738, 400}, {796, 356}, 7, rgb(0x5A3A20));
  paint_limb(painter, {796, 356}, {806, 362}, 7, rgb(0x5A3A20));
  paint_limb(painter, {724, 392}, {712, 420}, 14, rgb(0x447A62));
  paint_limb(painter, {712, 420}, {730, 424}, 10, skin_lit);
  paint_limb(painter, {774, 394}, {788, 372}, 14, rgb(0x2F5A4A));
  painter.ellipse({786, 368}, 7, 7, skin);
}

}  // namespace

void paint_tavern(Painter& painter, Light light) {
  paint_walls(painter);
  paint_window(painter, {506, 232, 104, 108});
  paint_shelves(painter);
  paint_innkeeper(painter);
  paint_counter(painter);
  paint_barrel(painter, {862, 478}, 76, 84);
  paint_barrel(painter, {930, 480}, 78, 92);
  paint_barrel(painter, {898, 396}, 72, 76);
  paint_bard(painter);
  const bool is_bright = light == Light::bright;
  for (const SDL_FPoint lamp : lamps) {
    painter.fill({lamp.x - 1, 30, 2, lamp.y - 44}, rgb(0x0A0706));
    painter.polygon({{lamp.x, lamp.y - 20}, {lamp.x + 13, lamp.y - 10}, {lamp.x - 13, lamp.y - 10}},
                    rgb(0x2A2018));
    painter.rounded({lamp.x - 11, lamp.y - 10, 22, 24}, 3, rgb(0xF2B04A));
    painter.rounded({lamp.x - 7, lamp.y - 7, 14, 18}, 3, rgb(0xFFE9A8));
    painter.fill({lamp.x - 12, lamp.y + 13, 24, 4}, rgb(0x2A2018));
    painter.glow(lamp, 330, 280, rgb(0xB8651C, is_bright ? 58 : 42));
    painter.glow(lamp, 60, 60, rgb(0xFFB04A, is_bright ? 95 : 70));
  }
  painter.glow({candle.x, candle.y - 6}, 150, 120, rgb(0xC8701F, is_bright ? 85 : 45));
  paint_vignette(painter);
}

void paint_tavern_moving(Painter& painter, float seconds) {
  const float tall = 6 + 3 * flicker(seconds);
  painter.ellipse({candle.x, candle.y - 1 - tall}, 3.5F, tall, rgb(0xFFDC80));
  for (int i = 0; i < 12; ++i) {  // Dust in the light.
    const auto n = static_cast<float>(i);
    const float x = 440 + std::fmod(n * 71 + seconds * 6, 240.0F);
    const float y = 150 + std::fmod(n * 47 + seconds * (4 + n / 3), 220.0F);
    painter.fill({x, y, 1.5F, 1.5F}, rgb(0xFFE2A8, 90));
  }
}

}  // namespace game
