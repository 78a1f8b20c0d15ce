// SPDX-License-Identifier: MIT
#pragma once

// Programs written by others, started and ended by a test.

#include <sys/types.h>

#include <string>
#include <vector>

namespace faults {

/// A folder that goes with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A child process; it is killed when this goes.
class Process {
 public:
  /// `output`: a file for what it prints.
  Process(const std::vector<std::string>& command, const std::string& output);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Its exit code; 128 and the signal's number if one ended it.
  int wait();
  /// Stands still as it is, its sockets open, until `go_on`.
  void stand_still() const;
  void go_on() const;

 private:
  pid_t pid_ = -1;
};

/// Runs a command to its end; its exit code.
int run(const std::vector<std::string>& command, const std::string& output);

std::string read_file(const std::string& path);

/// A port of 127.0.0.1 that nobody listens on now.
int free_port();
/// Waits until something accepts there; false after 20 s.
bool accepts(int port);

}  // namespace faults
