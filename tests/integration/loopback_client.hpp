// SPDX-License-Identifier: MIT
#pragma once

// What the integration tests share: clients of a loopback provider, on a day whose prices are
// known.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "loopback_provider.hpp"
#include "tally/tally.hpp"
#include "transport/curl_transport.hpp"

namespace integration {

/// The system's steady clock beside a wall clock that stands still: prices do not depend on the
/// day.
class StandingClock : public tally::Clock {
 public:
  explicit StandingClock(const char* instant) : wall_(*tally::parse_instant(instant)) {}
  tally::SteadyInstant steady() const override { return tally::system_clock()->steady(); }
  tally::Instant wall() const override { return wall_; }

 private:
  tally::Instant wall_;
};

/// Billed as DeepSeek, off-peak: 0.15 and 0.60 dollars for a million tokens of deepseek-flash.
inline tally::ClientOptions options_for(const loopback::LoopbackProvider& provider,
                                        const std::string& script = "") {
  tally::ClientOptions options;
  options.api_key = "sk-canary-5f1d";
  options.base_url = provider.url();
  options.provider = "deepseek";
  options.retries.most = 0;  // Tests of retries say so.
  options.clock = std::make_shared<StandingClock>("2026-11-18T05:00:00Z");
  if (!script.empty()) options.headers = {{"x-loopback-script", script}};
  return options;
}

/// With TALLY_TEST_POLLER=portable all clients wait by `curl_multi_poll`, as elsewhere than on
/// Linux.
inline tally::Client open(tally::ClientOptions options) {
  static const char* poller = std::getenv("TALLY_TEST_POLLER");
  if (!options.transport && poller != nullptr && std::string(poller) == "portable") {
    options.transport = [curl = options.curl] {
      return tally::make_curl_transport(curl, tally::PollerChoice::portable);
    };
  }
  return *tally::Client::open(std::move(options));
}

inline tally::Client client_of(const loopback::LoopbackProvider& provider,
                               const std::string& script = "") {
  return open(options_for(provider, script));
}

inline tally::ChatRequest three_rivers() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

inline tally::Flow keep(const tally::Delta&) { return tally::Flow::keep; }

/// Asks for a stream and reads it to its end.
inline tally::Completion streamed(const tally::Client& client,
                                  const tally::ChatRequest& request = three_rivers()) {
  return client.chat(request, keep);
}

inline std::string total_of(const tally::Receipt& receipt) {
  return receipt.cost.total ? to_string(receipt.cost.total->amount) : "none";
}

}  // namespace integration
