// SPDX-License-Identifier: MIT
#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <chrono>

#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The one timer that a CURLM wants. One thread at a time. Never moves, since curl holds its
/// address.
class CurlTimer {
 public:
  explicit CurlTimer(CURLM* multi) : multi_(multi) {
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlTimer::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  ~CurlTimer() { curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr); }
  CurlTimer(const CurlTimer&) = delete;
  CurlTimer& operator=(const CurlTimer&) = delete;

  /// `SteadyInstant::max()`: curl wants none.
  SteadyInstant due() const { return due_; }

  /// Lets curl work if its time has come. False: it has not.
  bool run_if_due() {
    if (due_ == SteadyInstant::max() || std::chrono::steady_clock::now() < due_) return false;
    due_ = SteadyInstant::max();
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    return true;
  }

  /// `wait`, cut short where the timer is due earlier. Rounded up: a wait of 0.3 ms that becomes 0
  /// would spin until its deadline.
  int wait_milliseconds(std::chrono::microseconds wait) const {
    using std::chrono::microseconds;
    auto longest = std::min<microseconds>(wait, std::chrono::hours(1));
    if (due_ != SteadyInstant::max()) {
      const auto until_due =
          std::chrono::ceil<microseconds>(due_ - std::chrono::steady_clock::now());
      longest = std::min(longest, std::max(until_due, microseconds(0)));
    }
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(longest).count());
  }

 private:
  static int on_timer(CURLM*, long timeout_ms, void* self) {
    static_cast<CurlTimer*>(self)->due_ =
        timeout_ms < 0 ? SteadyInstant::max()
                       : std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    return 0;
  }

  CURLM* multi_;
  SteadyInstant due_ = SteadyInstant::max();
};

}  // namespace TALLY_ABI
}  // namespace tally
