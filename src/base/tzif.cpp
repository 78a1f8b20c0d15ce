// SPDX-License-Identifier: MIT
#include "base/tzif.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error bad(const std::string& what) {
  return Error{ErrorKind::invalid_argument, "not a TZif file: " + what};
}

/// The bytes as a whole, read at places that were checked before.
std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(at, width)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::int32_t signed_32(std::string_view bytes, std::size_t at) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(big_endian(bytes, at, 4)));
}

constexpr std::size_t header_size = 44;
constexpr std::size_t type_size = 6;

struct Header {
  char version = 0;
  std::uint64_t ut_indicators = 0;
  std::uint64_t standard_indicators = 0;
  std::uint64_t leap_seconds = 0;
  std::uint64_t changes = 0;
  std::uint64_t types = 0;
  std::uint64_t name_bytes = 0;

  /// Of the data after it; `time_size` is 4 in the first block and 8 in the second.
  std::uint64_t data_size(std::uint64_t time_size) const {
    return changes * (time_size + 1) + types * type_size + name_bytes +
           leap_seconds * (time_size + 4) + standard_indicators + ut_indicators;
  }
};

/// Takes a header and its data off the front of `rest`.
struct Block {
  Header header;
  std::string_view data;
};

Result<Block> take_block(std::string_view& rest, std::uint64_t time_size) {
  if (rest.size() < header_size) return bad("it ends within a header");
  if (rest.substr(0, 4) != "TZif") return bad("a header does not begin with TZif");
  Header header;
  header.version = rest[4];
  if (header.version != 0 && header.version < '2') return bad("its version is not known");
  header.ut_indicators = big_endian(rest, 20, 4);
  header.standard_indicators = big_endian(rest, 24, 4);
  header.leap_seconds = big_endian(rest, 28, 4);
  header.changes = big_endian(rest, 32, 4);
  header.types = big_endian(rest, 36, 4);
  header.name_bytes = big_endian(rest, 40, 4);
  rest.remove_prefix(header_size);

  const std::uint64_t size = header.data_size(time_size);
  if (size > rest.size()) {
    return bad("its header announces " + std::to_string(size) + " bytes of data, and " +
               std::to_string(rest.size()) + " follow");
  }
  Block block{header, rest.substr(0, static_cast<std::size_t>(size))};
  rest.remove_prefix(static_cast<std::size_t>(size));
  return block;
}

/// The offset of each type of local time.
Result<std::vector<std::int32_t>> read_types(const Block& block, std::size_t at) {
  // RFC 8536: at least one, and no more than an index of one byte can name.
  if (block.header.types == 0) return bad("it has no types of local time");
  if (block.header.types > 256) return bad("it has more than 256 types of local time");
  std::vector<std::int32_t> offsets;
  for (std::uint64_t i = 0; i < block.header.types; ++i, at += type_size) {
    const std::int32_t offset = signed_32(block.data, at);
    // The bounds of RFC 8536; nothing on earth comes near.
    if (offset < -89999 || offset > 93599) {
      return bad("an offset is " + std::to_string(offset) + " s, more than a day");
    }
    offsets.push_back(offset);
  }
  return offsets;
}

// RFC 8536 asks for no time before -2^59; beyond either bound arithmetic with offsets would wrap.
constexpr std::int64_t furthest = std::int64_t{1} << 59;

Result<ZoneTable> read_table(const Block& block, std::size_t time_size) {
  // Such files (`right/...`) count seconds that an Instant does not have.
  if (block.header.leap_seconds != 0) return bad("it counts leap seconds");
  const auto count = static_cast<std::size_t>(block.header.changes);
  const std::size_t indexes = count * time_size;
  auto offsets = read_types(block, indexes + count);
  if (!offsets) return std::move(offsets).error();

  ZoneTable table;
  table.first_offset = offsets->front();
  std::int32_t offset = table.first_offset;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t at = time_size == 4
                                ? signed_32(block.data, i * 4)
                                : static_cast<std::int64_t>(big_endian(block.data, i * 8, 8));
    if (i > 0 && at <= table.tail_begins) return bad("its changes are not in ascending order");
    table.tail_begins = at;
    if (at < -furthest || at > furthest) return bad("a change is further away than the Big Bang");
    const auto type = static_cast<unsigned char>(block.data[indexes + i]);
    if (type >= offsets->size()) return bad("a change names a type that is not there");
    if ((*offsets)[type] == offset) continue;
    offset = (*offsets)[type];
    table.changes.push_back({at, offset});
  }
  if (count == 0) table.tail_begins = std::numeric_limits<std::int64_t>::min();
  return table;
}

/// The rule after the data, in a line of its own.
Result<void> read_footer(std::string_view rest, ZoneTable& table) {
  if (rest.size() < 2 || rest.front() != '\n' || rest.back() != '\n') {
    return bad("the line with the rule for later years is missing or cut");
  }
  const std::string_view rule = rest.substr(1, rest.size() - 2);
  if (rule.empty()) return {};
  auto tail = parse_posix_rule(rule);
  if (!tail) return bad("its rule for later years: " + tail.error().message);
  table.tail = *tail;
  return {};
}

}  // namespace

ZonePiece ZoneTable::piece_at(std::int64_t second) const {
  if (tail && second >= tail_begins) return tail->piece_at(second);
  const auto is_later = [](std::int64_t at, const Change& change) { return at < change.at; };
  const auto next = std::upper_bound(changes.begin(), changes.end(), second, is_later);
  const std::int32_t offset = next == changes.begin() ? first_offset : std::prev(next)->offset;
  if (next != changes.end()) return {offset, next->at};
  return {offset, tail ? tail_begins : ZonePiece::forever};
}

Result<ZoneTable> parse_tzif(std::string_view bytes) {
  std::string_view rest = bytes;
  auto block = take_block(rest, 4);
  if (!block) return std::move(block).error();
  if (block->header.version == 0) {
    if (!rest.empty()) return bad("something follows its end");
    return read_table(*block, 4);
  }
  // Later versions say the same again with 64-bit times, and a rule for the years after.
  block = take_block(rest, 8);
  if (!block) return std::move(block).error();
  auto table = read_table(*block, 8);
  if (!table) return table;
  if (auto footer = read_footer(rest, *table); !footer) return footer.error();
  return table;
}

}  // namespace TALLY_ABI
}  // namespace tally
