// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>

#include "loopback_provider.hpp"
#include "postgres/private_server.hpp"
#include "shell.hpp"

using shell::Output;
using shell::run;

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
