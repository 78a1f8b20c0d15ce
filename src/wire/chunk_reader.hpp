// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "wire/reply_builder.hpp"

namespace tally {
inline namespace TALLY_ABI {

enum class ChunkForm { event, document };

/// Puts what a chunk of a stream, or a whole document, says into `builder`: choices, usage
/// wherever it stands, errors. Lenient about shape: what is missing, null or unknown is passed
/// over. `text` is what `chunk` was parsed from.
void read_chunk(const JsonValue& chunk, std::string_view text, ChunkForm form,
                ReplyBuilder& builder);

}  // namespace TALLY_ABI
}  // namespace tally
