// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using tally::Instant;
using tally::uuid_v7;

Instant at_milliseconds(std::int64_t count) { return Instant(std::chrono::milliseconds(count)); }

TEST_CASE("uuid: the text has the shape, version and variant of RFC 9562") {
  const std::string id = uuid_v7(at_milliseconds(1775390400000));
  REQUIRE(id.size() == 36);
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    CHECK((id[i] == '-') == is_dash);
    if (!is_dash) CHECK(std::string("0123456789abcdef").find(id[i]) != std::string::npos);
  }
  CHECK(id[14] == '7');
  CHECK(std::string("89ab").find(id[19]) != std::string::npos);
}

TEST_CASE("uuid: it begins with the milliseconds of its instant") {
  // 1645557742000 ms, the example of RFC 9562, appendix A.6.
  CHECK(uuid_v7(at_milliseconds(1645557742000)).substr(0, 13) == "017f22e2-79b0");
  CHECK(uuid_v7(at_milliseconds(1775390400000)).substr(0, 13) == "019d5d83-9e00");
}

TEST_CASE("uuid: ids of one thread sort in the order in which they were made") {
  std::string last = uuid_v7(at_milliseconds(1800000000000));
  for (int i = 0; i < 10000; ++i) {
    std::string next = uuid_v7(at_milliseconds(1800000000000 + i / 5000));
    REQUIRE(last < next);
    last = std::move(next);
  }
}

TEST_CASE("uuid: a clock that slips back a little does not break the order") {
  const std::string before = uuid_v7(at_milliseconds(1900000000000));
  CHECK(before < uuid_v7(at_milliseconds(1899999999500)));
}

TEST_CASE("uuid: a clock that is set back is believed") {
  (void)uuid_v7(at_milliseconds(2000000000000));
  CHECK(uuid_v7(at_milliseconds(1645557742000)).substr(0, 13) == "017f22e2-79b0");
}

TEST_CASE("uuid: no two are equal, not of four threads in one millisecond either") {
  constexpr int per_thread = 5000;
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < per_thread; ++i) ids.push_back(uuid_v7(at_milliseconds(1700000000000)));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  CHECK(all.size() == 4 * per_thread);
}

}  // namespace
