// SPDX-License-Identifier: MIT
#include "rounds.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace bench {
namespace {

struct Ended {
  std::string output;
  double cpu_us = 0;
};

Ended run_command(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t process = fork();
  if (process == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execvp(arguments[0], arguments.data());
    std::perror(arguments[0]);
    _exit(127);
  }
  close(ends[1]);
  Ended ended;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    ended.output.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(process, &status, 0, &usage);
  if (status != 0) {
    std::fprintf(stderr, "\ntally_bench: a command failed:");
    for (const std::string& word : words) std::fprintf(stderr, " %s", word.c_str());
    std::fprintf(stderr, "\n");
    std::exit(1);
  }
  ended.cpu_us = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return ended;
}

}  // namespace

Summary summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

void Results::add(const std::string& row, const Figures& figures) {
  for (const auto& [figure, value] : figures) values_[row][figure].push_back(value);
}

const std::vector<double>& Results::values(const std::string& row,
                                           const std::string& figure) const {
  const auto found = values_.find(row);
  if (found == values_.end() || found->second.count(figure) == 0) {
    std::fprintf(stderr, "tally_bench: no figure %s of %s\n", figure.c_str(), row.c_str());
    std::exit(1);
  }
  return found->second.at(figure);
}

Summary Results::of(const std::string& row, const std::string& figure) const {
  return summarise(values(row, figure));
}

double Results::ratio(const std::string& row, const std::string& other,
                      const std::string& figure) const {
  std::vector<double> ratios = values(row, figure);
  const std::vector<double>& others = values(other, figure);
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] /= others[i];
  return summarise(std::move(ratios)).median;
}

Results run_rounds(const std::string& title, const std::vector<Row>& rows, int rounds) {
  Results results;
  std::fprintf(stderr, "%s: %d rounds ", title.c_str(), rounds);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Row& row = rows[round % 2 == 0 ? i : rows.size() - 1 - i];
      results.add(row.name, row.run());
    }
    std::fprintf(stderr, ".");
  }
  std::fprintf(stderr, "\n");
  return results;
}

Figures run_in_process(const std::vector<std::string>& words) {
  std::vector<std::string> command = {"/proc/self/exe", "--row"};
  command.insert(command.end(), words.begin(), words.end());
  std::istringstream output(run_command(std::move(command)).output);
  Figures figures;
  std::string name;
  for (double value = 0; output >> name >> value;) figures[name] = value;
  return figures;
}

Row process_row(const std::string& name, std::vector<std::string> words) {
  return {name, [words = std::move(words)] { return run_in_process(words); }};
}

double cpu_us_of_command(const std::vector<std::string>& words) {
  return run_command(words).cpu_us;
}

#ifdef TALLY_BENCH_VALGRIND
double instructions_of_command(const std::vector<std::string>& words) {
  std::vector<std::string> command = {TALLY_BENCH_VALGRIND,   "--tool=cachegrind",
                                      "--cache-sim=no",       "--cachegrind-out-file=/dev/null",
                                      "--trace-children=yes", "--log-fd=1"};
  command.insert(command.end(), words.begin(), words.end());
  std::istringstream output(run_command(std::move(command)).output);
  double sum = 0;
  for (std::string line; std::getline(output, line);) {
    const std::size_t refs = line.find("I   refs:");
    if (refs == line.npos) continue;
    std::string digits;
    for (const char c : line.substr(refs)) {
      if (c >= '0' && c <= '9') digits += c;
    }
    sum += std::strtod(digits.c_str(), nullptr);
  }
  return sum;
}
#endif

}  // namespace bench
