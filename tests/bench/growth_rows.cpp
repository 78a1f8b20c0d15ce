// SPDX-License-Identifier: MIT
#include "growth_rows.hpp"

#include <algorithm>
#include <cstdlib>

#include "call.hpp"
#include "timing.hpp"

namespace bench {

Figures reply(const std::vector<std::string>& words) {
  check(open_client(words[2]).chat(small_request()));  // Reads the built-in prices.
  const tally::Client client = open_client(words[1]);
  std::size_t text = 0;
  Figures figures = timed([&] {
    const tally::Completion completion = client.chat(small_request());
    check(completion);
    text = completion.reply->text().size();
  });
  figures["text"] = static_cast<double>(text);
  figures["peak_kib"] = peak_kib();
  return figures;
}

Figures conversation(const std::vector<std::string>& words) {
  const int messages = std::atoi(words[2].c_str());
  tally::ChatRequest request = small_request();
  request.messages.clear();
  for (int i = 0; i < messages; ++i) {
    const std::string text = "What was said at " + std::to_string(i) +
                             " o'clock, \"as it came\",\n" + std::string(150, 'w');
    request.messages.push_back(i % 2 == 0 ? tally::user(text) : tally::assistant(text));
  }
  const tally::Client client = open_client(words[1]);
  check(client.chat(request));
  const double before_kib = peak_kib();
  // As many messages in all as the longest conversation has, several times.
  const int calls = std::max(5, 20'000 / messages);
  Figures figures = timed([&] {
    for (int i = 0; i < calls; ++i) check(client.chat(request));
  });
  figures["cpu_us"] /= calls;
  figures["held_more_kib"] = peak_kib() - before_kib;
  return figures;
}

}  // namespace bench
