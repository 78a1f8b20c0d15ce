// SPDX-License-Identifier: MIT
// What an editor does that reloads its plugins: the shared library is loaded, used with a call left
// under way, and unloaded, again and again in one process.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include "loopback_provider.hpp"
#include "tally/c_api.h"

namespace {

#define CALL(library, function) reinterpret_cast<decltype(&function)>(dlsym(library, #function))

tally_text text_of(const char* text) { return {text, std::strlen(text)}; }

/// One life of a plugin; true: its call was answered, and everything it asked for succeeded.
bool live_once(const char* path, const char* url) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::printf("%s\n", dlerror());
    return false;
  }
  tally_client_options options;
  bool went_well = CALL(library, tally_client_options_init)(&options, sizeof(options)) == TALLY_OK;
  options.api_key = text_of("sk-canary-5f1d");
  options.base_url = text_of(url);
  options.provider = text_of("deepseek");
  tally_client* client = nullptr;
  went_well = CALL(library, tally_client_open)(&options, &client, nullptr) == TALLY_OK && went_well;

  tally_chat_parameters parameters;
  CALL(library, tally_chat_parameters_init)(&parameters, sizeof(parameters));
  parameters.model = text_of("deepseek-flash");
  tally_chat_request* request = nullptr;
  CALL(library, tally_chat_request_create)(&request, nullptr);
  CALL(library, tally_chat_request_set)(request, &parameters, nullptr);
  CALL(library, tally_chat_request_push_text)
  (request, TALLY_ROLE_USER, "Name a river.", 13, nullptr);
  tally_completion* completion = nullptr;
  went_well = CALL(library, tally_client_chat)(client, request, nullptr, nullptr, nullptr,
                                               &completion, nullptr) == TALLY_OK &&
              CALL(library, tally_completion_error)(completion) == nullptr && went_well;
  tally_call_id call = 0;
  went_well = CALL(library, tally_client_chat_start)(client, request, nullptr, &call, nullptr) ==
                  TALLY_OK &&
              CALL(library, tally_client_poll)(client, 1000, nullptr, nullptr) == TALLY_OK &&
              went_well;

  CALL(library, tally_completion_destroy)(completion);
  CALL(library, tally_chat_request_destroy)(request);
  CALL(library, tally_client_destroy)(client);  // The started call is under way.
  return dlclose(library) == 0 && went_well;
}

std::size_t entries_of(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

/// Waits for what ends a little later: the server notices that connections are gone.
bool settles(const char* folder, std::size_t most) {
  for (int i = 0; i < 4000 && entries_of(folder) > most; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (entries_of(folder) <= most) return true;
  std::printf("%s: %zu entries instead of %zu\n", folder, entries_of(folder), most);
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::printf("usage: c_api_reload_test <library> <lives>\n");
    return 2;
  }
  const int lives = std::atoi(arguments[2]);
  loopback::LoopbackProvider provider;
  const std::string url = provider.url();
  if (!live_once(arguments[1], url.c_str())) return 1;  // What stays for good.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::size_t descriptors = entries_of("/proc/self/fd");
  const std::size_t threads = entries_of("/proc/self/task");
  int failed = 0;
  for (int life = 1; life < lives; ++life) failed += !live_once(arguments[1], url.c_str());
  const bool is_clean =
      settles("/proc/self/fd", descriptors) && settles("/proc/self/task", threads);
  std::printf("%d lives, %d failed\n", lives, failed);
  return failed == 0 && is_clean && lives > 1 ? 0 : 1;
}
