// SPDX-License-Identifier: MIT

// The same small program in each language that has a binding, as a user runs it. How it is run:
// TALLY_BINDING.

#include <doctest/doctest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "loopback_provider.hpp"
#include "shell.hpp"

namespace {

using shell::Output;

Output run(const std::string& environment) {
  const char* command = std::getenv("TALLY_BINDING");
  REQUIRE(command != nullptr);
  return shell::run(environment + " timeout 60 " + command);
}

}  // namespace

TEST_CASE("binding: it streams with its bill, cancels with an estimate, and shuts down") {
  loopback::Script slow;
  slow.delay = std::chrono::milliseconds(30);
  loopback::LoopbackProvider provider(slow);
  const Output output = run(shell::asking(provider));
  CHECK(output.exit_code == 0);
  const std::regex expected(
      "The Danube, the Nile and the Amazon\\.\n"
      "18 in \\(0 cached\\) \\+ 9 out = \\$0\\.00000(81|162)  deepseek-flash (off-peak|peak), "
      "settled\n"
      "The[^.\n]*\n"
      "the call was cancelled by the caller\n"
      "~\\d+ in \\+ ~\\d+ out = ~\\$0\\.0\\d+  deepseek-flash (off-peak|peak), estimated\n");
  CHECK_MESSAGE(std::regex_match(output.text, expected), output.text);
  CHECK(provider.served().chats == 2);
}

TEST_CASE("binding: a server that is gone is said, and not billed") {
  loopback::LoopbackProvider provider;
  provider.stop();
  const Output output = run(shell::asking(provider));
  CHECK(output.exit_code == 0);
  const std::regex expected(
      "(\nno connection to the server could be made: [^\n]*\n"
      "deepseek-flash, not_billed \\(connect_failed\\)\n){2}");
  CHECK_MESSAGE(std::regex_match(output.text, expected), output.text);
}

TEST_CASE("binding: a missing key is said in words that name the variable") {
  const Output output = run("DEEPSEEK_API_KEY=");
  CHECK(output.exit_code != 0);
  CHECK_MESSAGE(output.text.find("DEEPSEEK_API_KEY") != std::string::npos, output.text);
}
