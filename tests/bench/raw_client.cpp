// SPDX-License-Identifier: MIT
#include "raw_client.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>

#include "decoders.hpp"
#include "server.hpp"

namespace bench {
namespace {

std::size_t on_bytes(char* data, std::size_t size, std::size_t count, void* on_body) {
  (*static_cast<const std::function<void(std::string_view)>*>(on_body))({data, size * count});
  return size * count;
}

curl_slist* make_headers() {
  curl_slist* headers = curl_slist_append(nullptr, "Authorization: Bearer sk-bench");
  headers = curl_slist_append(headers, "Content-Type: application/json");
  return curl_slist_append(headers, "Expect:");
}

CURL* make_easy(const std::string& url, void* headers) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, raw_request_body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_bytes);
  return easy;
}

/// The event loop of libcurl's own example `ephiperfifo`, without its FIFO.
class SocketLoop {
 public:
  SocketLoop() : multi_(curl_multi_init()), epoll_(epoll_create1(0)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &SocketLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &SocketLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  ~SocketLoop() {
    curl_multi_cleanup(multi_);
    close(epoll_);
  }

  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;

  void add(CURL* easy) {
    curl_multi_add_handle(multi_, easy);
    ++running_;
  }

  void run() {
    while (running_ > 0) {
      epoll_event events[256];
      const int count = epoll_wait(epoll_, events, 256, milliseconds_to_timer());
      for (int i = 0; i < count; ++i) {
        const int mask = ((events[i].events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                         ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                         ((events[i].events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi_, events[i].data.fd, mask, &running_);
      }
      if (timer_ns_ < 0 || monotonic_ns() < timer_ns_) continue;
      timer_ns_ = -1;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running_);
    }
  }

  void remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

 private:
  int milliseconds_to_timer() const {
    if (timer_ns_ < 0) return -1;
    const std::int64_t left = timer_ns_ - monotonic_ns();
    return left <= 0 ? 0 : static_cast<int>((left + 999'999) / 1'000'000);
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto* loop = static_cast<SocketLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(loop->epoll_, EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    epoll_ctl(loop->epoll_, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(loop->multi_, socket, loop);
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    static_cast<SocketLoop*>(self)->timer_ns_ =
        milliseconds < 0 ? -1 : monotonic_ns() + std::int64_t{milliseconds} * 1'000'000;
    return 0;
  }

  CURLM* multi_;
  int epoll_;
  int running_ = 0;
  std::int64_t timer_ns_ = -1;
};

}  // namespace

RawClient::RawClient(const std::string& url, const std::string& ca_file)
    : headers_(make_headers()) {
  easy_ = make_easy(url, headers_);
  // As tally's: the floor is not to be slower for smaller reads.
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 65536L);
  if (!ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, ca_file.c_str());
}

RawClient::~RawClient() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

bool RawClient::post(const std::function<void(std::string_view)>& on_body) {
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &on_body);
  return curl_easy_perform(easy_) == CURLE_OK;
}

std::int64_t run_raw_streams(const std::string& url, int streams) {
  struct Transfer {
    std::string text;
    std::unique_ptr<Decoder> decoder;
    std::function<void(std::string_view)> on_body;
    CURL* easy = nullptr;
  };
  curl_slist* headers = make_headers();
  SocketLoop loop;
  std::deque<Transfer> transfers;
  for (int i = 0; i < streams; ++i) {
    Transfer& transfer = transfers.emplace_back();
    transfer.decoder =
        make_decoder("dom", [&transfer](std::string_view piece) { transfer.text += piece; });
    transfer.on_body = [&transfer](std::string_view bytes) { transfer.decoder->feed(bytes); };
    transfer.easy = make_easy(url, headers);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer.on_body);
    loop.add(transfer.easy);
  }
  loop.run();
  std::int64_t text_bytes = 0;
  for (Transfer& transfer : transfers) {
    loop.remove(transfer.easy);
    curl_easy_cleanup(transfer.easy);
    text_bytes += static_cast<std::int64_t>(transfer.text.size());
  }
  curl_slist_free_all(headers);
  return text_bytes;
}

RawFrames::RawFrames(const std::string& url, int streams)
    : multi_(curl_multi_init()), headers_(make_headers()), on_body_([this](std::string_view body) {
        bytes_ += static_cast<std::int64_t>(body.size());
      }) {
  for (int i = 0; i < streams; ++i) {
    CURL* easy = make_easy(url, headers_);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &on_body_);
    curl_multi_add_handle(multi_, easy);
    easies_.push_back(easy);
  }
}

RawFrames::~RawFrames() {
  for (void* easy : easies_) {
    curl_multi_remove_handle(multi_, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(multi_);
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

void RawFrames::perform() {
  int running = 0;
  if (curl_multi_perform(multi_, &running) != CURLM_OK) std::abort();
  if (running != static_cast<int>(easies_.size())) std::abort();  // A stream ended.
}

void open_raw_curl() {
  curl_global_init(CURL_GLOBAL_ALL);
  if (curl_multi_init() == nullptr) std::abort();
}

}  // namespace bench
