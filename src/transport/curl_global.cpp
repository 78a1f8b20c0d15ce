// SPDX-License-Identifier: MIT
#include "transport/curl_global.hpp"

#include <curl/curl.h>

#include <atomic>
#include <cstdlib>

#include "tally/transport.hpp"

#if LIBCURL_VERSION_NUM < 0x075700
#error "tally needs libcurl 7.87 or newer (CURLOPT_QUICK_EXIT)"
#endif

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error unsupported(std::string message) { return Error{ErrorKind::unsupported, std::move(message)}; }

std::atomic<bool> is_over{false};

Result<void> start_once() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return unsupported("libcurl could not be started (curl_global_init failed)");
  }
  // After curl, whose start makes OpenSSL register its own end: handlers run last first.
  std::atexit([] { is_over.store(true, std::memory_order_release); });
  // What runs may be older than what was compiled against: the shared object is found at start.
  // It is asked for an option first: asked for its version, it asks all of its own libraries for
  // theirs, for a third of the time that `Client::open` takes. A small one may be built without
  // that list. (Before 7.73 there was none, and the loader refuses.)
  if (curl_easy_option_by_id(CURLOPT_QUICK_EXIT) == nullptr &&
      curl_version_info(CURLVERSION_NOW)->version_num < 0x075700) {
    return unsupported(std::string("libcurl ") + curl_version_info(CURLVERSION_NOW)->version +
                       " is too old: tally needs 7.87 or newer, because older versions cannot "
                       "cancel a call while a name is being looked up");
  }
  return {};
}

Result<std::string> check_version() {
  if (auto started = start_curl(); !started) return std::move(started).error();
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  const std::string found = std::string("libcurl ") + info->version;
  if ((info->features & CURL_VERSION_ASYNCHDNS) == 0) {
    return unsupported(found +
                       " looks names up synchronously, so that polling would wait: use a build "
                       "with the threaded resolver or c-ares");
  }
  return found;
}

}  // namespace

Result<void> start_curl() {
  static const Result<void> started = start_once();
  return started;
}

bool curl_is_over() { return is_over.load(std::memory_order_acquire); }

std::string curl_ca_file() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return info->cainfo != nullptr ? info->cainfo : "";
}

Result<std::string> curl_version() {
  static const Result<std::string> version = check_version();
  return version;
}

}  // namespace TALLY_ABI
}  // namespace tally
