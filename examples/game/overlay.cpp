// SPDX-License-Identifier: MIT
#include "overlay.hpp"

#include <algorithm>
#include <utility>

namespace game {
namespace {

constexpr SDL_FRect panel = {664, 16, 280, 164};
constexpr SDL_FRect bar = {680, 50, 248, 10};
constexpr SDL_Color bright = rgb(0xF4EDE0);
constexpr SDL_Color dim = rgb(0x9C94A6);
constexpr SDL_Color green = rgb(0x5FBF77);
constexpr SDL_Color amber = rgb(0xE8A33D);
constexpr SDL_Color red = rgb(0xE0523F);

/// For pixels, never for money: the one place where an amount becomes a floating point number.
float share(tally::Decimal part, tally::Decimal whole) {
  const auto number = [](tally::Decimal d) {
    return static_cast<double>(d.units) + static_cast<double>(d.attos) * 1e-18;
  };
  return std::clamp(static_cast<float>(number(part) / number(whole)), 0.0F, 1.0F);
}

std::string amount(tally::Decimal value, tally::Currency currency) {
  return tally::to_string_rounded(tally::Money{value, currency}, 5);
}

/// The worst cases of the calls in flight.
tally::Decimal held_of(tally::Decimal limit, tally::Decimal spent, tally::Decimal left) {
  const auto unspent = checked_subtract(limit, spent);
  const auto held = unspent ? checked_subtract(*unspent, left) : std::nullopt;
  return held.value_or(tally::Decimal{});
}

void draw_count(Painter& painter, SDL_FPoint at, const char* name, const std::string& value) {
  const float end = painter.text(at, name, Font::small, dim);
  painter.text({end + 7, at.y}, value, Font::small_bold, bright);
}

/// In lines of words, as far as there is room.
void draw_wrapped(Painter& painter, SDL_FPoint at, const std::string& text, float width) {
  std::string line;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin) + ' ';
    if (painter.text_width(line + word, Font::small) > width) {
      painter.text(at, line, Font::small, dim);
      at.y += painter.line_height(Font::small);
      line.clear();
    }
    line += word;
    begin = end + 1;
  }
  painter.text(at, line, Font::small, dim);
}

}  // namespace

Overlay::Overlay(tally::Budget budget, tally::BudgetStatus today)
    : budget_(std::move(budget)), today_(std::move(today)) {}

void Overlay::note(const tally::Receipt& receipt) { last_receipt_ = to_string(receipt); }

void Overlay::draw_budget(Painter& painter, const tally::Snapshot& snapshot) const {
  const tally::Decimal limit = budget_.limit.amount;
  const tally::Decimal spent = snapshot.budget ? snapshot.budget->spent : today_.spent;
  const tally::Decimal left = snapshot.budget ? snapshot.budget->left : today_.left();
  const bool is_estimate = !snapshot.estimated.amount.is_zero() || !today_.estimated.is_zero();
  const tally::Currency currency = budget_.limit.currency;

  const std::string today = (is_estimate ? "~" : "") + amount(spent, currency);
  SDL_FPoint at = {bar.x, panel.y + 8};
  at.x = painter.text(at, "Today  ", Font::small, dim);
  at.x = painter.text({at.x, at.y - 3}, today, Font::name, bright);
  painter.text({at.x, at.y}, "  of " + to_string(budget_.limit), Font::small, dim);

  const float soft = static_cast<float>(budget_.soft_permille) / 1000;
  const float used = share(spent, limit);
  const float gone = 1 - share(left, limit);  // Spent, or held for calls in flight.
  const SDL_Color color = used >= 1 ? red : used >= soft ? amber : green;
  SDL_Color pale = color;
  pale.a = 90;
  painter.fill(bar, rgb(0x000000, 150));
  painter.fill({bar.x, bar.y, bar.w * gone, bar.h}, pale);
  painter.fill({bar.x, bar.y, bar.w * used, bar.h}, color);
  painter.fill({bar.x + bar.w * soft, bar.y - 3, 1, bar.h + 6}, amber);

  std::string rest = amount(left, currency) + " left";
  const tally::Decimal held = held_of(limit, spent, left);
  if (!held.is_zero()) rest += ", " + amount(held, currency) + " held";
  painter.text({bar.x, bar.y + 13}, rest, Font::small, dim);
}

void Overlay::draw(Painter& painter, const tally::Snapshot& snapshot) const {
  painter.rounded(panel, 10, rgb(0x0E0B14, 215));
  draw_budget(painter, snapshot);

  const float row = painter.line_height(Font::small) + 2;
  const SDL_FPoint left = {bar.x, bar.y + 35};
  const SDL_FPoint right = {bar.x + 128, left.y};
  const auto hits = snapshot.cache_hit_permille();
  draw_count(painter, left, "in flight", std::to_string(snapshot.in_flight()));
  draw_count(painter, right, "tokens/s", std::to_string(snapshot.tokens_per_second));
  draw_count(painter, {left.x, left.y + row}, "cached",
             hits ? std::to_string((*hits + 5) / 10) + " %" : "-");
  draw_count(painter, {right.x, left.y + row}, "this run",
             (snapshot.estimated.amount.is_zero() ? "" : "~") +
                 amount(snapshot.spent.amount, snapshot.spent.currency));
  draw_wrapped(painter, {left.x, left.y + 2 * row + 4}, last_receipt_, bar.w);
}

}  // namespace game
