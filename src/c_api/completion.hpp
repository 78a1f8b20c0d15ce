// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "c_api/storage.hpp"
#include "tally/c_api.h"
#include "tally/stream.hpp"

/// How a call ended, and what C sees of it.
struct tally_completion : tally::HandleOf<tally::HandleKind::completion> {
  tally_completion() : completion{tally::ChatError(), {}} {}
  explicit tally_completion(tally::Completion ended) : completion(std::move(ended)) {}
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

/// Hands `completion` out, and answers with the error that it ended with, if it did.
Result<std::int32_t> hand_out(Completion completion, tally_completion** out);

/// A delta as an event of C's; `call` is 0 but for started calls.
tally_event event_of(const Delta& delta, tally_call_id call);

}  // namespace TALLY_ABI
}  // namespace tally
