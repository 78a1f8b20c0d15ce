// SPDX-License-Identifier: MIT

// The other processes of the ledger's tests.
//
//   ledger_child calls <url> <ledger> <durable|batched> <chat|writer|poll> <round>
//       asks until it is killed; each call's id is its label `id` and its message
//   ledger_child one <url> <ledger>         one call; prints its state
//   ledger_child race <ledger> <tries> <hold, cents> <bill, cents, or ->
//       prints `ready`, waits for the file `<ledger>.go`, tries; prints how many were let through
//   ledger_child lock <ledger> <ms>         holds the write lock; prints `locked`
//   ledger_child open <ledger> <user id>    opens it as that user; prints what comes of it

#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ledger/samples.hpp"

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "ledger_child: %s\n", why.c_str());
  std::exit(1);
}

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

tally::Ledger open_ledger(const std::string& path, bool batched = false) {
  tally::LedgerOptions options;
  if (batched) options.durability = tally::Durability::batched;
  auto ledger = tally::Ledger::open(path, options);
  if (!ledger) fail(ledger.error().message);
  return *std::move(ledger);
}

tally::Client open_client(const std::string& url, const tally::Ledger& ledger) {
  auto client = tally::Client::open(ledger_tests::options_for(url, ledger));
  if (!client) fail(client.error().message);
  return *std::move(client);
}

/// Gives each call its id.
class Calls {
 public:
  explicit Calls(std::string round) : round_(std::move(round)) {}
  std::pair<tally::ChatRequest, tally::CallOptions> next() {
    const std::string id = round_ + "-" + std::to_string(++last_);
    tally::CallOptions options;
    options.labels = {{"id", id}, {"round", round_}};
    return {ledger_tests::asking(id), options};
  }

 private:
  const std::string round_;
  std::atomic<int> last_{0};
};

void check(const tally::Completion& completion) {
  if (!completion.reply) fail(completion.reply.error().message);
  if (completion.receipt.ledger_error) fail(completion.receipt.ledger_error->message);
}

[[noreturn]] void chat_for_ever(const tally::Client& client, Calls& calls) {
  const auto chat = [&] {
    while (true) {
      const auto [request, options] = calls.next();
      check(client.chat(request, options));
    }
  };
  std::thread second(chat);
  chat();
  std::abort();
}

[[noreturn]] void poll_for_ever(const tally::Client& client, Calls& calls) {
  for (int in_flight = 0;;) {
    for (; in_flight < 6; ++in_flight) {
      const auto [request, options] = calls.next();
      client.chat_start(request, options);
    }
    if (auto polled = client.poll(); !polled) fail(polled.error().message);
    for (tally::Event event; client.next_event(event);) {
      if (!event.completion) continue;
      check(*event.completion);
      --in_flight;
    }
    std::this_thread::sleep_for(300us);
  }
}

int calls(const Words& words) {
  const tally::Ledger ledger = open_ledger(words[2], words[3] == "batched");
  const tally::Client client = open_client(words[1], ledger);
  Calls numbered(words[5]);
  if (words[4] == "chat") chat_for_ever(client, numbered);
  if (words[4] == "poll") poll_for_ever(client, numbered);
  std::thread writer([&] { ledger.run_writer(); });
  poll_for_ever(client, numbered);
}

int one(const Words& words) {
  const tally::Completion completion =
      open_client(words[1], open_ledger(words[2])).chat(ledger_tests::asking("one"));
  check(completion);
  say(std::string(to_string(completion.receipt.state)));
  return 0;
}

int race(const Words& words) {
  const tally::Ledger ledger = open_ledger(words[1]);
  const tally::Money hold = tally::cents(std::atoll(words[3].c_str()));
  say("ready");
  while (::access((words[1] + ".go").c_str(), F_OK) != 0) std::this_thread::sleep_for(1ms);
  int granted = 0;
  for (int i = 0; i < std::atoi(words[2].c_str()); ++i) {
    const tally::LedgerRow row = ledger_tests::reserved_row(hold);
    const tally::LedgerDone done = ledger_tests::reserve(ledger, row);
    if (done.error) fail(done.error->message);
    if (words[4] == "-") {
      granted += done.refusal ? 0 : 1;
      continue;
    }
    if (done.refusal) break;
    ++granted;
    const tally::Money bill = tally::cents(std::atoll(words[4].c_str()));
    const auto settled = ledger_tests::settle(ledger, ledger_tests::settled_row(row, bill));
    if (settled.error) fail(settled.error->message);
  }
  say(std::to_string(granted));
  if (words[4] == "-") ::kill(::getpid(), SIGSTOP);  // Its holds live as long as it does.
  return 0;
}

int lock(const Words& words) {
  sqlite3* db = nullptr;
  if (sqlite3_open(words[1].c_str(), &db) != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(db, 5000);
  if (sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) fail("begin");
  say("locked");
  std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(words[2].c_str())));
  sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(db);
  return 0;
}

int open(const Words& words) {
  const auto user = static_cast<uid_t>(std::atoi(words[2].c_str()));
  if (::setuid(user) != 0) fail("setuid");
  auto ledger = tally::Ledger::open(words[1]);
  if (!ledger) {
    say("open: " + std::string(to_string(ledger.error().kind)) + ": " + ledger.error().message);
    return 0;
  }
  const auto done = ledger_tests::reserve(*ledger, ledger_tests::reserved_row(tally::cents(1)));
  say(done.error ? "reserve: " + done.error->message : std::string("good"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Nobody else would end one that is stopped, or asks for ever.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What the parent has open, its server's sockets above all, is none of ours.
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  const Words words(argv + 1, argv + argc);
  const std::string what = words.empty() ? "" : words[0];
  if (what == "calls" && words.size() == 6) return calls(words);
  if (what == "one" && words.size() == 3) return one(words);
  if (what == "race" && words.size() == 5) return race(words);
  if (what == "lock" && words.size() == 3) return lock(words);
  if (what == "open" && words.size() == 3) return open(words);
  return 2;
}
