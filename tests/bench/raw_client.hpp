// SPDX-License-Identifier: MIT
#pragma once

// libcurl without a client library: one reused handle, and many handles on one thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Of the size that tally's has.
inline constexpr const char* raw_request_body =
    R"({"model":"deepseek-flash","messages":[{"role":"user","content":"Name three rivers."}],)"
    R"("stream":true,"stream_options":{"include_usage":true}})";

/// One easy handle, reused for each request.
class RawClient {
 public:
  /// `ca_file` is for `https://`.
  explicit RawClient(const std::string& url, const std::string& ca_file = {});
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Posts that request; `on_body` gets the answer. False: it failed.
  bool post(const std::function<void(std::string_view)>& on_body);

 private:
  void* easy_ = nullptr;
  void* headers_ = nullptr;
};

/// So many streams at once over `curl_multi_socket_action` and epoll, each chunk read by the DOM.
/// The text of all.
std::int64_t run_raw_streams(const std::string& url, int streams);

/// So many streams at once over `curl_multi_perform`, their bytes counted and not read.
class RawFrames {
 public:
  RawFrames(const std::string& url, int streams);
  ~RawFrames();
  RawFrames(const RawFrames&) = delete;
  RawFrames& operator=(const RawFrames&) = delete;

  void perform();
  std::int64_t bytes() const { return bytes_; }

 private:
  void* multi_ = nullptr;
  void* headers_ = nullptr;
  std::vector<void*> easies_;
  std::int64_t bytes_ = 0;
  std::function<void(std::string_view)> on_body_;
};

/// What `Client::open` is compared with.
void open_raw_curl();

}  // namespace bench
