// SPDX-License-Identifier: MIT

// Plays examples/game by its own script on a screen that nobody sees, and looks at the picture.

#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "loopback_provider.hpp"
#include "shell.hpp"
#include "tally/money.hpp"

namespace {

using namespace std::chrono_literals;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/tally-game-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const char* file) const { return path_ + '/' + file; }

 private:
  std::string path_;
};

struct Output {
  int exit_code = -1;
  std::vector<std::string> lines;

  /// The first line that begins so, without that.
  std::string after(const std::string& beginning) const {
    for (const std::string& line : lines) {
      if (line.rfind(beginning, 0) == 0) return line.substr(beginning.size());
    }
    return {};
  }
};

Output run(const std::string& command) {
  const shell::Output said = shell::run(command);
  Output output;
  output.exit_code = said.exit_code;
  std::istringstream stream(said.text);
  for (std::string line; std::getline(stream, line);) output.lines.push_back(line);
  return output;
}

/// A BMP of 24 bits a pixel.
class Picture {
 public:
  explicit Picture(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  bool is_there() const { return bytes_.size() > 54; }
  int width() const { return number(18); }
  int height() const { return number(22); }
  bool is_24_bit() const { return (number(28) & 0xFFFF) == 24; }

  unsigned at(int x, int y) const {  // 0xRRGGBB
    const int row = (width() * 3 + 3) / 4 * 4;
    const auto begin = static_cast<std::size_t>(number(10) + (height() - 1 - y) * row + x * 3);
    return byte(begin + 2) << 16 | byte(begin + 1) << 8 | byte(begin);
  }
  std::size_t colors() const {
    std::set<unsigned> seen;
    for (int y = 0; y < height(); ++y) {
      for (int x = 0; x < width(); ++x) seen.insert(at(x, y));
    }
    return seen.size();
  }

 private:
  unsigned byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }
  int number(std::size_t at) const {
    return static_cast<int>(byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24);
  }
  std::string bytes_;
};

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> tokens;
  std::istringstream words(text);
  for (std::string word; words >> word;) tokens.push_back((tokens.empty() ? "" : " ") + word);
  return tokens;
}

/// 1,000 tokens in, 800 of them cached, and 600 out, whatever is said.
loopback::Script script_of(const std::string& text, std::chrono::milliseconds delay) {
  loopback::Script script;
  script.tokens = tokens_of(text);
  script.prompt_tokens = 1000;
  script.cache_hit_tokens = 800;
  script.completion_tokens = 600;
  script.delay = delay;
  return script;
}

const std::string short_answer = "A sword for a lady who will not give her name.";
// Long enough to be left in the middle, on any machine.
const std::string long_answer = [] {
  std::string text = "Look at the edge:";
  for (int i = 0; i < 2000; ++i) text += " it melted";
  return text + '.';
}();

/// Plays the script; its second and third question get the long answer.
Output play(loopback::LoopbackProvider& provider, const std::string& arguments) {
  auto output = std::async(std::launch::async, [&] {
    return run(
        "SDL_RENDER_DRIVER=software SDL_AUDIODRIVER=dummy DEEPSEEK_API_KEY=sk-game "
        "DEEPSEEK_BASE_URL=" +
        provider.url() + " '" TALLY_XVFB_RUN "' -a '" EXAMPLE_GAME "' --script " + arguments);
  });
  const auto has_asked = [&](std::uint64_t times) {
    while (provider.served().chats < times) {
      if (output.wait_for(1ms) == std::future_status::ready) return;
    }
  };
  has_asked(1);
  provider.set_script(script_of(long_answer, 25ms));
  has_asked(3);
  provider.set_script(script_of(short_answer, 10ms));
  return output.get();
}

tally::Decimal amount_in(const std::string& line) {
  std::smatch found;
  REQUIRE_MESSAGE(std::regex_search(line, found, std::regex("\\$([0-9.]+)")), line);
  return *tally::Decimal::parse(found[1].str());
}

