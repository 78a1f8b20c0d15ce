// SPDX-License-Identifier: MIT
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

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

  /// Makes the handle and sets what all transfers share. False: out of memory.
  bool open(const CurlOptions& options, const std::string& system_ca_file);

  /// Sets what this transfer alone has. `handler` outlives it.
  bool prepare(HttpRequest request, std::shared_ptr<curl_slist> header_list,
               TransferHandler& handler);

  /// How it ended, from curl's code.
  TransferEnd end_of(CURLcode code) const;

  CURL* easy() const { return easy_; }
  TransferHandler* handler() const { return handler_; }
  bool in_use() const { return handler_ != nullptr; }
  /// Back to the pool; the memory of its request is given back.
  void release();

 private:
  static int on_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void take_header_line(std::string_view line);
  bool request_was_sent() const;

  CURL* easy_ = nullptr;
  TransferHandler* handler_ = nullptr;
  HttpRequest request_;
  std::shared_ptr<curl_slist> header_list_;
  int status_ = 0;
  bool connected_ = false;
  bool head_is_complete_ = false;
  bool handler_failed_ = false;
  std::array<char, CURL_ERROR_SIZE> message_{};
};

}  // namespace TALLY_ABI
}  // namespace tally
