// SPDX-License-Identifier: MIT
// Memory runs out at every place where the library asks for some, once and for good: each function
// of the C ABI says so, nothing crashes, nothing leaks (the address sanitizer looks).
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

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

/// How far a host goes.
enum class Part { prepares, waits, starts };

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
  bool live(Part part) {
    if (!open() || !ask() || !plan()) return false;
    if (part == Part::prepares) return true;
    if (!wait_for_one() || !stream_one()) return false;
    return part == Part::waits || start_one();
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

  bool plan() {
    tally_list* list = nullptr;
    bool went_well = well(tally_client_estimate(client_, request_, nullptr, &list, nullptr));
    tally_list_destroy(list);
    went_well = went_well && well(tally_client_advise(client_, request_, &list, nullptr));
    if (went_well) tally_list_destroy(list);
    went_well = went_well && well(tally_provider_presets(&list, nullptr));
    if (went_well) tally_list_destroy(list);
    went_well = went_well && well(tally_ledger_rows(ledger_, nullptr, &list, nullptr));
    if (went_well) tally_list_destroy(list);
    return went_well;
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
    for (int turn = 0; turn < 1'000; ++turn) {
      tally_event event{};
      event.struct_size = sizeof(event);
      // Both may be asked again: a short of memory passes.
      if (!well(tally_client_wait(client_, 10, nullptr, nullptr)) && shortage.for_good)
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
bool live_short_of_memory(Part part, const tally_transport* transport, long failing,
                          bool for_good) {
  Host host("http://127.0.0.1:1", transport);
  shortage = {true, for_good, failing, 0, false};
  const bool went_well = host.live(part);
  shortage.is_on = false;
  if (!shortage.has_failed) CHECK(went_well);
  return !shortage.has_failed;
}

/// Refuses every allocation in its turn.
void live_until_it_is_not_felt(Part part, bool for_good) {
  const tally_transport transport = canned_host();
  REQUIRE(live_short_of_memory(part, &transport, 0, false));  // Prices are read at first use.
  long failing = 1;
  while (!live_short_of_memory(part, &transport, failing, for_good)) ++failing;
  MESSAGE("survived " << failing - 1 << " shortages");
  CHECK(failing > 50);
  CHECK(canned_instances() == 0);
}

}  // namespace

TEST_CASE("out of memory: what prepares calls says so wherever one allocation fails") {
  live_until_it_is_not_felt(Part::prepares, false);
}

TEST_CASE("out of memory: what prepares calls says so wherever all further allocations fail") {
  live_until_it_is_not_felt(Part::prepares, true);
}

// Not kept yet: an end of a transfer that cannot be noted for want of memory leaves its call to its
// clocks, which are longer than a test waits. Run with --no-skip.
TEST_CASE("out of memory: calls that wait say so wherever one allocation fails" * doctest::skip()) {
  live_until_it_is_not_felt(Part::waits, false);
}

TEST_CASE("out of memory: calls that wait say so wherever all further allocations fail" *
          doctest::skip()) {
  live_until_it_is_not_felt(Part::waits, true);
}

TEST_CASE("out of memory: started calls end, wherever one allocation fails" * doctest::skip()) {
  live_until_it_is_not_felt(Part::starts, false);
}

namespace {

void TALLY_CALL use_up_memory(void*, std::int32_t, const char*, std::uint64_t) {
  shortage = {true, true, 0, 0, false};
}

}  // namespace

TEST_CASE("out of memory: what a call ended with is handed out, to be looked at later") {
  const tally_transport transport = canned_host();
  tally_client_options options;
  tally_client_options_init(&options, sizeof(options));
  options.api_key = text_of("sk-canary-5f1d");
  options.provider = text_of("deepseek");
  options.transport = &transport;
  options.log = use_up_memory;  // At the end of the attempt, once it has its bill.
  tally_client* client = nullptr;
  REQUIRE(tally_client_open(&options, &client, nullptr) == TALLY_OK);
  tally_chat_request* request = nullptr;
  REQUIRE(tally_chat_request_create(&request, nullptr) == TALLY_OK);
  tally_chat_parameters parameters;
  tally_chat_parameters_init(&parameters, sizeof(parameters));
  parameters.model = text_of("deepseek-flash");
  REQUIRE(tally_chat_request_set(request, &parameters, nullptr) == TALLY_OK);
  REQUIRE(tally_chat_request_push_text(request, TALLY_ROLE_USER, "Rivers?", 7, nullptr) ==
          TALLY_OK);
  tally_completion* completion = nullptr;
  tally_error error{};
  error.struct_size = sizeof(error);
  const std::int32_t code =
      tally_client_chat(client, request, nullptr, nullptr, nullptr, &completion, &error);
  shortage.is_on = false;
  CHECK(code == TALLY_E_OUT_OF_MEMORY);
  CHECK(error.code == TALLY_E_OUT_OF_MEMORY);
  CHECK(error.charge_possible == 1);
  REQUIRE(tally_completion_receipt(completion) != nullptr);
  CHECK(tally_completion_receipt(completion)->usage->prompt_tokens == 18);
  CHECK(tally_completion_reply(completion)->text.size == 17);
  tally_completion_destroy(completion);
  tally_chat_request_destroy(request);
  tally_client_destroy(client);
}
