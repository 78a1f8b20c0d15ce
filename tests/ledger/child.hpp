// SPDX-License-Identifier: MIT
#pragma once

// A process of one's own to be stopped, killed and listened to.

#include <sys/types.h>

#include <string>
#include <vector>

namespace ledger_tests {

/// Runs `ledger_child` with these words; killed when this goes. One thread at a time.
class Child {
 public:
  explicit Child(std::vector<std::string> words);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const;
  /// Stops it, outside of any write to the file at `ledger`: one that stops inside keeps everybody
  /// else out of it, which is no fault of theirs. False if no such moment came.
  bool stop(const std::string& ledger) const;
  /// Its exit code; 128 and the signal's number if one ended it.
  int wait();
  /// The next line that it prints; empty at its end.
  std::string read_line();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace ledger_tests
