// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rounds.hpp"

namespace bench {

/// The table on stdout, and the same figures as one flat JSON object.
class Report {
 public:
  void section(const std::string& title);
  /// A line of a row: its median, and between what it lay. `scale` turns the figure into `unit`.
  void row(const Results& results, const std::string& row, const std::string& figure,
           const std::string& unit, double scale);
  /// A line of a figure that has a key in the JSON; `target` is the most (or, with `at_least`, the
  /// least) that it should be.
  void figure(const std::string& key, const std::string& meaning, double value,
              std::optional<double> target = {}, bool at_least = false);
  /// Says so if a row did not read the text that tally's read.
  void same_text(const Results& results, const std::vector<std::string>& rows);
  void note(const std::string& text);
  void fact(const std::string& key, const std::string& value);

  std::string json() const;
  int missed() const { return missed_; }

 private:
  std::vector<std::pair<std::string, std::string>> json_;
  int missed_ = 0;
};

}  // namespace bench
