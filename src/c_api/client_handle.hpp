// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "c_api/completion.hpp"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// How the ids of one client's calls are told from another's.
struct CallIds {
  tally_call_id id_of(CallId call) const { return number << 48 | call; }
  bool has(tally_call_id call) const { return call >> 48 == number; }
  static CallId call_of(tally_call_id call) { return call & 0xffff'ffff'ffff; }

  std::uint64_t number;  ///< Of 16 bits.
};

/// What was pulled and not handed out yet. Apart from the client, which a function of the host's
/// may destroy while an event is being pulled.
struct Inbox {
  /// Room for a completion, made before it is pulled: without memory none is lost.
  std::unique_ptr<tally_completion> room;
  /// A completion that came and was not handed out yet: making it what C sees may fail.
  std::unique_ptr<tally_completion> pending;
  tally_call_id pending_call = 0;
  bool is_pulling = false;
  bool is_closed = false;  ///< The client was destroyed.
};

}  // namespace TALLY_ABI
}  // namespace tally

/// Whoever calls a function of the host's on its behalf copies first what it needs afterwards.
struct tally_client : tally::HandleOf<tally::HandleKind::client> {
  tally_client(tally::Client opened, std::uint64_t number)
      : client(std::move(opened)), ids{number} {}

  const tally::Client client;
  const tally::CallIds ids;
  const std::shared_ptr<tally::Inbox> inbox = std::make_shared<tally::Inbox>();
};
