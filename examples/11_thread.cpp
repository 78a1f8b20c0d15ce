// SPDX-License-Identifier: MIT

// A program without frames and without a loop: a thread of its own lives in the client, while
// others start calls and cancel them. tally itself starts no thread.
//
//   DEEPSEEK_API_KEY=sk-... ./11_thread

#include <chrono>
#include <iostream>
#include <tally/tally.hpp>
#include <thread>

int main() {
  auto client = tally::Client::open(tally::options_from_environment());
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  std::thread worker([client = *client] {
    tally::Event event;
    while (client.wait(std::chrono::hours(1))) {  // Until all is said after the shutdown below.
      while (client.next_event(event)) {
        if (!event.completion) continue;  // A delta: event.delta.text.
        const auto& [reply, receipt] = *event.completion;
        std::cout << event.call << ": " << (reply ? reply->text() : reply.error().message) << '\n'
                  << receipt << '\n';
      }
    }
  });

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  client->chat_start(request);
  client->cancel(client->chat_start(request));

  client->shutdown(
      std::chrono::seconds(60));  // Calls have that long to finish; then the thread ends.
  worker.join();
  return 0;
}
