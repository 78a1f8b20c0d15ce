// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The key that was sent with these headers; empty if none was.
std::string_view key_in(const HttpHeaders& headers);

/// Some servers repeat the key that they refuse: it is taken out of `text`.
void redact(std::string& text, std::string_view key);

}  // namespace TALLY_ABI
}  // namespace tally
