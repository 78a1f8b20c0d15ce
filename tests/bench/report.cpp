// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bench {

void Report::section(const std::string& title) {
  std::printf("\n%s\n", title.c_str());
  std::fflush(stdout);
}

void Report::row(const Results& results, const std::string& row, const std::string& figure,
                 const std::string& unit, double scale) {
  if (!results.has(row)) return;
  const Summary summary = results.of(row, figure);
  std::printf("  %-40s %10.3f %-12s (%.3f to %.3f)\n", row.c_str(), summary.median * scale,
              unit.c_str(), summary.least * scale, summary.most * scale);
}

void Report::figure(const std::string& key, const std::string& meaning, double value,
                    std::optional<double> target, bool at_least) {
  char number[32];
  std::snprintf(number, sizeof number, "%.4g", value);
  json_.emplace_back(key, number);
  std::printf("  = %-38s %10s", meaning.c_str(), number);
  if (target) {
    const bool missed = at_least ? value < *target : value > *target;
    missed_ += missed ? 1 : 0;
    std::printf("  target %s %g%s", at_least ? ">=" : "<=", *target, missed ? "   MISSED" : "");
  }
  std::printf("\n");
}

void Report::same_text(const Results& results, const std::vector<std::string>& rows) {
  for (const std::string& row : rows) {
    if (!results.has(row) || results.of(row, "text").median == results.of("tally", "text").median) {
      continue;
    }
    note("WRONG: " + row + " and tally did not read the same text");
  }
}

void Report::note(const std::string& text) { std::printf("  %s\n", text.c_str()); }

void Report::fact(const std::string& key, const std::string& value) {
  std::printf("%-10s %s\n", key.c_str(), value.c_str());
  json_.emplace_back(key, nlohmann::json(value).dump());
}

std::string Report::json() const {
  std::string text = "{\n";
  for (std::size_t i = 0; i < json_.size(); ++i) {
    text += "  \"" + json_[i].first + "\": " + json_[i].second;
    text += i + 1 < json_.size() ? ",\n" : "\n";
  }
  return text + "}\n";
}

}  // namespace bench
