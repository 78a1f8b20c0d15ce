// SPDX-License-Identifier: MIT
#pragma once

// A chat-completions server on 127.0.0.1 for tests and examples: real HTTP, DeepSeek's shapes,
// scripted answers and scripted faults.
//
//   POST <any prefix>/chat/completions   streams or documents, as asked or as scripted
//   POST <any prefix>/completions        the same for a text with a hole (FIM)
//   GET  <any prefix>/models, <any prefix>/user/balance
//
// Answers follow the script given here, changed by the request's header `x-loopback-script` (its
// words are in script.cpp). The key `sk-wrong` is refused with 401; every other key is good.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "script.hpp"

namespace loopback {

/// What a provider has done since it began. The tokens are those of answers whose usage went out:
/// what a provider would bill as settled.
struct Served {
  std::uint64_t connections = 0;  ///< Accepted TCP connections.
  std::uint64_t requests = 0;     ///< Of every kind.
  std::uint64_t chats = 0;    ///< Requests for completions of either kind, refused ones included.
  std::uint64_t settled = 0;  ///< Answers whose usage was sent.
  std::int64_t prompt_tokens = 0;
  std::int64_t cache_hit_tokens = 0;
  std::int64_t cache_miss_tokens = 0;
  std::int64_t completion_tokens = 0;
};

/// A request as it came in.
struct ReceivedRequest {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Serves from construction to destruction. May be shared by threads.
class LoopbackProvider {
 public:
  /// `connections`: how many are served at once; more wait their turn.
  explicit LoopbackProvider(Script script = {}, std::size_t connections = 96);
  ~LoopbackProvider();
  LoopbackProvider(const LoopbackProvider&) = delete;
  LoopbackProvider& operator=(const LoopbackProvider&) = delete;

  int port() const;
  std::string url() const;  ///< `http://127.0.0.1:PORT`

  /// For the requests from now on.
  void set_script(Script script);
  Served served() const;
  /// The last requests, oldest first.
  std::vector<ReceivedRequest> received() const;
  /// How many `received` goes back; 64 at first.
  void keep_received(std::size_t count);

  /// Breaks off what is under way and closes the port: later connections are refused.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loopback
