// SPDX-License-Identifier: MIT

// Streams an answer in libuv's loop, then stops listening to a second one after its first word.
//
//   DEEPSEEK_API_KEY=sk-... ./libuv_chat

#include <iostream>

#include "libuv_loop.hpp"

namespace {

bool chat(uv_loop_t* uv) {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};

  tally::CallId first = 0;
  const auto on_event = [&](const tally::Client& client, const tally::Event& event) {
    std::cout << event.delta.text << std::flush;
    if (event.call != first && !event.delta.text.empty()) client.cancel(event.call);
    if (!event.completion) return;
    std::cout << '\n' << event.completion->receipt << '\n';
    if (event.call != first) return uv_stop(uv);
    client.chat_start(request);
  };

  LibuvLoop loop(uv);
  const auto client = loop.open(tally::options_from_environment(), on_event);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return false;
  }
  first = client->chat_start(request);
  uv_run(uv, UV_RUN_DEFAULT);
  return true;
}

}  // namespace

int main() {
  uv_loop_t* uv = uv_default_loop();
  const bool is_good = chat(uv);
  uv_run(uv, UV_RUN_DEFAULT);  // Its handles close.
  return is_good && uv_loop_close(uv) == 0 ? 0 : 1;
}
