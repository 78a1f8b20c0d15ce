// SPDX-License-Identifier: MIT
// The fast reader of documents against the general one: the same tree, or nothing.

#include "fuzz/json_outline.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int depth = 12;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto general = tally::parse_json_general(text, depth);
  const auto read = tally::parse_json(text, depth);
  fuzz::promise(general.has_value() == read.has_value(), "both readers take the same texts");
  if (!read) {
    fuzz::same(general.error().message, read.error().message, "both give the same reason");
    return 0;
  }
  fuzz::same(fuzz::outline(general->root()), fuzz::outline(read->root()), "both read the same");
  return 0;
}
