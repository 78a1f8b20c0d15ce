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
/// A line holds the path and the body of the request, the answer's status, headers and body in the
/// pieces in which it came, and when. What people wrote is kept: prompts and answers.
///
/// What is not kept:
/// - the headers of a request, and the host;
/// - headers of an answer that are named like secrets (`auth`, `key`, `token`, `secret`, `cookie`,
///   `session`, `password` or `credential` in the name, but not those of rate limits);
/// - what the request's headers of such names held, the key among it: it becomes `[key]` wherever
///   it stands, also escaped as JSON does or cut by pieces, if it has eight characters or more.
///   Shorter ones are words of local servers: they become `[key]` only as the whole value of a
///   header.
/// A secret that nobody sent in such a header is not known as one; nor is one that an answer spells
/// in several chunks.
TALLY_API TransportFactory recording_transport(TransportFactory inner, RecordSink sink,
                                               std::shared_ptr<const Clock> clock = system_clock());

/// What a client needs for calls that were recorded: give it both, and its receipts are the
/// recorded ones, cost included, on any day; ids are new. Plain data.
struct Replay {
  TransportFactory transport;
  /// Tells the instants of the recorded exchanges, to each thread those of its own: a tariff
  /// depends on them. The time between recorded pieces and before a retry passes in no time, but
  /// for calls that are polled: `poll` never waits, and there the time before a retry is the
  /// machine's. So is that for which a call waits for its ledger.
  std::shared_ptr<const Clock> clock;
};

/// Reads the lines of a recording; `invalid_argument` names the line that is none. An exchange is
/// found by its method, the path of its URL, and its body; equal ones are played in the order in
/// which they began, each once, in the recorded pieces and at the recorded times. A request that
/// was not recorded fails with `invalid_argument`, which says what was. May be shared by clients;
/// order among threads is theirs to keep.
///
/// An exchange that a clock of the call's had ended is silent from there on, so that the same clock
/// ends it again. If none does, as where the caller had cancelled, it ends as `cancelled` at the
/// recorded instant: the bill is that of the recorded call.
TALLY_API Result<Replay> read_recording(std::string_view lines);

}  // namespace TALLY_ABI
}  // namespace tally
