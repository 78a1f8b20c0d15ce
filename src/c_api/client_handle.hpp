// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "c_api/completion.hpp"
#include "tally/client.hpp"

/// A client, and the event that its one puller holds.
struct tally_client : tally::HandleOf<tally::HandleKind::client> {
  tally_client(tally::Client opened, std::uint64_t number_)
      : client(std::move(opened)), number(number_) {}

  tally_call_id id_of(tally::CallId call) const { return number << 48 | call; }
  bool has_id(tally_call_id call) const { return call >> 48 == number; }
  static tally::CallId call_of(tally_call_id call) { return call & 0xffff'ffff'ffff; }

  const tally::Client client;
  const std::uint64_t number;  ///< Of 16 bits: tells the ids of this client from another's.

  tally::Event event;  ///< Its views are those of the event that was handed out last.
  /// Room for a completion, made before it is pulled: without memory none is lost.
  std::unique_ptr<tally_completion> spare;
  /// A completion that came and was not handed out yet: making it what C sees may fail.
  std::unique_ptr<tally_completion> pending;
  tally_call_id pending_call = 0;
};
