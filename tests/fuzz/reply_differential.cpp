// SPDX-License-Identifier: MIT
// The fast path against the general one: the same reply, deltas, usage and error. The body is read
// twice over, so that also its last chunk meets a template.

#include "fuzz/promise.hpp"
#include "fuzz/reading.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string once(reinterpret_cast<const char*>(data), size);
  const std::string body = once + "\n\n" + once;
  fuzz::How how = fuzz::how_of(body);
  const std::string general = fuzz::read_body(body, how);
  how.path = tally::ChunkPath::recognise;
  how.in_pieces = true;
  fuzz::same(general, fuzz::read_body(body, how), "the fast path gives the general path's answer");
  return 0;
}
