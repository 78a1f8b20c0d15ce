// SPDX-License-Identifier: MIT
// A body read as JSON throughout: the same reply, deltas, usage and error whatever the pieces.

#include "fuzz/promise.hpp"
#include "fuzz/reading.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  fuzz::How how = fuzz::how_of(body);
  const std::string whole = fuzz::read_body(body, how);
  how.in_pieces = true;
  fuzz::same(whole, fuzz::read_body(body, how), "pieces give the same reply");
  return 0;
}
