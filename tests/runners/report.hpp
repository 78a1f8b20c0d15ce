// SPDX-License-Identifier: MIT
#pragma once

// What the runners share: where their cases are, and how they tell what became of them.

#include <cstddef>
#include <string>
#include <vector>

namespace runners {

/// The paths to read: the arguments, else the environment variable (`:` between several), else
/// `fallback`.
std::vector<std::string> paths_to_read(int argc, char** argv, const char* variable,
                                       const std::string& fallback);

/// The file's bytes; false if it cannot be read.
bool read_file(const std::string& path, std::string& bytes);

/// Counts cases and prints those that fail. One thread at a time.
class Report {
 public:
  /// `mismatches`: one line each, "field: expected ..., found ...". None: the case passed.
  void add(const std::string& name, const std::vector<std::string>& mismatches);
  /// A case that could not be run. With TALLY_REQUIRE_ALL=1 it failed.
  void skip(const std::string& name, const std::string& why);
  /// Prints the last line; the exit code of the program.
  int finish() const;

 private:
  void show_progress() const;

  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
  std::size_t skipped_ = 0;
};

/// Adds "field: expected ..., found ..." where the two differ.
void expect_equal(std::vector<std::string>& mismatches, const std::string& field,
                  const std::string& expected, const std::string& found);

}  // namespace runners
