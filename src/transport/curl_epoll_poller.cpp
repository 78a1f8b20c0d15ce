// SPDX-License-Identifier: MIT
#include "transport/curl_poller.hpp"

#if defined(__linux__)

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "transport/curl_timer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

class EpollPoller final : public CurlPoller {
 public:
  EpollPoller(CURLM* multi, int epoll_descriptor, int wake_descriptor)
      : multi_(multi), epoll_(epoll_descriptor), wake_(wake_descriptor), timer_(multi) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &EpollPoller::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  }

  ~EpollPoller() override {
    // curl tells of sockets that it closes in its own cleanup, when this poller is gone.
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    ::close(wake_);
    ::close(epoll_);
  }

  void turn(std::chrono::microseconds wait) override {
    const bool worked = timer_.run_if_due();
    // Something was done: who can wait comes again at once. For a small call, whose request goes
    // out here, a look at the sockets was one of eight system calls. Not twice in a row, since a
    // stream that fills its buffer each time has curl's timer always due, and others wait.
    if (worked && wait > std::chrono::microseconds(0) && std::exchange(has_looked_, false)) return;
    has_looked_ = true;
    std::array<epoll_event, 64> ready;
    const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                   worked ? 0 : timer_.wait_milliseconds(wait));
    for (int i = 0; i < count; ++i) act_on(ready[static_cast<std::size_t>(i)]);
    timer_.run_if_due();
  }

  SteadyInstant next_deadline() const override { return timer_.due(); }

  bool passes_over_finished() const override { return true; }

  void wake() override {
    const std::uint64_t one = 1;
    // The counter can only be full when a wake is pending already.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }

 private:
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

  CURLM* multi_;
  int epoll_;
  int wake_;
  CurlTimer timer_;
  bool has_looked_ = true;  ///< At the sockets, in the turn before.
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
