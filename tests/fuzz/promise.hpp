// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

/// Ends the process where a promise is broken, so that a fuzzer keeps the input.
inline void promise(bool holds, const char* sentence, const std::string& details = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n%s\n", sentence, details.c_str());
  std::abort();
}

inline void same(const std::string& expected, const std::string& found, const char* sentence) {
  promise(expected == found, sentence, "--- expected\n" + expected + "\n--- found\n" + found);
}

}  // namespace fuzz
