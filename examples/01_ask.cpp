// SPDX-License-Identifier: MIT

// Asks once and prints the answer and its bill. In C++20; 01_ask_cpp17.cpp is the same in C++17.
//
//   DEEPSEEK_API_KEY=sk-... ./01_ask

#include <iostream>
#include <tally/tally.hpp>

int main() {
  auto options = tally::options_from_environment();  // DEEPSEEK_API_KEY, DEEPSEEK_BASE_URL
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  auto [reply, receipt] =
      client->chat({.model = "deepseek-flash", .messages = {tally::user("Name three rivers.")}});
  if (reply)
    std::cout << reply->text() << '\n';
  else
    std::cerr << reply.error().message << '\n';
  std::cout << receipt << '\n';  // There is a bill whether or not there is a reply.
  return reply ? 0 : 1;
}
