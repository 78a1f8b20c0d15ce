// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tally/transport.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The key that was sent with these headers; empty if none was.
std::string_view key_in(const HttpHeaders& headers);

/// Whether a header of that name is there to hold a secret: authorization, keys, tokens, cookies.
/// Those that count tokens are not.
bool is_secret_name(std::string_view header_name);

/// What the secret headers of a request hold, without schemes and cookies' names; long ones first.
std::vector<std::string> secrets_in(const HttpHeaders& headers);

/// Keys of local servers are words (`key`, `a`), which stand everywhere and protect nothing: only
/// one of at least this many bytes is taken out of texts.
constexpr std::size_t least_secret = 8;

/// Some servers repeat the key that they refuse: it is taken out of `text`, also as JSON may escape
/// it (`\/`, `\u002f`). A single key may be a word: an error never holds it.
void redact(std::string& text, std::string_view key);
void redact(std::string& text, const std::vector<std::string>& secrets);

/// The same for a text that came in pieces, which may cut a secret: its mark stands in the first of
/// them.
void redact_pieces(const std::vector<std::string*>& pieces,
                   const std::vector<std::string>& secrets);

/// Whether that header's value is one of the secrets and nothing else, a scheme left out; however
/// short it is.
bool is_secret_value(std::string_view value, const std::vector<std::string>& secrets);

}  // namespace TALLY_ABI
}  // namespace tally
