// SPDX-License-Identifier: MIT
#include <algorithm>

#include "client/cancel_state.hpp"
#include "client/lane.hpp"

namespace tally {
inline namespace TALLY_ABI {

void CancelToken::State::cancel() {
  cancelled.store(true, std::memory_order_release);
  std::lock_guard<std::mutex> lock(mutex_);
  for (Lane* lane : lanes_) lane->call_attention();
}

void CancelToken::State::attach(Lane& lane) {
  std::lock_guard<std::mutex> lock(mutex_);
  lanes_.push_back(&lane);
}

void CancelToken::State::detach(Lane& lane) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(lanes_.begin(), lanes_.end(), &lane);
  if (found != lanes_.end()) lanes_.erase(found);
}

CancelToken::CancelToken() : state_(std::make_shared<State>()) {}
void CancelToken::cancel() const { state_->cancel(); }
bool CancelToken::cancelled() const { return state_->cancelled.load(std::memory_order_acquire); }

}  // namespace TALLY_ABI
}  // namespace tally
