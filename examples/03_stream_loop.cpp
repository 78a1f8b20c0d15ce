// SPDX-License-Identifier: MIT

// The same as a loop: deltas are pulled, `finish` has the whole message and the bill.
//
//   DEEPSEEK_API_KEY=sk-... ./03_stream_loop

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

  auto stream = client->stream(request);
  for (const tally::Delta& delta : stream) {
    std::cout << delta.reasoning << delta.text << std::flush;
  }
  std::cout << '\n';

  auto [reply, receipt] = stream.finish();
  std::cout << explain(receipt);
  if (!reply) std::cerr << reply.error().message << '\n';
  return reply ? 0 : 1;
}
