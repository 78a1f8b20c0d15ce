// SPDX-License-Identifier: MIT
#pragma once

// A call as every row of tally's makes it.

#include <string>

#include "tally/tally.hpp"

namespace bench {

/// `ca_file` is for `https://`. Ends the process if the client does not open.
tally::Client open_client(const std::string& url, const std::string& ca_file = {});

tally::ChatRequest small_request();

/// Ends the process unless there is a reply and its exact cost: a row without its bill would not be
/// comparable to what it promises.
void check(const tally::Completion& completion);

}  // namespace bench