// 200 * 0.15 + 800 * 0.003 + 600 * 0.60 = 30 + 2.4 + 360 dollars for a million such calls off-peak;
// twice that at peak.
std::string bill_in_band_of(const std::string& line) {
  const bool is_peak = line.find(" off-peak,") == std::string::npos;
  return std::string("1000 in (800 cached) + 600 out = ") +
         (is_peak ? "$0.0007848  deepseek-flash peak" : "$0.0003924  deepseek-flash off-peak") +
         ", settled";
}

}  // namespace

TEST_CASE(
    "game: words come as they are said, a level change ends them, and the corner shows their "
    "cost") {
  const Folder folder;
  loopback::LoopbackProvider provider(script_of(short_answer, 10ms));
  std::string arguments = "--picture " + folder / "game.bmp";
#ifdef TALLY_WITH_SQLITE
  arguments += " --ledger " + folder / "game.db";
#endif
  const Output output = play(provider, arguments);
  for (const std::string& line : output.lines) {
    if (line.find(" frames") != std::string::npos || output.exit_code != 0) MESSAGE(line);
  }
  REQUIRE(output.exit_code == 0);

  // Words.
  CHECK(output.after("smith: ") == short_answer);
  CHECK(output.after("innkeeper: ") == short_answer);
  CHECK(output.after("cancelled ") == "2");
  std::string cut = output.after("apprentice: ");
  CHECK(cut.size() >= joined(tokens_of("Look at the edge: it melted")).size());
  CHECK(cut.size() < long_answer.size());
  CHECK(long_answer.rfind(cut, 0) == 0);
  CHECK(provider.served().chats == 4);

  // Bills: each on the line after its words.
  std::vector<std::string> settled;
  std::vector<std::string> estimated;
  tally::Decimal sum;
  for (const std::string& line : output.lines) {
    if (line.find("  deepseek-flash ") == std::string::npos) continue;
    (line.find(", settled") != std::string::npos ? settled : estimated).push_back(line);
    sum = *checked_add(sum, amount_in(line));
  }
  REQUIRE(settled.size() == 2);
  for (const std::string& line : settled) CHECK(line == bill_in_band_of(line));
  REQUIRE(estimated.size() == 2);
  for (const std::string& line : estimated) {
    CHECK(line[0] == '~');
    CHECK(line.find(", estimated") != std::string::npos);
  }
  CHECK(output.after("spent ") == "~$" + to_string(sum));
  CHECK(output.after("today ") == "$" + to_string(sum));

  // The picture, taken while two were talking. The bar is 248 wide, from (680, 50) on; spent were
  // 0.3924 (or twice that) of 2 thousandths of a dollar: its first 48 (or 97) columns.
  const Picture picture(folder / "game.bmp");
  REQUIRE(picture.is_there());
  REQUIRE(picture.is_24_bit());
  CHECK(picture.width() == 960);
  CHECK(picture.height() == 540);
  CHECK(picture.colors() > 5000);
  const bool is_peak = settled.front().find("off-peak") == std::string::npos;
  const int spent = is_peak ? 97 : 48;
  constexpr unsigned green = 0x5FBF77;
  const unsigned trough = picture.at(680 + 246, 55);
  CHECK(picture.at(680, 55) == green);
  CHECK(picture.at(680 + spent - 2, 55) == green);
  const unsigned held = picture.at(680 + spent + 3, 55);
  CHECK(held != green);
  CHECK(held != trough);
  CHECK(trough != green);
  CHECK(picture.at(680 + 198, 48) == 0xE8A33D);  // The mark of the soft threshold, at 0.8.
  CHECK(picture.at(60, 215) == 0xF2E5CB);        // The smith's bubble is paper.

  // Frames: what they took is for people to read. No poll may hang.
  std::smatch found;
  const std::string polls = output.after("poll: ");
  REQUIRE(std::regex_search(polls, found, std::regex("^wall p50 \\d+ p99 \\d+ worst (\\d+) us, ")));
  CHECK(std::stol(found[1].str()) < 2'000'000);
  CHECK(output.after("frame: ").find("wall p50 ") == 0);
}
