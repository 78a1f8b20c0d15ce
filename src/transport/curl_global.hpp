// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tally/result.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// libcurl's one-time start and the check that it is new enough; whether it serves in all tells
/// `curl_version`. Any thread, any number of times.
/// There is no counterpart: the host, or another library in the process, may use curl too.
Result<void> start_curl();

/// The process is in `exit()`: OpenSSL takes itself apart before objects in static memory are
/// destroyed, so nothing of curl's may be touched any more. What is left goes with the process.
bool curl_is_over();

/// The CA file that libcurl was built with; empty if it names none.
std::string curl_ca_file();

}  // namespace TALLY_ABI
}  // namespace tally
