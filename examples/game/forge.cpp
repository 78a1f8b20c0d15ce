// SPDX-License-Identifier: MIT
#include <cmath>

#include "scene.hpp"

namespace game {
namespace {

constexpr SDL_Color skin = rgb(0xB9784E);
constexpr SDL_Color skin_lit = rgb(0xE59A5B);
constexpr SDL_Color skin_dark = rgb(0x7A4A35);
constexpr SDL_Color fire = rgb(0xFF8A2A);

void paint_bricks(Painter& painter) {
  painter.gradient({0, 0, Painter::width, 404}, rgb(0x17121D), rgb(0x33242A));
  for (int row = 0; row < 17; ++row) {
    for (int column = -1; column < 18; ++column) {
      const float x = static_cast<float>(column * 58 + row % 2 * 29);
      const auto shade =
          static_cast<Uint8>(8 + (row * 7 + (column + 1) * 13 + row * column * column) % 5 * 7);
      painter.fill({x, static_cast<float>(row * 24), 55, 21}, rgb(0x6A4A48, shade));
    }
  }
  painter.gradient({0, 404, Painter::width, 136}, rgb(0x2E2020), rgb(0x0E0A0D));
  for (int i = 0; i < 12; ++i) {  // Flagstones run to where the eye is.
    const float x = static_cast<float>(i) * 90 - 40;
    paint_limb(painter, {480 + (x - 480) * 0.7F, 404}, {480 + (x - 480) * 1.6F, 540}, 1.5F,
               rgb(0x000000, 90));
  }
  painter.fill({0, 430, Painter::width, 1.5F}, rgb(0x000000, 90));
  for (const float x : {70.0F, 400.0F, 700.0F}) painter.fill({x, 0, 26, 60}, rgb(0x0C0810));
  painter.gradient({0, 0, Painter::width, 30}, rgb(0x1B1216), rgb(0x0C0810));
}

void paint_hearth(Painter& painter) {
  painter.fill({490, 0, 116, 110}, rgb(0x1C151B));
  painter.polygon({{490, 104}, {606, 104}, {668, 214}, {428, 214}}, rgb(0x241B21));
  painter.polygon({{490, 104}, {500, 104}, {446, 214}, {428, 214}}, rgb(0x3A2A2B));
  painter.fill({424, 212, 248, 14}, rgb(0x42302F));
  painter.fill({438, 226, 220, 178}, rgb(0x2C2125));
  for (int row = 0; row < 7; ++row) {
    for (int column = 0; column < 5; ++column) {
      const float x = 438 + static_cast<float>(column) * 44;
      painter.rounded({x + 1, 227 + static_cast<float>(row) * 25, 42, 23}, 5,
                      rgb(0x5A423E, static_cast<Uint8>(40 + (row * 3 + column * 5) % 4 * 25)));
    }
  }
  for (int stone = 0; stone < 9; ++stone) {  // The arch.
    const float angle = 3.1416F + 3.1416F * (static_cast<float>(stone) + 0.5F) / 9;
    const SDL_FPoint center = {548 + 90 * std::cos(angle), 314 + 72 * std::sin(angle)};
    painter.ellipse(center, 15, 13, stone % 2 == 0 ? rgb(0x6B4C41) : rgb(0x5B4039));
  }
  painter.ellipse({548, 316}, 78, 62, rgb(0x1C0905));
  painter.fill({470, 316, 156, 90}, rgb(0x1C0905));
  painter.gradient({470, 330, 156, 70}, rgb(0x6A1E0A, 0), rgb(0xF07A1E, 220));
  painter.fill({458, 396, 180, 12}, rgb(0x4A352F));
  painter.fill({458, 396, 180, 2}, rgb(0xC9783A));
}

void paint_flame(Painter& painter, SDL_FPoint foot, float half, float tall, float lean,
                 SDL_Color color) {
  painter.polygon({{foot.x, foot.y},
                   {foot.x - half * 0.6F, foot.y},
                   {foot.x - half, foot.y - tall * 0.25F},
                   {foot.x - half * 0.7F + lean * 0.4F, foot.y - tall * 0.55F},
                   {foot.x + lean, foot.y - tall},
                   {foot.x + half * 0.7F + lean * 0.4F, foot.y - tall * 0.5F},
                   {foot.x + half, foot.y - tall * 0.25F},
                   {foot.x + half * 0.6F, foot.y}},
                  color);
}

void paint_anvil(Painter& painter) {
  painter.gradient({372, 412, 86, 70}, rgb(0x4B301F), rgb(0x1A100C));
  painter.ellipse({415, 412}, 43, 8, rgb(0x62402A));
  constexpr SDL_Color iron = rgb(0x34323A);
  painter.polygon({{326, 362}, {372, 358}, {372, 382}, {352, 376}}, iron);
  painter.fill({368, 358, 108, 22}, iron);
  painter.polygon({{386, 380}, {450, 380}, {440, 398}, {396, 398}}, rgb(0x2A2830));
  painter.polygon({{396, 396}, {440, 396}, {464, 414}, {372, 414}}, iron);
  painter.polygon({{326, 362}, {372, 358}, {476, 358}, {476, 361}, {372, 361}}, rgb(0xD99A62));
  // The blade that is being made.
  painter.polygon({{336, 351}, {470, 345}, {486, 350}, {470, 356}, {336, 358}}, rgb(0xFF7B1C));
  painter.polygon({{380, 351}, {468, 348}, {480, 350}, {468, 353}, {380, 355}}, rgb(0xFFE08A));
}

void paint_smith(Painter& painter) {
  // His right arm, behind him, with the hammer.
  paint_limb(painter, {206, 318}, {176, 372}, 34, skin_dark);
  paint_limb(painter, {176, 372}, {184, 424}, 27, skin_dark);
  paint_limb(painter, {190, 396}, {166, 454}, 8, rgb(0x6B4526));
  paint_limb(painter, {152, 448}, {180, 460}, 20, rgb(0x57545E));
  painter.ellipse({183, 420}, 14, 12, skin_dark);
  // Body and apron; fire on the side of the hearth.
  painter.polygon(
      {{262, 286}, {318, 294}, {342, 322}, {350, 480}, {190, 480}, {188, 330}, {212, 298}}, fire);
  painter.polygon(
      {{262, 286}, {312, 294}, {336, 322}, {344, 480}, {190, 480}, {188, 330}, {212, 298}},
      rgb(0x4A3A3C));
  painter.polygon({{236, 316}, {304, 316}, {322, 480}, {216, 480}}, rgb(0x5E3B24));
  painter.polygon({{292, 316}, {304, 316}, {322, 480}, {300, 480}}, rgb(0x8A5630));
  paint_limb(painter, {238, 318}, {250, 292}, 5, rgb(0x5E3B24));
  paint_limb(painter, {302, 318}, {292, 292}, 5, rgb(0x8A5630));
  // Left arm, with the tongs.
  paint_limb(painter, {330, 322}, {344, 372}, 33, skin_lit);
  paint_limb(painter, {326, 322}, {340, 372}, 32, skin);
  paint_limb(painter, {342, 374}, {322, 366}, 25, skin);
  paint_limb(painter, {316, 366}, {352, 355}, 4, rgb(0x1B1A1F));
  // Head.
  painter.fill({252, 276, 34, 22}, skin_dark);
  painter.ellipse({272, 258}, 27, 31, skin_lit);
  painter.ellipse({268, 258}, 26, 31, skin);
  painter.ellipse({242, 260}, 5, 8, skin_dark);
  painter.ellipse({274, 282}, 27, 24, rgb(0xC9BFB2));
  painter.ellipse({268, 283}, 26, 25, rgb(0x8F857D));
  painter.ellipse({276, 270}, 15, 6, rgb(0xB5AAA0));
  painter.ellipse({278, 274}, 7, 3, rgb(0x4A2A22));
  painter.ellipse({281, 260}, 6, 8, skin_lit);
  paint_limb(painter, {262, 247}, {273, 249}, 4, rgb(0x6E645E));
  paint_limb(painter, {284, 249}, {293, 246}, 4, rgb(0xA89C90));
  painter.ellipse({268, 253}, 2.4F, 2.4F, rgb(0x1C1214));
  painter.ellipse({288, 253}, 2.2F, 2.4F, rgb(0x1C1214));
  painter.ellipse({246, 246}, 6, 13, rgb(0x6E645E));
}

void paint_apprentice(Painter& painter) {
  // The bellows, into the hearth.
  painter.polygon({{636, 402}, {660, 396}, {660, 412}}, rgb(0x55505A));
  painter.polygon({{656, 402}, {724, 374}, {730, 424}}, rgb(0x5A3924));
  painter.polygon({{656, 402}, {724, 374}, {726, 384}}, rgb(0x9A6236));
  paint_limb(painter, {722, 376}, {750, 366}, 6, rgb(0x3A2618));
  // The boy, lit from the left.
  painter.polygon({{748, 388}, {770, 376}, {800, 382}, {812, 480}, {744, 480}}, fire);
  painter.polygon({{751, 389}, {772, 377}, {800, 382}, {812, 480}, {748, 480}}, rgb(0x34465A));
  paint_limb(painter, {758, 396}, {736, 410}, 15, rgb(0x4F6680));
  paint_limb(painter, {736, 410}, {746, 372}, 11, skin);
  painter.fill({766, 366, 16, 14}, skin_dark);
  painter.ellipse({770, 352}, 19, 21, skin_lit);
  painter.ellipse({773, 352}, 19, 21, skin);
  painter.ellipse({777, 338}, 20, 12, rgb(0x8A4A22));
  painter.polygon({{757, 336}, {764, 326}, {778, 324}, {794, 332}, {796, 352}, {790, 340}},
                  rgb(0x8A4A22));
  painter.ellipse({791, 354}, 4, 6, skin_dark);
  painter.ellipse({762, 350}, 2, 2.4F, rgb(0x1C1214));
  painter.ellipse({774, 350}, 2, 2.4F, rgb(0x1C1214));
  painter.ellipse({764, 357}, 4, 4, skin_lit);
  paint_limb(painter, {763, 365}, {772, 364}, 2, rgb(0x6A2E22));
}

void paint_tools(Painter& painter) {
  painter.fill({836, 322, 124, 8}, rgb(0x3B2A22));
  painter.fill({836, 322, 124, 2}, rgb(0x6B4A34));
  constexpr SDL_Color iron = rgb(0x4A444C);
  paint_limb(painter, {856, 330}, {852, 384}, 4, iron);  // Tongs.
  paint_limb(painter, {862, 330}, {868, 384}, 4, iron);
  paint_limb(painter, {896, 330}, {896, 376}, 5, rgb(0x54381F));  // A hammer.
  paint_limb(painter, {888, 378}, {906, 378}, 13, iron);
  painter.ellipse({936, 352}, 15, 19, iron);  // A horseshoe.
  painter.ellipse({936, 350}, 9, 13, rgb(0x2B1F25));
  painter.fill({927, 360, 18, 14}, rgb(0x2B1F25));
}

}  // namespace

void paint_forge(Painter& painter, Light light) {
  paint_bricks(painter);
  paint_window(painter, {66, 246, 84, 104});
  painter.glow({108, 420}, 170, 60, rgb(0x4A62A8, 40));
  paint_tools(painter);
  paint_barrel(painter, {884, 470}, 84, 82);
  paint_hearth(painter);
  paint_apprentice(painter);
  paint_smith(painter);
  paint_anvil(painter);
  const bool is_bright = light == Light::bright;
  painter.glow({548, 352}, 430, 300, rgb(0xC8500F, is_bright ? 66 : 44));
  painter.glow({548, 384}, 130, 80, rgb(0xFF9A3C, is_bright ? 110 : 60));
  painter.glow({424, 351}, 90, 40, rgb(0xFF8A2A, is_bright ? 100 : 80));
  paint_vignette(painter);
}

void paint_forge_moving(Painter& painter, float seconds) {
  for (int i = 0; i < 9; ++i) {
    const auto n = static_cast<float>(i);
    const float tall =
        (24 + 34 * std::sin(n * 3.14F / 8)) * (0.4F + 0.6F * flicker(seconds, n * 1.9F));
    const SDL_FPoint foot = {482 + 16.5F * n, 398};
    const float lean = 6 * std::sin(seconds * 4 + n);
    paint_flame(painter, foot, 15, 1.7F * tall, lean, rgb(0xE2561A, 150));
    paint_flame(painter, foot, 9, 1.1F * tall, lean, rgb(0xFF9A34, 180));
    paint_flame(painter, foot, 5, 0.7F * tall, lean, rgb(0xFFE08A, 210));
  }
  for (int i = 0; i < 18; ++i) {  // Sparks.
    const auto n = static_cast<float>(i);
    const float life = std::fmod(seconds * (0.35F + 0.03F * n) + n * 0.37F, 1.0F);
    const float x = 500 + std::fmod(n * 37, 100.0F) + 14 * std::sin(seconds * 2 + n);
    painter.fill({x, 390 - 200 * life, 2, 2}, rgb(0xFFC36B, static_cast<Uint8>(220 * (1 - life))));
  }
}

}  // namespace game
