// SPDX-License-Identifier: MIT

// A ledger in a folder whose name no code page of the West has: its file and the lock beside it are
// found by the same name.

#include <direct.h>

#include <cstdio>
#include <string>

#include "tally/ledger.hpp"

int main() {
  // U+00E9 and U+4EF7.
  _wmkdir(L"tally-test-\u00e9\u4ef7");
  const std::string file = "tally-test-\xc3\xa9\xe4\xbb\xb7/ledger.db";
  for (int again = 0; again < 2; ++again) {
    const auto ledger = tally::Ledger::open(file);
    if (ledger) continue;
    std::printf("FAILED  %s\n", ledger.error().message.c_str());
    return 1;
  }
  std::printf("ok      a ledger lies in a folder of any name\n");
  return 0;
}
