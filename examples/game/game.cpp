// SPDX-License-Identifier: MIT

// A small game: people who talk as their words come, what that costs in a corner, and a door that
// ends their talk. One thread; the client is polled once a frame.
//
//   DEEPSEEK_API_KEY=sk-... ./game [--ledger FILE] [--fonts FOLDER] [--picture FILE] [--script]
//
// 1 to 3 ask, Tab goes to the other room, F12 keeps a picture, Esc ends. Without a ledger's file
// today's budget begins anew with each start. With --script it plays by itself and tells how long
// the frames took.

#include <iostream>
#include <map>
#include <utility>

#include "dialogue.hpp"
#include "frame_times.hpp"
#include "level.hpp"
#include "overlay.hpp"
#include "painter.hpp"
#include "script.hpp"

namespace {

using namespace std::chrono_literals;
using game::rgb;

constexpr auto frame_time = 16667us;

struct Options {
  std::string ledger;
  std::string fonts = GAME_FONTS;
  std::string picture = "game.bmp";
  bool plays_itself = false;
};

Options read_options(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string*> values = {
      {"--ledger", &options.ledger}, {"--fonts", &options.fonts}, {"--picture", &options.picture}};
  for (int i = 1; i < argc; ++i) {
    const auto value = values.find(argv[i]);
    if (value != values.end() && i + 1 < argc) *value->second = argv[++i];
    if (argv[i] == std::string("--script")) options.plays_itself = true;
  }
  return options;
}

/// What one player may cost a day, in all rooms together.
tally::Budget players_day() {
  tally::Budget budget;
  budget.id = "player-day";
  budget.limit = tally::Money{*tally::Decimal::parse("0.002"), tally::usd};
  budget.window = tally::BudgetWindow::day;
  budget.scope = {{"player", "p-117"}};
  budget.soft_permille = 800;
  return budget;
}

/// `batched`: poll itself hands rows to the operating system, and no thread is needed.
tally::Result<tally::Ledger> open_ledger(const std::string& file) {
  if (file.empty()) return tally::Ledger::in_memory();
  tally::LedgerOptions options;
  options.durability = tally::Durability::batched;
  return tally::Ledger::open(file, options);
}

struct Room {
  const game::Level& level;
  SDL_Texture* in_low_light;
  SDL_Texture* in_bright_light;
  std::vector<game::Dialogue> dialogues;
};

class Game {
 public:
  Game(tally::Client client, game::Painter& painter, game::Overlay overlay, Options options)
      : client_(std::move(client)),
        painter_(painter),
        overlay_(std::move(overlay)),
        options_(std::move(options)) {
    for (const game::Level& level : game::levels()) {
      const auto picture = [&](game::Light light) {
        return painter.picture([&](game::Painter& canvas) { level.paint(canvas, light); });
      };
      Room& room = rooms_.emplace_back(
          Room{level, picture(game::Light::low), picture(game::Light::bright), {}});
      for (const game::Npc& npc : level.npcs) room.dialogues.emplace_back(npc, level.group);
    }
  }

  void run() {
    while (is_running_) {
      const auto begin = std::chrono::steady_clock::now();
      frames_.measure([this] {
        take_keys();
        polls_.measure([this] { poll(); });
        take_events();
        draw();
      });
      const auto left = frame_time - (std::chrono::steady_clock::now() - begin);
      if (left > 0us) SDL_Delay(static_cast<Uint32>(left / 1ms));
      ++frame_;
    }
  }

  void tell_times() const {
    std::cout << polls_.summary("poll") << '\n' << frames_.summary("frame") << '\n';
  }

 private:
  Room& room() { return rooms_[here_]; }

  void take_keys() {
    for (SDL_Event event; SDL_PollEvent(&event) != 0;) {
      if (event.type == SDL_QUIT) is_running_ = false;
      if (event.type == SDL_KEYDOWN && event.key.repeat == 0) press(event.key.keysym.sym);
    }
    if (!options_.plays_itself) return;
    const auto pieces = [this](std::size_t i) {
      const game::Dialogue& dialogue = room().dialogues[i];
      return dialogue.is_answering() ? dialogue.pieces() : 0;
    };
    press(script_.next_key({frame_, bills_, pieces(0), pieces(1)}));
  }

