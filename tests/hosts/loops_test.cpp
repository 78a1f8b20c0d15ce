// SPDX-License-Identifier: MIT

// The examples of other people's loops, as a user runs them. Which one: TALLY_LOOP_EXAMPLE.

#include <doctest/doctest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "loopback_provider.hpp"
#include "shell.hpp"

namespace {

using shell::Output;

Output run_against(const loopback::LoopbackProvider& provider) {
  const char* program = std::getenv("TALLY_LOOP_EXAMPLE");
  REQUIRE(program != nullptr);
  return shell::run(shell::asking(provider) + " timeout 60 '" + program + "'");
}

}  // namespace

TEST_CASE("loop example: it streams with its bill, stops listening with an estimate, and ends") {
  loopback::Script slow;
  slow.delay = std::chrono::milliseconds(30);
  loopback::LoopbackProvider provider(slow);
  const Output output = run_against(provider);
  CHECK(output.exit_code == 0);
  const std::regex expected(
      "The Danube, the Nile and the Amazon\\.\n"
      "18 in \\(0 cached\\) \\+ 9 out = \\$0\\.00000(81|162)  deepseek-flash (off-peak|peak), "
      "settled\n"
      "The[^.\n]*\n"
      "~\\d+ in \\+ ~\\d+ out = ~\\$0\\.0\\d+  deepseek-flash (off-peak|peak), estimated\n");
  CHECK_MESSAGE(std::regex_match(output.text, expected), output.text);
  CHECK(provider.served().chats == 2);
}

TEST_CASE("loop example: a server that is gone ends it, not billed") {
  loopback::LoopbackProvider provider;
  provider.stop();
  const Output output = run_against(provider);
  CHECK(output.exit_code == 0);
  CHECK_MESSAGE(
      std::regex_match(output.text,
                       std::regex("(\ndeepseek-flash, not_billed \\(connect_failed\\)\n){2}")),
      output.text);
}
