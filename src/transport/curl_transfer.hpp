// SPDX-License-Identifier: MIT
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One easy handle, used for one transfer after another: what stays the same is set once. One
/// thread at a time. Never moves, since curl holds its address.
class CurlTransfer {
 public:
  CurlTransfer() = default;
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// Makes the handle and sets what all transfers share; an option that this libcurl refuses is an
  /// error. `share` outlives it. `trace` collects what curl says, where the options ask for it;
  /// `idle_connections` is counted down when a transfer has taken one.
  Result<void> open(const CurlOptions& options, CURLSH* share, long receive_buffer_bytes,
                    std::vector<std::string>* trace, std::size_t* idle_connections);

  /// Sets what this transfer alone has. `url` is the request's as curl reads it; null:
  /// curl reads the text. `handler` outlives it.
  bool prepare(HttpRequest request, std::shared_ptr<CURLU> url,
               std::shared_ptr<curl_slist> header_list, TransferHandler& handler);

  /// How it ended, from curl's code; without words where there is no memory for them.
  TransferEnd end_of(CURLcode code) const noexcept;

  CURL* easy() const { return easy_; }
  TransferHandler* handler() const { return handler_; }
  bool in_use() const { return handler_ != nullptr; }
  /// Back to the pool; the memory of its request is given back.
  void release();

 private:
  static int on_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static int on_trace(CURL*, curl_infotype kind, char* data, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void take_header_line(std::string_view line);
  bool request_was_sent() const;
  bool uses_known_connection() const;
  TransferTimes times() const;

  Result<void> set_network(const CurlOptions& options);
  Result<void> set_trust(const CurlOptions& options);
  CURLcode set_url(const std::string& text, std::shared_ptr<CURLU> url);
  Result<void> set_text(CURLoption option, const std::string& value, const char* name);

  CURL* easy_ = nullptr;
  TransferHandler* handler_ = nullptr;
  HttpRequest request_;
  std::shared_ptr<CURLU> url_;  ///< Set in the handle, also when the transfer has ended.
  std::shared_ptr<curl_slist> header_list_;
  int status_ = 0;
  bool connected_ = false;
  bool head_is_complete_ = false;
  bool handler_failed_ = false;
  bool was_repeated_ = false;
  std::array<char, CURL_ERROR_SIZE> message_{};
  curl_slist* resolve_ = nullptr;
  std::vector<std::string>* trace_ = nullptr;
  std::size_t* idle_connections_ = nullptr;
};

}  // namespace TALLY_ABI
}  // namespace tally
