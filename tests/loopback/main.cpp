// SPDX-License-Identifier: MIT

// The loopback provider as a program: for quickstart and for trying things by hand.
//
//   tally_loopback_provider ["cut_after=5; usage=extra"]      words as in script.cpp
//
// Prints where it listens; ends when stdin closes, or at SIGTERM.

#include <cstdio>

#include "loopback_provider.hpp"

int main(int argc, char** argv) {
  auto parsed = loopback::parse_script({}, argc > 1 ? argv[1] : "");
  if (!parsed.unknown_word.empty()) {
    std::fprintf(stderr, "no such word in a script: %s\n", parsed.unknown_word.c_str());
    return 2;
  }
  loopback::LoopbackProvider provider(std::move(parsed.script));
  std::printf("listening on %s\n", provider.url().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
