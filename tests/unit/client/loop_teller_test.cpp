// SPDX-License-Identifier: MIT
#include "client/loop_teller.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace std::chrono_literals;
using tally::LoopTeller;
using tally::SocketWatch;
using tally::SteadyInstant;

namespace {

constexpr SteadyInstant start{};

/// A host that writes down what it is told: "7rw", "7-" for the end of 7, "5us", "stop".
struct Host {
  std::string told;
  std::function<void()> during{};
  tally::HostLoop hooks{[this](const SocketWatch& watch) {
                          told += std::to_string(watch.socket) + (watch.read ? "r" : "") +
                                  (watch.write ? "w" : "") +
                                  (watch.read || watch.write ? " " : "- ");
                          if (during) std::exchange(during, nullptr)();
                        },
                        [this](std::optional<std::chrono::microseconds> after) {
                          told += after ? std::to_string(after->count()) + "us " : "stop ";
                        }};
  LoopTeller teller{hooks};

  std::string tell() {
    told.clear();
    teller.tell();
    return told;
  }
};

}  // namespace

TEST_CASE("loop teller: changes come in order, and the timer only when it moves") {
  Host host;
  host.teller.note({{7, true, false}, {8, false, true}}, start + 5us, start);
  CHECK(host.tell() == "7r 8w 5us ");
  host.teller.note({{7, false, false}, {7, false, true}}, start + 5us, start + 2us);
  CHECK(host.tell() == "7- 7w ");
  host.teller.note({}, SteadyInstant::max(), start);
  CHECK(host.tell() == "stop ");
  host.teller.note({}, start, start + 9us);  // Overdue.
  CHECK(host.tell() == "0us ");
  CHECK(host.tell().empty());
}

TEST_CASE("loop teller: a timer that has come is asked for again, though the instant is the same") {
  Host host;
  host.teller.note({}, start + 5us, start);
  CHECK(host.tell() == "5us ");
  host.teller.note_timer_over();
  host.teller.note({}, start + 5us, start + 4us);  // It came too early.
  CHECK(host.tell() == "1us ");
}

TEST_CASE(
    "loop teller: a timer is for a day at most, since a loop may count milliseconds in an int") {
  Host host;
  host.teller.note({}, start + 1000h, start);
  CHECK(host.tell() == "86400000000us ");
  host.teller.note_timer_over();
  host.teller.note({}, start + 1000h, start + 999h);
  CHECK(host.tell() == "3600000000us ");
}

TEST_CASE("loop teller: what is noted while the host is told comes after, in order") {
  Host host;
  host.teller.note({{7, true, false}, {8, true, false}}, start + 5us, start);
  host.during = [&] {
    host.teller.note({{7, false, false}, {9, true, false}}, start + 1us, start);
    host.teller.tell();
  };
  CHECK(host.tell() == "7r 8r 7- 9r 1us ");
}

TEST_CASE("loop teller: suspended, nothing is watched; afterwards what is wanted then") {
  Host host;
  CHECK_FALSE(host.teller.is_watching());
  host.teller.note({{7, true, false}, {8, true, false}}, start + 5us, start);
  CHECK(host.teller.is_watching());
  (void)host.tell();
  host.teller.suspend();
  host.teller.suspend();
  CHECK(host.tell() == "7- 8- stop ");
  host.teller.note({{8, false, false}, {9, false, true}}, start + 6us, start);
  CHECK(host.tell().empty());
  host.teller.resume();
  host.teller.resume();
  CHECK(host.tell() == "7r 9w ");
  host.teller.note({}, start + 6us, start);
  CHECK(host.tell() == "6us ");
}

TEST_CASE("loop teller: after it has left, the host hears nothing more") {
  Host host;
  host.teller.note({{7, true, false}}, start + 5us, start);
  (void)host.tell();
  host.teller.leave();
  CHECK(host.tell() == "7- stop ");
  host.teller.note({{7, false, false}, {8, true, false}}, start + 6us, start);
  host.teller.suspend();
  host.teller.resume();
  host.teller.leave();
  CHECK(host.tell().empty());
}
