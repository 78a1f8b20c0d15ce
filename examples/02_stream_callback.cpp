// SPDX-License-Identifier: MIT

// Prints an answer while it comes, and stops it when enough has come.
//
//   DEEPSEEK_API_KEY=sk-... ./02_stream_callback

#include <cstddef>
#include <iostream>
#include <tally/tally.hpp>

int main() {
  auto options = tally::options_from_environment();
  auto client = tally::Client::open(options);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  std::size_t printed = 0;
  auto [reply, receipt] = client->chat(request, [&](const tally::Delta& delta) {
    std::cout << delta.text << std::flush;
    printed += delta.text.size();
    return printed < 2000 ? tally::Flow::keep : tally::Flow::stop;
  });
  std::cout << '\n' << receipt << '\n';
  if (reply) return 0;

  // What had come before the failure is kept, and so is its bill.
  const tally::ChatError& error = reply.error();
  std::cerr << to_string(error.kind) << ": " << error.message << '\n'
            << error.partial.text().size() << " bytes of the answer had arrived\n";
  return 1;
}
