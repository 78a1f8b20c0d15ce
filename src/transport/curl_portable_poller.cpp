// SPDX-License-Identifier: MIT
#include <algorithm>

#include "transport/curl_poller.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::milliseconds;

class PortablePoller final : public CurlPoller {
 public:
  explicit PortablePoller(CURLM* multi) : multi_(multi) {}

  void turn(std::chrono::microseconds wait) override {
    // Rounded up: a wait of 0.3 ms that becomes 0 would spin until its deadline.
    const auto longest = std::chrono::ceil<milliseconds>(
        std::min<std::chrono::microseconds>(wait, std::chrono::hours(1)));
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(longest.count()), nullptr);
    int running = 0;
    curl_multi_perform(multi_, &running);
  }

  SteadyInstant next_deadline() const override {
    long timeout_ms = -1;
    curl_multi_timeout(multi_, &timeout_ms);
    if (timeout_ms < 0) return SteadyInstant::max();
    return std::chrono::steady_clock::now() + milliseconds(timeout_ms);
  }

  void wake() override { curl_multi_wakeup(multi_); }

 private:
  CURLM* multi_;
};

}  // namespace

std::unique_ptr<CurlPoller> make_portable_poller(CURLM* multi) {
  return std::make_unique<PortablePoller>(multi);
}

}  // namespace TALLY_ABI
}  // namespace tally
