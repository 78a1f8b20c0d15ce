// SPDX-License-Identifier: MIT
// Memory runs out at every place where the library asks for some, once and for good: each function
// of the C ABI says so, nothing crashes, nothing leaks (the address sanitizer looks), and the
// client goes on afterwards.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "loopback_provider.hpp"
#include "tally/c_api.h"

// canned_host.c
extern "C" tally_transport canned_host();
extern "C" int canned_instances();

namespace {

/// Of this thread's allocations, which ones fail: the one of that number, or all from it on.
struct Shortage {
  bool is_on = false;
  bool for_good = false;
  long failing = 0;
  long asked = 0;
  bool has_failed = false;

  bool refuses() {
    if (!is_on) return false;
    ++asked;
    if (for_good ? asked < failing : asked != failing) return false;
    has_failed = true;
    return true;
  }
};
thread_local Shortage shortage;

void* allocate(std::size_t size) {
  return shortage.refuses() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void* allocate_or_throw(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// What libraries of C++ ask for; libtally_c's asks end here too.
void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace {

tally_text text_of(const char* text) { return {text, std::strlen(text)}; }

/// A host that gives up where it is told that there is no memory, and cleans up.
class Host {
 public:
  explicit Host(const char* url, const tally_transport* transport)
      : url_(url), transport_(transport) {}
  ~Host() {
    tally_completion_destroy(completion_);
    tally_stream_destroy(stream_);
    tally_chat_request_destroy(request_);
    tally_conversation_destroy(talk_);
    tally_client_destroy(client_);
    tally_ledger_destroy(ledger_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// True: everything went well.
  bool live() {
    return open() && ask() && wait_for_one() && stream_one() && start_one() && look_back();
  }

 private:
  bool well(std::int32_t code) {
    // A call that ran out of memory may also end as broken.
    if (code < 0) CHECK(shortage.has_failed);
    return code >= 0;
  }

  bool open() {
    if (!well(tally_ledger_in_memory(&ledger_, nullptr))) return false;
    tally_client_options options;
    tally_client_options_init(&options, sizeof(options));
    options.api_key = text_of("sk-canary-5f1d");
    options.base_url = text_of(url_);
    options.provider = text_of("deepseek");
    options.ledger = ledger_;
    options.transport = transport_;
    tally_retries retries;
    tally_retries_init(&retries, sizeof(retries));
    retries.most = 0;
    options.retries = &retries;
    return well(tally_client_open(&options, &client_, nullptr));
  }

  bool ask() {
    tally_chat_parameters parameters;
    tally_chat_parameters_init(&parameters, sizeof(parameters));
    parameters.model = text_of("deepseek-flash");
    tally_message message;
    tally_message_init(&message, sizeof(message));
    message.content = text_of("Name three rivers, and where each of them comes into the sea.");
    return well(tally_chat_request_create(&request_, nullptr)) &&
           well(tally_chat_request_set(request_, &parameters, nullptr)) &&
           well(tally_conversation_create("Be brief.", 9, 0, 0, &talk_, nullptr)) &&
           well(tally_conversation_push_message(talk_, &message, nullptr)) &&
           well(tally_conversation_request(talk_, request_, nullptr));
  }

  bool wait_for_one() {
    const std::int32_t code =
        tally_client_chat(client_, request_, nullptr, nullptr, nullptr, &completion_, nullptr);
    if (!well(code)) return false;
    return well(tally_conversation_push_completion(talk_, completion_, nullptr));
  }

  bool stream_one() {
    tally_completion_destroy(completion_);
    completion_ = nullptr;
    if (!well(tally_client_stream(client_, request_, nullptr, &stream_, nullptr))) return false;
    tally_event event{};
    event.struct_size = sizeof(event);
    std::int32_t code = 0;
    while ((code = tally_stream_next(stream_, &event, nullptr)) == 1) {
    }
    return well(code) && well(tally_stream_finish(stream_, &completion_, nullptr));
  }

  bool start_one() {
    tally_completion_destroy(completion_);
    completion_ = nullptr;
    tally_call_id call = 0;
    if (!well(tally_client_chat_start(client_, request_, nullptr, &call, nullptr))) return false;
    for (int turn = 0; turn < 100'000; ++turn) {
      tally_event event{};
      event.struct_size = sizeof(event);
      // Both may be asked again: a short of memory passes.
      if (!well(tally_client_wait(client_, 100, nullptr, nullptr)) && shortage.for_good)
        return false;
      const std::int32_t code = tally_client_next_event(client_, &event, nullptr);
      if (!well(code) && shortage.for_good) return false;
      if (code != 1 || event.kind != TALLY_EVENT_COMPLETION) continue;
      completion_ = event.completion;
      return tally_completion_error(completion_) == nullptr;
    }
    FAIL("the call never ended");
    return false;
  }

  bool look_back() {
    tally_list* rows = nullptr;
    const bool went_well = well(tally_ledger_rows(ledger_, nullptr, &rows, nullptr));
    if (went_well) CHECK(tally_list_size(rows) == 3);
    tally_list_destroy(rows);
    return went_well;
  }

  const char* url_;
  const tally_transport* transport_;
  tally_ledger* ledger_ = nullptr;
  tally_client* client_ = nullptr;
  tally_chat_request* request_ = nullptr;
  tally_conversation* talk_ = nullptr;
  tally_stream* stream_ = nullptr;
  tally_completion* completion_ = nullptr;
};

/// Lives once with that shortage; true: it was not felt.
bool live_short_of_memory(const char* url, const tally_transport* transport, long failing,
                          bool for_good) {
  Host host(url, transport);
  shortage = {true, for_good, failing, 0, false};
  const bool went_well = host.live();
  shortage.is_on = false;
  if (!shortage.has_failed) CHECK(went_well);
  return !shortage.has_failed;
}

/// Tries every allocation in its turn, or every `step`th.
long live_until_it_is_not_felt(const char* url, const tally_transport* transport, bool for_good,
                               long step) {
  REQUIRE(live_short_of_memory(url, transport, 0, false));  // Prices are read at first use.
  long failing = 1;
  while (!live_short_of_memory(url, transport, failing, for_good)) failing += step;
  MESSAGE("survived " << failing / step << " shortages");
  return failing;
}

}  // namespace

TEST_CASE("out of memory: wherever one allocation fails, an error says so and nothing crashes") {
  const tally_transport transport = canned_host();
  CHECK(live_until_it_is_not_felt("http://127.0.0.1:1", &transport, false, 1) > 100);
  CHECK(canned_instances() == 0);
}

TEST_CASE("out of memory: wherever all further allocations fail, an error says so too") {
  const tally_transport transport = canned_host();
  CHECK(live_until_it_is_not_felt("http://127.0.0.1:1", &transport, true, 1) > 100);
  CHECK(canned_instances() == 0);
}

TEST_CASE("out of memory: libcurl's frames survive it") {
  loopback::LoopbackProvider provider;
  const std::string url = provider.url();
  CHECK(live_until_it_is_not_felt(url.c_str(), nullptr, false, 7) > 100);
}
