// SPDX-License-Identifier: MIT
// How wrong the estimator is: kind by kind over texts whose tokens were counted by DeepSeek's own
// tokenizer, and provider by provider over the answers of recordings, which their servers counted.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "measures.hpp"
#include "tally/usage.hpp"

namespace bench {
namespace {

struct Errors {
  std::vector<double> relative;  ///< |estimate - count| / count, of each text.
  std::int64_t counted = 0;
  std::int64_t estimated = 0;
  int below_low = 0;
  int above_high = 0;

  void add(const tally::TokenEstimate& estimate, std::int64_t count) {
    const auto difference = static_cast<double>(estimate.likely - count);
    relative.push_back(std::fabs(difference) / static_cast<double>(count));
    counted += count;
    estimated += estimate.likely;
    below_low += count < estimate.low ? 1 : 0;
    above_high += count > estimate.high ? 1 : 0;
  }
  double mean() const {
    double sum = 0;
    for (const double each : relative) sum += each;
    return 100 * sum / static_cast<double>(relative.size());
  }
  double bias() const {
    return 100 * static_cast<double>(estimated - counted) / static_cast<double>(counted);
  }
  double percentile95() const {
    std::vector<double> sorted = relative;
    std::sort(sorted.begin(), sorted.end());
    return 100 * sorted[(sorted.size() - 1) * 95 / 100];
  }
};

void read(const std::filesystem::path& path, std::map<std::string, Errors>& kinds) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto sample = nlohmann::json::parse(line, nullptr, false);
    if (!sample.is_object() || !sample.contains("text") || !sample.contains("token_count"))
      continue;
    const std::int64_t count = sample["token_count"];
    if (count <= 0) continue;
    const auto estimate = tally::estimate_tokens(sample["text"].get<std::string>());
    kinds[sample.value("kind", "unknown")].add(estimate, count);
    kinds["all"].add(estimate, count);
  }
}

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

std::int64_t count_of(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_number_integer() ? member->get<std::int64_t>() : 0;
}

/// False: some of what was counted is not in the text (thinking that is hidden, the markup of
/// tools), or nothing was counted.
bool read_answer(const nlohmann::json& expect, Errors& errors) {
  const auto usage = expect.find("usage");
  if (usage == expect.end() || !usage->is_object()) return false;
  const bool has_tools = expect.contains("tool_calls") && !expect["tool_calls"].empty();
  const std::string reasoning = text_of(expect, "reasoning");
  const bool is_hidden = count_of(*usage, "reasoning") > 0 && reasoning.empty();
  const std::string text = reasoning + text_of(expect, "text");
  const std::int64_t count = count_of(*usage, "output");
  if (has_tools || is_hidden || text.empty() || count <= 0) return false;
  errors.add(tally::estimate_tokens(text), count);
  return true;
}

/// How many were left out.
int read_answers(const std::string& folder, std::map<std::string, Errors>& providers) {
  int left_out = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".case.json") == std::string::npos) continue;
    std::ifstream file(entry.path());
    const auto read = nlohmann::json::parse(file, nullptr, false);
    if (!read.is_object() || !read.contains("expect") || !read["expect"].is_object()) continue;
    if (read_answer(read["expect"], providers["all"])) {
      read_answer(read["expect"], providers[read.value("provider", "unknown")]);
    } else {
      ++left_out;
    }
  }
  return left_out;
}

void print(Report& report, const std::map<std::string, Errors>& kinds) {
  for (const auto& [kind, errors] : kinds) {
    char line[128];
    std::snprintf(line, sizeof line, "%-24.24s %5zu %7lld %10.1f %% %+6.1f %% %14.1f %% %8d",
                  kind.c_str(), errors.relative.size(), static_cast<long long>(errors.counted),
                  errors.mean(), errors.bias(), errors.percentile95(),
                  errors.below_low + errors.above_high);
    report.note(line);
  }
}

constexpr const char* heading = "texts  tokens  mean error    bias  95th percentile  outside";

void measure_recorded_answers(Report& report) {
  report.section("Token estimates of recorded answers, beside the counts of their servers");
  const char* named = std::getenv("TALLY_RECORDINGS");
  if (named == nullptr) return report.note("left out: TALLY_RECORDINGS names no recordings");
  std::map<std::string, Errors> providers;
  int left_out = 0;
  std::istringstream folders(named);
  for (std::string folder; std::getline(folders, folder, ':');) {
    left_out += read_answers(folder, providers);
  }
  if (providers["all"].relative.empty())
    return report.note("left out: no answers in " + std::string(named));
  report.note("output text of recordings " + std::string(heading));
  print(report, providers);
  report.note(std::to_string(left_out) + " left out: tools, hidden thinking, no text or no count");
  report.figure("estimator_recorded_mean_error_percent", "mean error over recorded answers, %",
                providers["all"].mean());
}

void measure_counted_texts(Report& report) {
  report.section("Token estimates, beside counts of DeepSeek's tokenizer");
  const char* folder = std::getenv("TALLY_TOKENS");
  if (folder == nullptr) return report.note("left out: TALLY_TOKENS names no folder of counts");
  std::map<std::string, Errors> kinds;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jsonl") read(entry.path(), kinds);
  }
  if (kinds.empty()) return report.note("left out: no counts in " + std::string(folder));

  report.note("kind                     " + std::string(heading));
  print(report, kinds);
  const Errors& all = kinds["all"];
  report.figure("estimator_mean_error_percent", "mean error, %", all.mean());
  report.figure("estimator_bias_percent", "bias of the sum, %", all.bias());
  report.figure("estimator_above_high", "texts above their upper bound", all.above_high, 0);
}

}  // namespace

void measure_estimator(Report& report) {
  measure_counted_texts(report);
  measure_recorded_answers(report);
}

}  // namespace bench
