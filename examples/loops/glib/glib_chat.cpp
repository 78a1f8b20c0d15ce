// SPDX-License-Identifier: MIT

// Streams an answer in GLib's main loop, then stops listening to a second one after its first word.
//
//   DEEPSEEK_API_KEY=sk-... ./glib_chat

#include <iostream>

#include "glib_loop.hpp"

int main() {
  const std::unique_ptr<GMainLoop, decltype(&g_main_loop_unref)> main_loop(
      g_main_loop_new(nullptr, FALSE), &g_main_loop_unref);

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  tally::CallId first = 0;
  const auto on_event = [&](const tally::Client& client, const tally::Event& event) {
    std::cout << event.delta.text << std::flush;
    if (event.call != first && !event.delta.text.empty()) client.cancel(event.call);
    if (!event.completion) return;
    std::cout << '\n' << event.completion->receipt << '\n';
    if (event.call != first) return g_main_loop_quit(main_loop.get());
    client.chat_start(request);
  };

  GlibLoop loop;
  const auto client = loop.open(tally::options_from_environment(), on_event);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  first = client->chat_start(request);
  g_main_loop_run(main_loop.get());
  return 0;
}
