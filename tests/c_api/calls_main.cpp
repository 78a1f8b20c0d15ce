// SPDX-License-Identifier: MIT
#include <string>

#include "loopback_provider.hpp"

extern "C" int run_calls(const char* url);

namespace {

loopback::LoopbackProvider* serving = nullptr;

}  // namespace

extern "C" const char* last_body() {
  static std::string body;
  body = serving->received().back().body;
  return body.c_str();
}

int main() {
  loopback::LoopbackProvider provider;
  serving = &provider;
  return run_calls(provider.url().c_str());
}
