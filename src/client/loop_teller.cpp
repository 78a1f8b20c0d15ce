// SPDX-License-Identifier: MIT
#include "client/loop_teller.hpp"

#include <algorithm>
#include <utility>

#include "base/quietly.hpp"

namespace tally {
inline namespace TALLY_ABI {

using std::chrono::microseconds;

namespace {

// Loops count milliseconds in an int, some of them. A timer that comes too early is asked for
// again.
constexpr std::chrono::hours longest_timer{24};
// How long a shutdown waits for a host's function on another thread.
constexpr std::chrono::milliseconds longest_farewell{40};

}  // namespace

bool LoopTeller::is_watching() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !wanted_.empty();
}

void LoopTeller::note(std::vector<SocketWatch> changes, SteadyInstant turn_at,
                      SteadyInstant now) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!quietly([&] { note_changes(std::move(changes)); })) turn_at = now;
  if (is_suspended_ || has_left_ || turn_at == turn_at_) return;
  turn_at_ = turn_at;
  timer_is_news_ = true;
  timer_.reset();
  if (turn_at == SteadyInstant::max()) return;
  timer_ = std::clamp<microseconds>(std::chrono::ceil<microseconds>(turn_at - now), microseconds(0),
                                    longest_timer);
}

void LoopTeller::note_changes(std::vector<SocketWatch> changes) {
  if (changes_.empty()) changes_.swap(changes);
  changes_.insert(changes_.end(), changes.begin(), changes.end());
  for (const SocketWatch& change : changes_) {
    wanted_.erase(
        std::remove_if(wanted_.begin(), wanted_.end(),
                       [&](const SocketWatch& earlier) { return earlier.socket == change.socket; }),
        wanted_.end());
    if (change.read || change.write) wanted_.push_back(change);
    if (!is_suspended_ && !has_left_) news_.push_back(change);
  }
  changes_.clear();
}

void LoopTeller::note_timer_over() {
  std::lock_guard<std::mutex> lock(mutex_);
  turn_at_ = SteadyInstant::max();
}

void LoopTeller::be_silent() {
  for (const SocketWatch& watch : wanted_) news_.push_back({watch.socket, false, false});
  if (turn_at_ == SteadyInstant::max()) return;
  turn_at_ = SteadyInstant::max();
  timer_is_news_ = true;
  timer_.reset();
}

void LoopTeller::suspend() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!is_suspended_ && !has_left_) be_silent();
  is_suspended_ = true;
}

void LoopTeller::resume() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!is_suspended_) return;
  is_suspended_ = false;
  if (!has_left_) news_.insert(news_.end(), wanted_.begin(), wanted_.end());
}

void LoopTeller::leave() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!is_suspended_ && !has_left_) be_silent();
  has_left_ = true;
}

void LoopTeller::tell() {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool is_nested = is_telling_ && teller_ == std::this_thread::get_id();
  if (is_telling_ && !is_nested) {
    // That thread comes to this too. It may be held up by what waits for this one.
    if (has_left_) told_.wait_for(lock, longest_farewell, [this] { return !is_telling_; });
    return;
  }
  if (is_nested && !has_left_) return;  // Further out.
  const struct Over {                   // Also where a function of the host's throws.
    LoopTeller& teller;
    std::unique_lock<std::mutex>& lock;
    const bool is_outermost;
    ~Over() {
      if (!lock) lock.lock();
      if (!is_outermost) return;
      teller.is_telling_ = false;
      teller.told_.notify_all();
    }
  } over{*this, lock, !is_nested};
  is_telling_ = true;
  teller_ = std::this_thread::get_id();
  while (!news_.empty() || timer_is_news_) {
    if (!news_.empty()) {
      const SocketWatch watch = news_.front();
      news_.pop_front();
      lock.unlock();
      loop_.on_socket(watch);
    } else {
      timer_is_news_ = false;
      const auto timer = timer_;
      lock.unlock();
      loop_.on_timer(timer);
    }
    lock.lock();
  }
}

}  // namespace TALLY_ABI
}  // namespace tally
