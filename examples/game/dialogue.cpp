// SPDX-License-Identifier: MIT
#include "dialogue.hpp"

#include <algorithm>
#include <cmath>

namespace game {
namespace {

constexpr tally::ConversationBounds bounds{12, 2000};  // Of what is sent again: turns, tokens.
constexpr SDL_Color paper = rgb(0xF2E5CB);
constexpr SDL_Color ink = rgb(0x33241A);
constexpr float padding = 14;
constexpr float tag_height = 22;

/// Lines that are at most so wide, broken at spaces.
std::vector<std::string> wrapped(Painter& painter, const std::string& text, float width) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string word = text.substr(at, end - at);
    const std::string longer = lines.back().empty() ? word : lines.back() + ' ' + word;
    if (lines.back().empty() || painter.text_width(longer, Font::speech) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(word);
    }
    if (end < text.size() && text[end] == '\n') lines.emplace_back();
    at = end + 1;
  }
  return lines;
}

}  // namespace

Dialogue::Dialogue(const Npc& npc, std::uint64_t group)
    : npc_(npc), group_(group), talk_(system_prompt(npc), bounds) {}

void Dialogue::ask(const tally::Client& client, const std::string& question) {
  if (is_answering()) return;
  said_.clear();
  aside_.clear();
  pieces_ = 0;
  talk_.push_back(tally::user(question));

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.max_tokens = 120;  // A bubble's worth; it also bounds what the call can cost.
  request.thinking = tally::Thinking::disabled;
  tally::CallOptions options;
  options.labels = {{"npc", npc_.label}, {"player", "p-117"}};
  options.group = group_;
  call_ = client.chat_start(talk_.request(request), options);
}

bool Dialogue::take(const tally::Event& event) {
  if (event.call != call_) return false;
  if (event.completion) {
    end(*event.completion);
  } else {
    said_ += event.delta.text;
    ++pieces_;
  }
  return true;
}

void Dialogue::end(const tally::Completion& completion) {
  call_ = 0;
  talk_.push_back(completion);
  if (completion.reply) return;
  const tally::ChatError& error = completion.reply.error();
  if (error.kind == tally::ErrorKind::cancelled) {
    aside_ = "(you left)";
  } else if (completion.receipt.refusal) {
    aside_ = "(is tired of talking: today's budget is spent)";
  } else {
    aside_ = "(" + error.message + ")";
  }
}

void Dialogue::draw(Painter& painter, float seconds) const {
  if (said_.empty() && aside_.empty() && !is_answering()) return;
  std::string text = said_;
  if (!aside_.empty()) text += (text.empty() ? "" : "\n") + aside_;
  if (is_answering() && std::fmod(seconds, 0.8F) < 0.5F) text += "\u258F";  // A cursor.

  const SDL_FRect& most = npc_.bubble;
  const float line = painter.line_height(Font::speech);
  std::vector<std::string> lines = wrapped(painter, text, most.w - 2 * padding);
  const auto room = static_cast<std::size_t>((most.h - tag_height - padding) / line);
  if (lines.size() > room) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(room));
  }

  SDL_FRect bubble = most;
  bubble.h = tag_height + padding + line * static_cast<float>(lines.size());
  bubble.y = most.y + most.h - bubble.h;
  const float bottom = bubble.y + bubble.h;
  const float tail = std::clamp(npc_.mouth.x, bubble.x + 40, bubble.x + bubble.w - 40);
  const SDL_FRect shadow = {bubble.x + 3, bubble.y + 4, bubble.w, bubble.h};
  painter.rounded(shadow, 12, rgb(0x000000, 90));
  painter.rounded(bubble, 12, paper);
  painter.polygon({{tail - 14, bottom - 1}, {tail + 12, bottom - 1}, npc_.mouth}, paper);

  SDL_FPoint at = {bubble.x + padding, bubble.y + 7};
  painter.text(at, npc_.name, Font::name, rgb(0xA4511B));
  at.y += tag_height - 2;
  for (const std::string& each : lines) {
    painter.text(at, each, Font::speech, ink);
    at.y += line;
  }
}

}  // namespace game
