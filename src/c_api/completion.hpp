// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "c_api/storage.hpp"
#include "tally/c_api.h"
#include "tally/stream.hpp"

/// How a call ended, and what C sees of it.
struct tally_completion : tally::HandleOf<tally::HandleKind::completion> {
  tally_completion() : completion{tally::ChatError(), {}} {}
  /// Makes what follows of it. Where that fails it may be tried again.
  void show();

  tally::Completion completion;
  tally::Storage storage;
  const tally_reply* reply = nullptr;
  const tally_error* error = nullptr;
  const tally_receipt* receipt = nullptr;
};

namespace tally {
inline namespace TALLY_ABI {

/// Hands `completion` out in `room`, which was made before the call: its bill is not lost where
/// memory has run out since. Answers with the error that it ended with, if it did.
Result<std::int32_t> hand_out(std::unique_ptr<tally_completion> room, Completion completion,
                              tally_completion** out, tally_error* error);

/// A delta as an event of C's; `call` is 0 but for started calls.
tally_event event_of(const Delta& delta, tally_call_id call);

}  // namespace TALLY_ABI
}  // namespace tally
