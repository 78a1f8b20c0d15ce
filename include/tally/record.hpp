// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "tally/result.hpp"
#include "tally/time.hpp"
#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Takes one line of a recording, without its line end. Called on the thread that drives a call,
/// for one line at a time; it must not use the client, nor throw.
using RecordSink = std::function<void(std::string_view line)>;

/// Transports that hand each of their exchanges to `sink` once it is over, as a line of JSON:
///
///     std::ofstream file("calls.jsonl");
///     options.transport = tally::recording_transport(
///         tally::curl_transport(), [&](std::string_view line) { file << line << '\n'; });
///
/// No header of a request is kept, nor those of an answer that may hold secrets; the key becomes
/// `[key]` wherever it stands. What people wrote is kept: a recording holds prompts and answers.
TALLY_API TransportFactory recording_transport(TransportFactory inner, RecordSink sink,
                                               std::shared_ptr<const Clock> clock = system_clock());

/// What a client needs for calls that were recorded: give it both, and its receipts are the
/// recorded ones, cost included, on any day. Plain data.
struct Replay {
  TransportFactory transport;
  /// Tells the instants of the recorded exchanges: a tariff depends on them. Waits take no time.
  std::shared_ptr<const Clock> clock;
};

/// Reads the lines of a recording. An exchange is found by its method, the path of its URL, and its
/// body; equal ones are played in their order, each once, in the recorded pieces. A request that
/// was not recorded fails with `invalid_argument`. May be shared by clients; order among threads is
/// theirs to keep.
TALLY_API Result<Replay> read_recording(std::string_view lines);

}  // namespace TALLY_ABI
}  // namespace tally
