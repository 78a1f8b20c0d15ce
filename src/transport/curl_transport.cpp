// SPDX-License-Identifier: MIT
#include "transport/curl_transport.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/quietly.hpp"
#include "tally/transport.hpp"
#include "transport/curl_global.hpp"
#include "transport/curl_poller.hpp"
#include "transport/curl_transfer.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Larger than curl's 16 KB: a fast stream then takes a quarter of the reads.
constexpr long large_buffer_bytes = 65536;
// curl's least. Of a thousand streams each brings a chunk of some 300 bytes at a time, and the
// pages around a large buffer were a sixth of their memory.
constexpr long small_buffer_bytes = 1024;
constexpr std::size_t slots_with_large_buffers = 16;

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ShareCleanup {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};
struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

/// One CURLM with its connections, and the handles that run over it.
class CurlTransport final : public Transport {
 public:
  CurlTransport(CurlOptions options, std::unique_ptr<CURLSH, ShareCleanup> share,
                std::unique_ptr<CURLM, MultiCleanup> multi, std::unique_ptr<CurlPoller> poller)
      : options_(std::move(options)),
        share_(std::move(share)),
        multi_(std::move(multi)),
        poller_(std::move(poller)) {}

  ~CurlTransport() override {
    if (curl_is_over()) {
      leave_all();
      return;
    }
    for (Slot& slot : slots_) take_out(slot);
    poller_.reset();
  }

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    if (curl_is_over()) return Error{ErrorKind::closed, "the process is ending"};
    std::shared_ptr<curl_slist> header_list = list_of(request.headers);
    std::shared_ptr<CURLU> url = parse(request.url);
    auto found = free_slot();
    if (!found) return std::move(found).error();
    Slot* slot = *found;
    take_out(*slot);
    curl_easy_setopt(slot->transfer.easy(), CURLOPT_MAXAGE_CONN, longest_idle_seconds());
    // curl looks for an idle connection among all there are, one by one: of 10,000 streams at once
    // each took longer to connect than the one before it. Over HTTP/2 busy ones serve too.
    const bool none_is_idle = idle_connections_ == 0 && options_.http_version == HttpVersion::http1;
    curl_easy_setopt(slot->transfer.easy(), CURLOPT_FRESH_CONNECT, none_is_idle ? 1L : 0L);
    if (!header_list ||
        !slot->transfer.prepare(std::move(request), std::move(url), std::move(header_list),
                                handler) ||
        curl_multi_add_handle(multi_.get(), slot->transfer.easy()) != CURLM_OK) {
      give_back(*slot);
      return Error{ErrorKind::connection,
                   "libcurl could not begin the transfer (out of memory, or a bad URL)"};
    }
    slot->is_in_multi = true;
    return slot->id;
  }

  void pause(TransferId id) override {
    if (curl_is_over()) return;
    if (Slot* slot = find(id)) curl_easy_pause(slot->transfer.easy(), CURLPAUSE_RECV);
  }

  void resume(TransferId id) override { to_resume_.push_back(id); }

  void cancel(TransferId id) override {
    Slot* slot = find(id);
    if (slot == nullptr) return;
    take_out(*slot);
    give_back(*slot);
  }

  void drive(std::chrono::microseconds wait) override {
    if (curl_is_over()) return end_all();
    // Here and not in `resume`: curl hands a paused piece over from inside curl_easy_pause.
    for (const TransferId id : std::exchange(to_resume_, {})) {
      if (Slot* slot = find(id)) curl_easy_pause(slot->transfer.easy(), CURLPAUSE_CONT);
    }
    poller_->turn(wait);
    report_ended();
    // Here, since the host's code may not run inside libcurl.
    for (const std::string& line : std::exchange(trace_, {})) {
      quietly([&] { options_.trace(line); });  // What a reader of logs throws ends no call.
    }
  }

  SteadyInstant next_deadline() const override {
    if (!to_resume_.empty()) return std::chrono::steady_clock::now();
    return poller_->next_deadline();
  }

  void wake() override { poller_->wake(); }

  void forget_idle_connections() override { forgotten_ = std::chrono::steady_clock::now(); }

  bool show_sockets() override {
    // A poller takes curl's callbacks with it when it goes, so the old one goes first.
    poller_.reset();
    poller_ = make_host_poller(multi_.get());
    if (poller_) return true;
    poller_ = make_portable_poller(multi_.get());
    return false;
  }

  std::vector<SocketWatch> take_watches() override { return poller_->take_watches(); }

  void note_ready(SocketHandle socket, SocketReady ready) override {
    poller_->note_ready(socket, ready);
  }

 private:
  struct Slot {
    TransferId id = 0;
    bool is_in_multi = false;
    CurlTransfer transfer;
  };

  // An id is a slot's position and how often it was used, so that a stale one finds nothing.
  static constexpr int slot_bits = 32;

  Slot* find(TransferId id) {
    const std::size_t position = static_cast<std::size_t>(id & ((TransferId{1} << slot_bits) - 1));
    if (position >= slots_.size()) return nullptr;
    Slot& slot = slots_[position];
    return slot.id == id && slot.transfer.in_use() ? &slot : nullptr;
  }

  /// There is room in `free_` for every slot: what gives one back needs no memory.
  Result<Slot*> free_slot() {
    if (free_.empty()) {
      if (free_.capacity() <= slots_.size()) free_.reserve(2 * slots_.size() + 1);
      Slot& slot = slots_.emplace_back();
      slot.id = slots_.size() - 1;
      const long buffer_bytes =
          slots_.size() <= slots_with_large_buffers ? large_buffer_bytes : small_buffer_bytes;
      if (auto opened =
              slot.transfer.open(options_, share_.get(), buffer_bytes, &trace_, &idle_connections_);
          !opened) {
        slots_.pop_back();
        return std::move(opened).error();
      }
      curl_easy_setopt(slot.transfer.easy(), CURLOPT_PRIVATE, &slot);
      free_.push_back(slots_.size() - 1);
    }
    // The first one that is free: those have the large buffers.
    std::pop_heap(free_.begin(), free_.end(), std::greater<>());
    Slot& slot = slots_[free_.back()];
    free_.pop_back();
    slot.id += TransferId{1} << slot_bits;
    return &slot;
  }

  /// Also closes the connection where the transfer has not ended.
  ///
  /// Where it has, this may wait until the slot is used again: curl walks through all connections
  /// that stand, and where fewer than a quarter of them have a handle left, through all once more,
  /// to close one. While 10,000 streams ended that was half of all the CPU they had taken. So idle
  /// connections are not closed for their number, but for their age when the next one is opened.
  void take_out(Slot& slot) {
    if (!std::exchange(slot.is_in_multi, false) || curl_is_over()) return;
    curl_multi_remove_handle(multi_.get(), slot.transfer.easy());
  }

  void give_back(Slot& slot) {
    slot.transfer.release();
    free_.push_back(static_cast<std::size_t>(slot.id & ((TransferId{1} << slot_bits) - 1)));
    std::push_heap(free_.begin(), free_.end(), std::greater<>());
  }

  /// All calls of a client share their headers, so the list is built once. Null: out of memory.
  std::shared_ptr<curl_slist> list_of(const std::shared_ptr<const HttpHeaders>& headers) {
    if (headers == headers_) return header_list_;
    std::unique_ptr<curl_slist, ListCleanup> list;
    for (const auto& [name, value] : *headers) {
      curl_slist* longer = curl_slist_append(list.get(), (name + ": " + value).c_str());
      if (longer == nullptr) return nullptr;
      static_cast<void>(list.release());  // It is part of the longer one.
      list.reset(longer);
    }
    header_list_ = std::move(list);
    headers_ = headers;  // Last: a list that there was no memory for is made the next time.
    return header_list_;
  }

  /// The URL as curl reads it, once for the calls that follow one another to the same one: reading
  /// it and writing it anew is a twelfth of the instructions of a small call. Null: it is left to
  /// curl.
  std::shared_ptr<CURLU> parse(const std::string& url) {
    // Before 8.3 curl loses the zone of an IPv6 address on the way (curl pull request 11549).
    if (url.find('[') != url.npos) return {};
    if (url_ && url == url_text_) return url_;
    std::unique_ptr<CURLU, UrlCleanup> parsed(curl_url());
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
      return {};
    url_.reset();  // Last of all it gets its text.
    url_text_ = url;
    url_ = std::move(parsed);
    return url_;
  }

  /// How long a connection may have lain idle and still be used: not since before it was said that
  /// those are to be forgotten.
  long longest_idle_seconds() const {
    using std::chrono::seconds;
    constexpr seconds default_of_curl{118};
    if (!forgotten_) return default_of_curl.count();
    const auto since = std::chrono::steady_clock::now() - *forgotten_;
    if (since >= default_of_curl) return default_of_curl.count();
    // curl 7 and 8.0 to 8.9 compare whole seconds, rounded down. Later ones went over to
    // milliseconds, where 0 is no limit; rounded up, a connection of after that instant never is
    // too old.
    const bool in_whole_seconds = curl_version_info(CURLVERSION_NOW)->version_num < 0x080a00;
    const auto rounded =
        in_whole_seconds ? std::chrono::floor<seconds>(since) : std::chrono::ceil<seconds>(since);
    return static_cast<long>(rounded.count());
  }

  /// Nobody drives any more, and whoever waits for an end has to have one.
  void end_all() {
    for (Slot& slot : slots_) {
      if (!slot.transfer.in_use()) continue;
      TransferHandler& handler = *slot.transfer.handler();
      give_back(slot);
      TransferEnd end;
      end.result = TransferResult::receive_failed;
      end.message = "the process is ending";
      end.request_sent = true;  // Perhaps; curl cannot be asked.
      handler.on_end(end);
    }
  }

  void leave_all() {
    [[maybe_unused]] const auto* share = share_.release();
    [[maybe_unused]] const auto* multi = multi_.release();
    [[maybe_unused]] const auto* poller = poller_.release();
    [[maybe_unused]] const auto* slots = new std::deque<Slot>(std::move(slots_));
  }

  void report_ended() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      char* place = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &place);
      Slot& slot = *reinterpret_cast<Slot*>(place);
      TransferHandler& handler = *slot.transfer.handler();
      const TransferEnd end = slot.transfer.end_of(code);
      if (!poller_->passes_over_finished()) take_out(slot);
      give_back(slot);
      ++idle_connections_;
      handler.on_end(end);
    }
  }

  const CurlOptions options_;
  std::unique_ptr<CURLSH, ShareCleanup> share_;  ///< Outlives all handles.
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  std::unique_ptr<CurlPoller> poller_;
  std::size_t idle_connections_ = 0;  ///< At most: the server may have closed some.
  std::deque<Slot> slots_;            // A deque: transfers never move.
  std::vector<std::size_t> free_;     ///< Positions of slots: a heap, the first of them on top.
  std::vector<TransferId> to_resume_;
  std::optional<SteadyInstant> forgotten_;  ///< What lay idle then is not to be used again.
  std::vector<std::string> trace_;
  std::shared_ptr<const HttpHeaders> headers_;
  std::shared_ptr<curl_slist> header_list_;
  std::string url_text_;
  std::shared_ptr<CURLU> url_;  ///< Of `url_text_`.
};

}  // namespace

Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options,
                                                       PollerChoice choice) {
  if (auto version = curl_version(); !version) return std::move(version).error();
  // Else each handle has a cache of its own for TLS sessions: 0.9 KB of a stream, and what one
  // connection was given serves no other. Without locks, since all belong to one thread at a time.
  std::unique_ptr<CURLSH, ShareCleanup> share(curl_share_init());
  if (share) curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  std::unique_ptr<CURLM, MultiCleanup> multi(curl_multi_init());
  std::unique_ptr<CurlPoller> poller;
  if (multi && choice == PollerChoice::fastest) poller = make_epoll_poller(multi.get());
  if (multi && !poller) poller = make_portable_poller(multi.get());
  if (!poller) {
    return Error{ErrorKind::unsupported,
                 "libcurl could not make a multi handle (out of memory or of descriptors)"};
  }
  return std::unique_ptr<Transport>(std::make_unique<CurlTransport>(
      options, std::move(share), std::move(multi), std::move(poller)));
}

TransportFactory curl_transport(CurlOptions options) {
  return [options = std::move(options)] {
    return make_curl_transport(options, PollerChoice::fastest);
  };
}

}  // namespace TALLY_ABI
}  // namespace tally
