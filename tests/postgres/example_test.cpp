// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <string>

#include "loopback_provider.hpp"
#include "postgres/private_server.hpp"

namespace {

struct Output {
  int exit_code = -1;
  std::string text;
};

Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  for (std::size_t size; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.text.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

}  // namespace

TEST_CASE("example 10_fleet_postgres: prints what each player spent, of all runs together") {
  const loopback::LoopbackProvider provider;
  const std::string command = std::string("DEEPSEEK_API_KEY=sk-example '") +
                              EXAMPLE_10_FLEET_POSTGRES + "' '" + private_server::fresh_storage() +
                              "' " + provider.url();
  CHECK(run(command).exit_code == 0);
  const Output second = run(command);
  INFO(second.text);
  CHECK(second.exit_code == 0);
  CHECK(second.text.find("p-117: 2 calls, $0.0") != std::string::npos);
  CHECK(second.text.find("p-118: 2 calls, $0.0") != std::string::npos);
}

TEST_CASE("example 10_fleet_postgres: without a server it says what it needs") {
  const Output output = run(EXAMPLE_10_FLEET_POSTGRES);
  CHECK(output.exit_code == 2);
  CHECK(output.text.find("PostgreSQL") != std::string::npos);
}