  void press(SDL_Keycode key) {
    const auto& questions = room().level.questions;
    const auto number = static_cast<std::size_t>(key == SDLK_RETURN ? 0 : key - SDLK_1);
    if (key == SDLK_ESCAPE) is_running_ = false;
    if (key == SDLK_TAB) change_level();
    if (key == SDLK_F12 && !painter_.save(options_.picture)) std::cerr << SDL_GetError() << '\n';
    if (number < questions.size()) {
      room().dialogues[questions[number].npc].ask(client_, questions[number].text);
    }
  }

  /// Whoever is talking there will not be heard: it need not be paid for to the end.
  void change_level() {
    const std::size_t cancelled = client_.cancel_group(room().level.group);
    here_ = (here_ + 1) % rooms_.size();
    if (options_.plays_itself) std::cout << "cancelled " << cancelled << '\n';
  }

  /// A frame may spend a millisecond on it; what is left then waits for the next one.
  void poll() {
    if (auto polled = client_.poll(1ms); !polled) std::cerr << polled.error().message << '\n';
  }

  void take_events() {
    for (tally::Event event; client_.next_event(event);) {
      for (Room& room : rooms_) {
        for (game::Dialogue& dialogue : room.dialogues) {
          if (dialogue.take(event) && event.completion) note(dialogue, event.completion->receipt);
        }
      }
    }
  }

  void note(const game::Dialogue& dialogue, const tally::Receipt& receipt) {
    ++bills_;
    overlay_.note(receipt);
    if (!options_.plays_itself) return;
    std::cout << dialogue.npc().label << ": " << dialogue.said() << '\n' << receipt << '\n';
  }

  void draw() {
    const float seconds = static_cast<float>(SDL_GetTicks()) / 1000;
    painter_.show(room().in_low_light);
    painter_.show(room().in_bright_light, static_cast<Uint8>(255 * game::flicker(seconds)));
    room().level.paint_moving(painter_, seconds);
    for (const game::Dialogue& dialogue : room().dialogues) dialogue.draw(painter_, seconds);
    draw_questions();
    overlay_.draw(painter_, client_.snapshot());
    painter_.present();
  }

  void draw_questions() {
    SDL_FPoint at = {28, 476};
    painter_.fill({0, 464, game::Painter::width, 76}, rgb(0x0B0810, 225));
    painter_.fill({0, 464, game::Painter::width, 1}, rgb(0x8A6238));
    int key = 0;
    for (const game::Question& question : room().level.questions) {
      painter_.text(at, std::to_string(++key), game::Font::name, rgb(0xE8A33D));
      painter_.text({at.x + 20, at.y}, question.text, game::Font::small, rgb(0xF0E6D2));
      at.y += 19;
    }
    painter_.text({664, 476}, room().level.name, game::Font::name, rgb(0xE8A33D));
    painter_.text({664, 500}, "Tab  leave, and end what is being said", game::Font::small,
                  rgb(0x9C94A6));
    painter_.text({664, 516}, "Esc  end", game::Font::small, rgb(0x9C94A6));
  }

  tally::Client client_;
  game::Painter& painter_;
  game::Overlay overlay_;
  Options options_;
  std::vector<Room> rooms_;
  std::size_t here_ = 0;
  game::Script script_;
  game::FrameTimes polls_;
  game::FrameTimes frames_;
  int frame_ = 0;
  int bills_ = 0;
  bool is_running_ = true;
};

int fail(const std::string& message) {
  std::cerr << message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  auto ledger = open_ledger(options.ledger);
  if (!ledger) return fail(ledger.error().message);
  const tally::Budget budget = players_day();
  if (auto set = ledger->set_budget(budget); !set) return fail(set.error().message);
  auto today = ledger->budget_status(budget.id);
  if (!today) return fail(today.error().message);

  auto client_options = tally::options_from_environment();
  client_options.ledger = *ledger;
  auto client = tally::Client::open(std::move(client_options));
  if (!client) return fail(client.error().message);

  game::Painter painter("Emberford", options.fonts);
  if (!painter.error().empty()) return fail(painter.error());
  Game the_game(*client, painter, game::Overlay(budget, *today), options);
  the_game.run();

  // The window may go now: what is still open ends as cancelled, with an estimated bill.
  client->shutdown(100ms);
  if (auto written = ledger->flush(1s); !written) return fail(written.error().message);
  if (!options.plays_itself) return 0;
  the_game.tell_times();
  const tally::Snapshot end = client->snapshot();
  std::cout << "spent " << (end.estimated.amount.is_zero() ? "" : "~") << end.spent << '\n';
  today = ledger->budget_status(budget.id);
  if (today) std::cout << "today " << tally::Money{today->spent, budget.limit.currency} << '\n';
  return 0;
}
