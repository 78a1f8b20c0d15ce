// SPDX-License-Identifier: MIT

// Has a hole in a text filled in (fill in the middle), as an editor does, and prints the bill.
//
//   DEEPSEEK_API_KEY=sk-... ./09_fim

#include <iostream>
#include <tally/tally.hpp>

int main() {
  auto options = tally::options_from_environment();
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::FimRequest request;
  request.model = "deepseek-flash";
  request.prompt = "def gcd(a, b):\n";
  request.suffix = "    return a\n";
  request.max_tokens = 128;

  auto [reply, receipt] = client->fim(request);  // Or with a callback, or `stream`, or `fim_start`.
  if (reply)
    std::cout << request.prompt << reply->text() << *request.suffix;
  else
    std::cerr << reply.error().message << '\n';
  std::cout << receipt << '\n';
  return reply ? 0 : 1;
}
