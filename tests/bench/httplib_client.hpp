// SPDX-License-Identifier: MIT
#pragma once

// cpp-httplib, which other C++ clients stand on, instead of libcurl.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// One client, its connection kept, as its users seldom do.
class HttplibClient {
 public:
  explicit HttplibClient(const std::string& url);
  ~HttplibClient();
  HttplibClient(const HttplibClient&) = delete;
  HttplibClient& operator=(const HttplibClient&) = delete;

  /// As `RawClient::post`.
  bool post(const std::function<void(std::string_view)>& on_body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bench
