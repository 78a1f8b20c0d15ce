// SPDX-License-Identifier: MIT
#include <algorithm>

#include "client/cancel_state.hpp"
#include "client/lane.hpp"

namespace tally {
inline namespace TALLY_ABI {

void CancelToken::State::cancel() {
  cancelled.store(true, std::memory_order_release);
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Attached& each : lanes_) each.lane->call_attention();
}

void CancelToken::State::attach(Lane& lane) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (Attached* known = find(lane)) {
    ++known->times;
  } else {
    lanes_.push_back({&lane, 1});
  }
}

void CancelToken::State::detach(Lane& lane) {
  std::lock_guard<std::mutex> lock(mutex_);
  Attached* known = find(lane);
  if (known == nullptr || --known->times > 0) return;
  *known = lanes_.back();
  lanes_.pop_back();
}

CancelToken::State::Attached* CancelToken::State::find(const Lane& lane) {
  const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                  [&lane](const Attached& each) { return each.lane == &lane; });
  return found == lanes_.end() ? nullptr : &*found;
}

CancelToken::CancelToken() : state_(std::make_shared<State>()) {}
void CancelToken::cancel() const { state_->cancel(); }
bool CancelToken::cancelled() const { return state_->cancelled.load(std::memory_order_acquire); }

}  // namespace TALLY_ABI
}  // namespace tally
