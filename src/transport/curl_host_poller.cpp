// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "transport/curl_frame.hpp"
#include "transport/curl_poller.hpp"
#include "transport/curl_timer.hpp"

#if defined(__linux__)
#include <sys/eventfd.h>
#endif
#if !defined(_WIN32)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tally {
inline namespace TALLY_ABI {
namespace {

#if defined(_WIN32)

/// Windows has nothing that both a thread can signal and every loop can watch. A wait in here is
/// ended; a host's loop hears of it by its timer.
class WakeUp {
 public:
  explicit WakeUp(CURLM* multi) : multi_(multi) {}
  bool works() const { return true; }
  std::optional<SocketHandle> socket() const { return std::nullopt; }
  void signal() { curl_multi_wakeup(multi_); }
  void take() {}

 private:
  CURLM* multi_;
};

#else

/// A descriptor that becomes readable when any thread says so.
class WakeUp {
 public:
  explicit WakeUp(CURLM*) {
#if defined(__linux__)
    ends_[0] = ends_[1] = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#else
    if (::pipe(ends_) != 0) return;
    for (const int end : ends_) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
#endif
  }
  ~WakeUp() {
    if (!works()) return;
    ::close(ends_[0]);
    if (ends_[1] != ends_[0]) ::close(ends_[1]);
  }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  bool works() const { return ends_[0] >= 0; }
  std::optional<SocketHandle> socket() const { return ends_[0]; }

  void signal() {
    const std::uint64_t one = 1;
    // It can only be full when a wake is pending already.
    [[maybe_unused]] const auto written = ::write(ends_[1], &one, sizeof one);
  }

  void take() {
    std::uint64_t wakes = 0;
    while (::read(ends_[0], &wakes, sizeof wakes) > 0) {
    }
  }

 private:
  int ends_[2] = {-1, -1};
};

#endif

class HostPoller final : public CurlPoller {
 public:
  explicit HostPoller(CURLM* multi) : multi_(multi), wake_(multi), timer_(multi) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HostPoller::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    if (const auto socket = wake_.socket()) changes_.push_back({*socket, true, false});
  }

  ~HostPoller() override {
    // curl tells of sockets that it closes in its own cleanup, when this poller is gone.
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  }

  bool works() const { return wake_.works(); }

  void turn(std::chrono::microseconds wait) override {
    const bool worked = timer_.run_if_due();
    // Without a word from the host's loop it looks by itself: who waits in here is no loop's
    // callback, and where a host stood still, what has come is to be read before clocks run out.
    if (!act_on_marks() && !worked) look(is_watching_all_ ? wait : std::min(wait, blind_look));
    if (!is_watching_all_) serve_all();
    timer_.run_if_due();
  }

  SteadyInstant next_deadline() const override {
    if (is_watching_all_) return timer_.due();
    return std::min<SteadyInstant>(timer_.due(), std::chrono::steady_clock::now() + blind_look);
  }

  void wake() override { wake_.signal(); }

  std::vector<SocketWatch> take_watches() override {
    for (const SocketWatch& change : changes_) {
      const auto found = watched_.find(change.socket);
      if (found != watched_.end() && !is_end(change)) found->second.is_told = true;
    }
    return std::exchange(changes_, {});
  }

  void note_ready(SocketHandle socket, SocketReady ready) override {
    // A mask of 0 has curl look for itself; one of CURL_CSELECT_ERR alone has it give up.
    marks_.emplace_back(socket,
                        (ready.read ? CURL_CSELECT_IN : 0) | (ready.write ? CURL_CSELECT_OUT : 0));
  }

 private:
  struct Watched {
    SocketWatch watch;
    bool is_told = false;  ///< The host knows of it.
  };

  static bool is_end(const SocketWatch& watch) { return !watch.read && !watch.write; }

  void serve_all() {
    int running = 0;
    curl_multi_perform(multi_, &running);
    is_watching_all_ = running == 0;
  }

  bool act_on_marks() {
    if (marks_.empty()) return false;
    for (const auto& [socket, mask] : std::exchange(marks_, {})) act_on(socket, mask);
    return true;
  }

  void act_on(SocketHandle socket, int mask) {
    if (socket == wake_.socket()) return wake_.take();
    int running = 0;
    curl_multi_socket_action(multi_, static_cast<curl_socket_t>(socket), mask, &running);
  }

  void look(std::chrono::microseconds wait) {
    std::vector<curl_waitfd> sockets;
    if (const auto socket = wake_.socket()) sockets.push_back({*socket, CURL_WAIT_POLLIN, 0});
    for (const auto& [socket, watched] : watched_) {
      const int events = (watched.watch.read ? CURL_WAIT_POLLIN : 0) |
                         (watched.watch.write ? CURL_WAIT_POLLOUT : 0);
      sockets.push_back({socket, static_cast<short>(events), 0});
    }
    curl_multi_poll(multi_, sockets.data(), static_cast<unsigned>(sockets.size()),
                    timer_.wait_milliseconds(wait), nullptr);
    for (const curl_waitfd& each : sockets) {
      if (each.revents == 0) continue;
      act_on(each.fd, ((each.revents & CURL_WAIT_POLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                          ((each.revents & CURL_WAIT_POLLOUT) != 0 ? CURL_CSELECT_OUT : 0));
    }
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    TALLY_TRY {
      static_cast<HostPoller*>(self)->note_change(
          {socket, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0});
      return 0;
    }
    TALLY_CATCH()
    // An error would have curl end all transfers. A socket that could not be noted is served
    // without being watched.
    static_cast<HostPoller*>(self)->is_watching_all_ = false;
    return 0;
  }

  void note_change(const SocketWatch& change) {
    // What the host has not heard of yet is out of date; what has ended stays in the list before
    // what begins, since a new socket may have the number of one that curl closes in this turn.
    changes_.erase(std::remove_if(changes_.begin(), changes_.end(),
                                  [&](const SocketWatch& earlier) {
                                    return earlier.socket == change.socket && !is_end(earlier);
                                  }),
                   changes_.end());
    const auto found = watched_.find(change.socket);
    if (!is_end(change)) {
      changes_.push_back(change);
      watched_[change.socket].watch = change;
      return;
    }
    if (found == watched_.end()) return;
    if (found->second.is_told) changes_.push_back(change);
    watched_.erase(found);
  }

  static constexpr std::chrono::microseconds blind_look{10'000};

  CURLM* multi_;
  WakeUp wake_;
  CurlTimer timer_;
  bool is_watching_all_ = true;  ///< False: there was no memory to note a socket.
  std::unordered_map<SocketHandle, Watched> watched_;  ///< As curl wants it now.
  std::vector<SocketWatch> changes_;                   ///< That the host has not been told.
  std::vector<std::pair<SocketHandle, int>> marks_;    ///< What the host saw, as curl's mask.
};

}  // namespace

std::unique_ptr<CurlPoller> make_host_poller(CURLM* multi) {
  auto poller = std::make_unique<HostPoller>(multi);
  if (!poller->works()) return nullptr;
  return poller;
}

}  // namespace TALLY_ABI
}  // namespace tally
