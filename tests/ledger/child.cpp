// SPDX-License-Identifier: MIT
#include "ledger/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

extern char** environ;

namespace ledger_tests {
namespace {

bool can_write(const std::string& ledger) {
  sqlite3* db = nullptr;
  const bool can = sqlite3_open(ledger.c_str(), &db) == SQLITE_OK &&
                   sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(db);
  return can;
}

}  // namespace

Child::Child(std::vector<std::string> words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  words.insert(words.begin(), TALLY_LEDGER_CHILD);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  if (::posix_spawn(&pid_, arguments[0], &files, nullptr, arguments.data(), environ) != 0) {
    pid_ = -1;
  }
  posix_spawn_file_actions_destroy(&files);
  ::close(ends[1]);
  output_ = ends[0];
}

Child::~Child() {
  signal(SIGKILL);
  wait();
  if (output_ >= 0) ::close(output_);
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Child::stop(const std::string& ledger) const {
  using namespace std::chrono_literals;
  for (int tries = 0; tries < 1000; ++tries) {
    signal(SIGSTOP);
    int status = 0;
    if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) return false;
    if (can_write(ledger)) return true;
    signal(SIGCONT);
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

int Child::wait() {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Child::read_line() {
  std::string line;
  for (char byte = 0; ::read(output_, &byte, 1) == 1 && byte != '\n';) line += byte;
  return line;
}

}  // namespace ledger_tests
