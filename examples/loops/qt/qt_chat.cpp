// SPDX-License-Identifier: MIT

// Streams an answer in Qt's event loop, then stops listening to a second one after its first word.
//
//   DEEPSEEK_API_KEY=sk-... ./qt_chat

#include <QCoreApplication>
#include <iostream>

#include "qt_loop.hpp"

int main(int argc, char** argv) {
  QCoreApplication app(argc, argv);

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  tally::CallId first = 0;
  const auto on_event = [&](const tally::Client& client, const tally::Event& event) {
    std::cout << event.delta.text << std::flush;
    if (event.call != first && !event.delta.text.empty()) client.cancel(event.call);
    if (!event.completion) return;
    std::cout << '\n' << event.completion->receipt << '\n';
    if (event.call != first) return app.quit();
    client.chat_start(request);
  };

  QtLoop loop;
  const auto client = loop.open(tally::options_from_environment(), on_event);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  first = client->chat_start(request);
  return app.exec();
}
