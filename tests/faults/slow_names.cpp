// SPDX-License-Identifier: MIT
#include "slow_names.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

constexpr std::size_t most_numbers = 4096;
std::array<std::atomic<std::uint64_t>, most_numbers> lookups;

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  using namespace std::chrono_literals;
  static const auto system = reinterpret_cast<GetAddrInfo>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view asked = name != nullptr ? name : "";
  constexpr std::string_view domain = ".invalid";
  if (asked.size() < domain.size() || asked.substr(asked.size() - domain.size()) != domain) {
    return system(name, service, hints, found);
  }
  const std::string_view word = asked.substr(0, asked.find('.'));
  const int number = std::atoi(name + word.size() + 1);
  lookups[static_cast<std::size_t>(number) % most_numbers]++;
  if (word == "broken") return EAI_AGAIN;
  if (word == "silent") std::this_thread::sleep_for(1500ms);
  if (word == "slow") {
    std::this_thread::sleep_for(100ms);
    return system("127.0.0.1", service, hints, found);
  }
  if (word == "elsewhere") return system("127.0.0.2", service, hints, found);
  return EAI_NONAME;
}

namespace faults {

std::uint64_t lookups_of(int number) {
  return lookups[static_cast<std::size_t>(number) % most_numbers];
}

}  // namespace faults
