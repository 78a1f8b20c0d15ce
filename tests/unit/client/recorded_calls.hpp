// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fake_network.hpp"
#include "tally/record.hpp"

namespace fake {

/// Everything that `world`'s clients do from now on, as lines.
inline std::shared_ptr<std::string> record(World& world) {
  auto lines = std::make_shared<std::string>();
  world.options.transport = tally::recording_transport(
      world.options.transport, [lines](std::string_view line) { lines->append(line).append("\n"); },
      world.network->clock);
  return lines;
}

inline tally::Client replaying(std::string_view lines, std::string key = "another-key") {
  const auto replay = tally::read_recording(lines);
  REQUIRE_MESSAGE(replay, replay.error().message);
  tally::ClientOptions options;
  options.api_key = std::move(key);
  options.transport = replay->transport;
  options.clock = replay->clock;
  options.retries.most = 0;
  return *tally::Client::open(options);
}

/// The same client as `world`'s, and what it asks is answered by the recording.
inline tally::Client replaying_in(const World& world, std::string_view lines) {
  const auto replay = tally::read_recording(lines);
  REQUIRE_MESSAGE(replay, replay.error().message);
  tally::ClientOptions options = world.options;
  options.transport = replay->transport;
  options.clock = replay->clock;
  return *tally::Client::open(options);
}

/// The deltas' texts with bars between them, and then the receipt.
inline std::string played(const tally::Client& client, tally::ChatRequest request = question()) {
  std::string text;
  const auto completion = client.chat(request, [&](const tally::Delta& delta) {
    text.append(delta.text).append("|");
    return tally::Flow::keep;
  });
  text += to_string(completion.receipt);
  if (!completion.reply) text += " " + std::string(to_string(completion.reply.error().kind));
  return text;
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++times;
  return times;
}

/// Polls until `calls` have ended; their completions in that order.
inline std::vector<tally::Completion> polled(const tally::Client& client, std::size_t calls) {
  std::vector<tally::Completion> ended;
  for (int i = 0; i < 100'000 && ended.size() < calls; ++i) {
    REQUIRE(client.poll());
    tally::Event event;
    while (client.next_event(event)) {
      if (event.completion) ended.push_back(*std::move(event.completion));
    }
    std::this_thread::sleep_for(microseconds(10));
  }
  REQUIRE(ended.size() == calls);
  return ended;
}

/// All of a receipt but its ids.
inline std::string bill(const tally::Receipt& receipt) {
  std::string text;
  for (const tally::Attempt& each : receipt.attempts) {
    text += "\n" + tally::to_string(each.started) + " to " + tally::to_string(each.completed) +
            ", first after ";
    text += each.first_byte_after ? std::to_string(each.first_byte_after->count()) : "?";
    text += ": " + each.reason + " " + std::to_string(each.http_status) + " " + each.request_id;
    tally::Receipt alone = receipt;
    alone.attempts = {each};
    sum_attempts(alone);
    text += ", " + to_string(alone);
    if (each.cost.bounds) text += ", between two tariffs";
  }
  return text;
}

}  // namespace fake
