// SPDX-License-Identifier: MIT
// function_table <include/tally> <functions.txt>
//
// Fails on a public C++ function that the table does not name, on a C function that it does not
// name, and on a name in the table that no header has. Prints every one of them.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "declarations.hpp"

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Headers {
  std::set<std::string> cpp;
  std::set<std::string> c;
};

Headers read_headers(const fs::path& folder) {
  Headers headers;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".hpp") headers.cpp.merge(cpp_functions(text_of(file.path())));
  }
  headers.c = c_functions(text_of(folder / "c_api.h"));
  return headers;
}

/// A line: the C++ name (`none`: in C alone; `Result::*`: all members), then C names or `-` and the
/// reason why there is none.
struct Line {
  std::string cpp;
  std::vector<std::string> c;
  bool has_reason = false;

  bool covers(const std::string& name) const {
    if (cpp.size() < 2 || cpp.compare(cpp.size() - 2, 2, ":*") != 0) return name == cpp;
    return name.compare(0, cpp.size() - 1, cpp, 0, cpp.size() - 1) == 0;
  }
};

std::vector<Line> read_table(const fs::path& file) {
  std::vector<Line> table;
  std::ifstream in(file);
  for (std::string text; std::getline(in, text);) {
    if (text.empty() || text[0] == '#') continue;
    // A C++ name may hold a blank (`operator bool`): two blanks end it.
    const std::size_t end = std::min(text.find("  "), text.size());
    Line line{text.substr(0, end), {}, false};
    std::istringstream words(text.substr(end));
    for (std::string word; words >> word;) {
      if (word == "-") {
        line.has_reason = static_cast<bool>(words >> word);
        break;
      }
      line.c.push_back(word);
    }
    table.push_back(std::move(line));
  }
  return table;
}

class Check {
 public:
  explicit Check(const Headers& headers) : headers_(headers) {}

  int compare(const std::vector<Line>& table) {
    std::set<std::string> named;
    for (const Line& line : table) {
      compare_line(line);
      named.insert(line.c.begin(), line.c.end());
    }
    for (const std::string& name : headers_.cpp) {
      const bool covered = std::any_of(table.begin(), table.end(),
                                       [&](const Line& line) { return line.covers(name); });
      if (!covered) complain("C++ function without a line: " + name);
    }
    for (const std::string& name : headers_.c) {
      if (!named.count(name)) complain("C function without a line: " + name);
    }
    return complaints_;
  }

 private:
  void compare_line(const Line& line) {
    const bool exists = std::any_of(headers_.cpp.begin(), headers_.cpp.end(),
                                    [&](const std::string& name) { return line.covers(name); });
    if (line.cpp != "none" && !exists) complain("no C++ function has this name: " + line.cpp);
    if (line.c.empty() && !line.has_reason) complain("neither a C name nor a reason: " + line.cpp);
    for (const std::string& name : line.c) {
      if (!headers_.c.count(name)) complain("no C function has this name: " + name);
    }
  }

  void complain(const std::string& what) {
    std::cout << what << '\n';
    ++complaints_;
  }

  const Headers& headers_;
  int complaints_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: function_table <include/tally> <functions.txt>\n";
    return 2;
  }
  const Headers headers = read_headers(argv[1]);
  if (headers.cpp.empty() || headers.c.empty()) {
    std::cerr << "no functions found in " << argv[1] << '\n';
    return 2;
  }
  if (Check(headers).compare(read_table(argv[2])) > 0) return 1;
  std::cout << headers.cpp.size() << " C++ functions and " << headers.c.size()
            << " C functions are in the table\n";
  return 0;
}
