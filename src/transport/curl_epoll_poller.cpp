// SPDX-License-Identifier: MIT
#include "transport/curl_poller.hpp"

#if defined(__linux__)

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

SteadyInstant steady_now() { return std::chrono::steady_clock::now(); }

class EpollPoller final : public CurlPoller {
 public:
  EpollPoller(CURLM* multi, int epoll_descriptor, int wake_descriptor)
      : multi_(multi), epoll_(epoll_descriptor), wake_(wake_descriptor) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &EpollPoller::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &EpollPoller::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  ~EpollPoller() override {
    // curl tells of sockets that it closes in its own cleanup, when this poller is gone.
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    ::close(wake_);
    ::close(epoll_);
  }

  void turn(microseconds wait) override {
    const bool worked = run_due_timer();
    std::array<epoll_event, 64> ready;
    const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                   worked ? 0 : wait_milliseconds(wait));
    for (int i = 0; i < count; ++i) act_on(ready[static_cast<std::size_t>(i)]);
    run_due_timer();
  }

  SteadyInstant next_deadline() const override { return timer_; }

  void wake() override {
    const std::uint64_t one = 1;
    // The counter can only be full when a wake is pending already.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }

 private:
  bool run_due_timer() {
    if (timer_ == SteadyInstant::max() || steady_now() < timer_) return false;
    timer_ = SteadyInstant::max();
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    return true;
  }

  int wait_milliseconds(microseconds wait) const {
    auto longest = std::min<microseconds>(wait, std::chrono::hours(1));
    if (timer_ != SteadyInstant::max()) {
      const auto until_timer = std::chrono::ceil<microseconds>(timer_ - steady_now());
      longest = std::min(longest, std::max(until_timer, microseconds(0)));
    }
    // Rounded up: a wait of 0.3 ms that becomes 0 would spin until its deadline.
    return static_cast<int>(std::chrono::ceil<milliseconds>(longest).count());
  }

  void act_on(const epoll_event& event) {
    if (event.data.fd == wake_) {
      std::uint64_t wakes = 0;
      [[maybe_unused]] const auto got = ::read(wake_, &wakes, sizeof wakes);
      return;
    }
    int mask = 0;
    if ((event.events & (EPOLLIN | EPOLLHUP)) != 0) mask |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((event.events & EPOLLERR) != 0) mask |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    static_cast<EpollPoller*>(self)->watch(socket, what, known != nullptr);
    return 0;
  }

  void watch(curl_socket_t socket, int what, bool known) {
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
      return;
    }
    epoll_event event{};
    event.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    if (!known) curl_multi_assign(multi_, socket, this);
    // The kernel forgets a closed descriptor by itself, so its number may be known or not: try
    // both.
    if (::epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) == 0) return;
    if (errno == ENOENT) ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    if (errno == EEXIST) ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
  }

  static int on_timer(CURLM*, long timeout_ms, void* self) {
    static_cast<EpollPoller*>(self)->timer_ =
        timeout_ms < 0 ? SteadyInstant::max() : steady_now() + milliseconds(timeout_ms);
    return 0;
  }

  CURLM* multi_;
  int epoll_;
  int wake_;
  SteadyInstant timer_ = SteadyInstant::max();
};

}  // namespace

std::unique_ptr<CurlPoller> make_epoll_poller(CURLM* multi) {
  const int epoll_descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_descriptor < 0) return nullptr;
  const int wake_descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_descriptor;
  if (wake_descriptor < 0 ||
      ::epoll_ctl(epoll_descriptor, EPOLL_CTL_ADD, wake_descriptor, &event) != 0) {
    if (wake_descriptor >= 0) ::close(wake_descriptor);
    ::close(epoll_descriptor);
    return nullptr;
  }
  return std::make_unique<EpollPoller>(multi, epoll_descriptor, wake_descriptor);
}

}  // namespace TALLY_ABI
}  // namespace tally

#else

namespace tally {
inline namespace TALLY_ABI {

std::unique_ptr<CurlPoller> make_epoll_poller(CURLM*) { return nullptr; }

}  // namespace TALLY_ABI
}  // namespace tally

#endif
