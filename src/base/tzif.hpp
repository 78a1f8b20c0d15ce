// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/posix_rule.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a TZif file says of offsets. Plain data.
struct ZoneTable {
  struct Change {
    std::int64_t at = 0;      ///< Seconds since 1970, ascending.
    std::int32_t offset = 0;  ///< From then on; another one than before.
  };
  std::int32_t first_offset = 0;  ///< Before the first change.
  std::vector<Change> changes{};
  std::int64_t tail_begins = 0;     ///< The last instant that the file lists.
  std::optional<PosixRule> tail{};  ///< From then on; absent: the last offset stays.

  ZonePiece piece_at(std::int64_t second) const;
};

/// Reads the bytes of a TZif file of version 1 to 4 (RFC 8536, RFC 9636). `invalid_argument` names
/// what is wrong with them.
Result<ZoneTable> parse_tzif(std::string_view bytes);

}  // namespace TALLY_ABI
}  // namespace tally
