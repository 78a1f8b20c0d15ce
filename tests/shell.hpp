// SPDX-License-Identifier: MIT
#pragma once

// A command of the shell, as a user runs it.

#include <doctest/doctest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <string>

#include "loopback_provider.hpp"

namespace shell {

struct Output {
  int exit_code = -1;  ///< -1: a signal ended it.
  std::string text;    ///< Of both its outputs.
};

/// Runs a command to its end.
inline Output run(const std::string& command) {
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

/// The environment in which a program asks `provider` as its DeepSeek; before a command.
inline std::string asking(const loopback::LoopbackProvider& provider) {
  return "DEEPSEEK_API_KEY=sk-example DEEPSEEK_BASE_URL=" + provider.url();
}

}  // namespace shell
