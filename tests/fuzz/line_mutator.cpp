// SPDX-License-Identifier: MIT
// The fast path only acts on chunks that are nearly alike, which random bytes never are. So half of
// the time a line is copied, and only its copy is changed.

#include <algorithm>
#include <random>
#include <string>

#include "fuzz/target.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size == 0 || random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::size_t inside = random() % size;
  const std::size_t before = text.rfind('\n', inside);
  const std::size_t begin = before == text.npos || before == inside ? 0 : before + 1;
  const std::size_t end = std::min(text.find('\n', inside), size);
  if (begin >= end) return LLVMFuzzerMutate(data, size, max_size);

  std::string line = text.substr(begin, end - begin);
  const std::size_t length = line.size();
  line.resize(length + 16);
  line.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(line.data()), length, line.size()));
  const std::string changed = text.substr(0, end) + "\n\n" + line + text.substr(end);
  if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(changed.begin(), changed.end(), reinterpret_cast<char*>(data));
  return changed.size();
}
