// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

namespace runners {
namespace {

// A failing case may hold a megabyte; the place of the first difference is what one wants to see.
std::string excerpt(const std::string& text, std::size_t around) {
  constexpr std::size_t width = 120;
  const std::size_t begin = around > width / 2 ? around - width / 2 : 0;
  std::string out = begin > 0 ? "..." : "";
  out += text.substr(begin < text.size() ? begin : text.size(), width);
  if (begin + width < text.size()) out += "...";
  return out;
}

}  // namespace

std::vector<std::string> paths_to_read(int argc, char** argv, const char* variable,
                                       const std::string& fallback) {
  if (argc > 1) return {argv + 1, argv + argc};
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return {fallback};
  std::vector<std::string> paths;
  for (std::string_view rest = value; !rest.empty();) {
    const auto colon = rest.find(':');
    if (colon != 0) paths.emplace_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return paths;
}

bool read_file(const std::string& path, std::string& bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  return true;
}

void Report::add(const std::string& name, const std::vector<std::string>& mismatches) {
  if (mismatches.empty()) {
    ++passed_;
  } else {
    ++failed_;
    std::printf("FAILED %s\n", name.c_str());
    for (const auto& line : mismatches) std::printf("    %s\n", line.c_str());
  }
  show_progress();
}

void Report::skip(const std::string& name, const std::string& why) {
  const char* all = std::getenv("TALLY_REQUIRE_ALL");
  if (all != nullptr && std::string_view(all) == "1") return add(name, {"skipped: " + why});
  ++skipped_;
  std::printf("skipped %s: %s\n", name.c_str(), why.c_str());
}

int Report::finish() const {
  if (isatty(STDERR_FILENO)) std::fputs("\r\033[K", stderr);
  if (skipped_ > 0) std::printf("%zu skipped\n", skipped_);
  std::printf("%zu passed, %zu failed\n", passed_, failed_);
  return failed_ > 0 || passed_ == 0 ? 1 : 0;
}

void Report::show_progress() const {
  const std::size_t done = passed_ + failed_;
  if (isatty(STDERR_FILENO)) {
    std::fprintf(stderr, "\r%zu cases ...", done);
  } else if (done % 100 == 0) {
    std::fprintf(stderr, "%zu cases ...\n", done);
  }
}

void expect_equal(std::vector<std::string>& mismatches, const std::string& field,
                  const std::string& expected, const std::string& found) {
  if (expected == found) return;
  std::size_t at = 0;
  while (at < expected.size() && at < found.size() && expected[at] == found[at]) ++at;
  mismatches.push_back(field + ": expected " + excerpt(expected, at) + ", found " +
                       excerpt(found, at));
}

}  // namespace runners
