// SPDX-License-Identifier: MIT
#pragma once

// Rows are measured in rounds: every row once, then again in the reverse order. What else the
// machine does then falls on all of them.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rows.hpp"

namespace bench {

struct Row {
  std::string name;
  std::function<Figures()> run;
};

/// The values of one figure of one row over all rounds.
struct Summary {
  double median = 0;
  double least = 0;
  double most = 0;
};
Summary summarise(std::vector<double> values);

/// Row name and figure name to its summary.
class Results {
 public:
  void add(const std::string& row, const Figures& figures);
  bool has(const std::string& row) const { return values_.count(row) != 0; }
  Summary of(const std::string& row, const std::string& figure) const;
  /// The median of the rounds' ratios: a machine whose speed changes changes both rows of a round.
  double ratio(const std::string& row, const std::string& other, const std::string& figure) const;

 private:
  const std::vector<double>& values(const std::string& row, const std::string& figure) const;

  std::map<std::string, std::map<std::string, std::vector<double>>> values_;
};

/// Progress goes to stderr.
Results run_rounds(const std::string& title, const std::vector<Row>& rows, int rounds);

/// The row that `words` name, in a fresh process of this program.
Figures run_in_process(const std::vector<std::string>& words);

/// A row that is a process of its own in each round.
Row process_row(const std::string& name, std::vector<std::string> words);

/// CPU of a command and of all that it starts; ends the program if the command fails.
double cpu_us_of_command(const std::vector<std::string>& words);

#ifdef TALLY_BENCH_VALGRIND
/// The same, in instructions.
double instructions_of_command(const std::vector<std::string>& words);
#endif

}  // namespace bench
