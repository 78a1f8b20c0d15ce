// SPDX-License-Identifier: MIT
#pragma once

// What streams and documents are both made of, as JSON text.

#include <string>

#include "answer.hpp"
#include "script.hpp"

namespace loopback {

/// `text` as a JSON string. Bytes from 0x80 on pass as they are, also where they are no UTF-8: that
/// is one of the faults.
std::string quoted(const std::string& text);
/// A JSON object that nests that deep.
std::string nested(int depth);
std::string usage_object(const Script& script);
std::string finish_reason(const Script& script);
/// Opens the object that both chunks and documents are, up to its choices. `chat_object` is its
/// name where chat was asked for.
std::string object_head(const Script& script, const Asked& asked, const char* chat_object);

Answer compose_stream(const Script& script, const Asked& asked);
Answer compose_document(const Script& script, const Asked& asked);

}  // namespace loopback
