// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class PollerChoice {
  fastest,   ///< epoll where there is one.
  portable,  ///< `curl_multi_poll`: what other systems get, so that it can be tested here.
};

/// One libcurl transport; `unsupported` where libcurl is missing something.
Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options,
                                                       PollerChoice choice);

}  // namespace TALLY_ABI
}  // namespace tally
