// SPDX-License-Identifier: MIT

// 01_ask in C++17: the option structs are filled member by member.

#include <iostream>
#include <tally/tally.hpp>

int main() {
  tally::ClientOptions options = tally::options_from_environment();
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  auto [reply, receipt] = client->chat(request);
  if (reply)
    std::cout << reply->text() << '\n';
  else
    std::cerr << reply.error().message << '\n';
  std::cout << receipt << '\n';
  return reply ? 0 : 1;
}
