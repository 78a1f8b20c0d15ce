// SPDX-License-Identifier: MIT
// Memory runs out at every place where the library asks for some, once and for good: each function
// of the C ABI says so, nothing crashes, hangs or leaks (the address sanitizer looks), and what was
// sent is in the books.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

#include "shortage.hpp"
#include "tally/c_api.h"

// canned_host.c
extern "C" tally_transport canned_host();
extern "C" int canned_instances();
extern "C" int canned_connections();

namespace {

tally_text text_of(const char* text) { return {text, std::strlen(text)}; }

bool is_zero(const tally_amount& amount) { return amount.units == 0 && amount.attos == 0; }

/// How far a host goes.
enum class Part { prepares, waits, starts, is_driven };

/// How it goes there.
struct Life {
  Part part = Part::prepares;
  bool for_good = false;    ///< The shortage.
  std::string ledger = {};  ///< Empty: in memory.
};

/// A host that gives up where it is told that there is no memory, and cleans up.
class Host {
 public:
  Host(const Life& life, const tally_transport* transport)
      : life_(life), transport_(transport), connections_before_(canned_connections()) {}
  ~Host() {
    end_calls();
    tally_ledger_destroy(ledger_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// True: everything went well.
  bool live() {
    if (!open() || !ask() || !plan()) return false;
    if (life_.part == Part::prepares) return true;
    if (life_.part == Part::starts) return start_two();
    if (life_.part == Part::is_driven) return start_driven();
    return wait_for_one() && stream_one();
  }

  /// With memory again: every call that was sent is in the ledger with its bill, and nothing is
  /// held for any. A shortage that has lasted may leave rows reserved.
  void look_at_books() {
    end_calls();
    if (ledger_ == nullptr || !has_budget_) return;
    CHECK(tally_ledger_flush(ledger_, 5000, nullptr) == TALLY_OK);
    tally_list* list = nullptr;
    REQUIRE(tally_ledger_rows(ledger_, nullptr, &list, nullptr) == TALLY_OK);
    int billed = 0, reserved = 0;
    for (std::uint64_t i = 0; i < tally_list_size(list); ++i) {
      const auto* row = static_cast<const tally_ledger_row*>(tally_list_at(list, i));
      reserved += row->state == TALLY_STATE_RESERVED ? 1 : 0;
      billed += row->state != TALLY_STATE_RESERVED && row->state != TALLY_STATE_NOT_BILLED ? 1 : 0;
    }
    tally_list_destroy(list);
    const int sent = canned_connections() - connections_before_;
    CHECK(billed + reserved >= sent);
    CHECK(billed <= sent);
    if (!life_.for_good) CHECK(reserved == 0);
    look_at_budget(reserved);
  }

 private:
  bool well(std::int32_t code) {
    if (code < 0) CHECK(shortage.has_failed);
    CHECK(code != TALLY_E_TIMEOUT);  // It would have hung.
    return code >= 0;
  }

  void end_calls() {
    tally_completion_destroy(completion_);
    completion_ = nullptr;
    tally_stream_destroy(stream_);
    stream_ = nullptr;
    tally_chat_request_destroy(request_);
    request_ = nullptr;
    tally_conversation_destroy(talk_);
    talk_ = nullptr;
    tally_client_destroy(client_);
    client_ = nullptr;
  }

  void look_at_budget(int reserved) {
    tally_list* list = nullptr;
    REQUIRE(tally_ledger_verify_budgets(ledger_, 0, &list, nullptr) == TALLY_OK);
    CHECK(tally_list_size(list) == 0);
    tally_list_destroy(list);
    REQUIRE(tally_ledger_budget_status(ledger_, "day", 3, 0, &list, nullptr) == TALLY_OK);
    const auto* status = static_cast<const tally_budget_status*>(tally_list_at(list, 0));
    CHECK(is_zero(status->held) == (reserved == 0));
    CHECK(status->in_flight == reserved);
    tally_list_destroy(list);
  }

  bool open() {
    if (!open_ledger() || !set_budget()) return false;
    tally_client_options options;
    tally_client_options_init(&options, sizeof(options));
    options.api_key = text_of("sk-canary-5f1d");
    options.base_url = text_of("http://127.0.0.1:1");
    options.provider = text_of("deepseek");
    options.ledger = ledger_;
    options.transport = transport_;
    tally_retries retries;
    tally_retries_init(&retries, sizeof(retries));
    retries.most = 0;
    options.retries = &retries;
    if (life_.part == Part::is_driven) {
      options.user = this;
      options.on_socket = [](void*, std::int64_t, std::int32_t) {};
      options.on_timer = [](void* self, std::int64_t after_us) {
        static_cast<Host*>(self)->is_wanted_ = after_us >= 0;
      };
    }
    return well(tally_client_open(&options, &client_, nullptr));
  }

  bool open_ledger() {
    if (life_.ledger.empty()) return well(tally_ledger_in_memory(&ledger_, nullptr));
    tally_ledger_options options;
    tally_ledger_options_init(&options, sizeof(options));
    options.durability = TALLY_DURABILITY_BATCHED;
    return well(
        tally_ledger_open(life_.ledger.data(), life_.ledger.size(), &options, &ledger_, nullptr));
  }

  bool set_budget() {
    tally_budget budget;
    tally_budget_init(&budget, sizeof(budget));
    budget.id = text_of("day");
    budget.limit.amount.units = 100;
    std::memcpy(budget.limit.currency, "USD", 4);
    has_budget_ = well(tally_ledger_set_budget(ledger_, &budget, nullptr));
    return has_budget_;
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
    const int sent_before = canned_connections();
    const std::int32_t code =
        tally_client_chat(client_, request_, nullptr, nullptr, nullptr, &completion_, nullptr);
    // Whoever has sent something, and may have to pay for it, has a receipt.
    if (canned_connections() > sent_before) CHECK(completion_ != nullptr);
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

  /// One that comes to its end, and one that is cancelled.
  bool start_two() {
    tally_call_id calls[2] = {};
    if (!well(tally_client_chat_start(client_, request_, nullptr, &calls[0], nullptr)))
      return false;
    if (!well(tally_client_chat_start(client_, request_, nullptr, &calls[1], nullptr)))
      return false;
    // Both may be asked again: a shortage passes.
    if (!well(tally_client_poll(client_, 0, nullptr, nullptr)) && life_.for_good) return false;
    if (!well(tally_client_cancel(client_, calls[1], nullptr))) return false;
    bool went_well = true;
    for (int ended = 0, turn = 0; ended < 2; ++turn) {
      REQUIRE(turn < 1'000);
      if (!well(tally_client_wait(client_, 10, nullptr, nullptr)) && life_.for_good) return false;
      const std::int32_t code = pull();
      if (code < 0 && life_.for_good) return false;
      if (completion_ == nullptr) continue;
      ++ended;
      if (pulled_ == calls[0]) went_well = tally_completion_error(completion_) == nullptr;
    }
    return went_well && well(tally_client_shutdown(client_, 0, nullptr));
  }

  /// By a loop that knows of nothing but its timer.
  bool start_driven() {
    tally_call_id call = 0;
    if (!well(tally_client_chat_start(client_, request_, nullptr, &call, nullptr))) return false;
    for (int turn = 0; turn < 1'000; ++turn) {
      REQUIRE(is_wanted_);
      is_wanted_ = false;
      const bool has_turned = well(tally_client_drive_timer(client_, nullptr, nullptr));
      if (!has_turned && life_.for_good) return false;
      if (pull() < 0 && (life_.for_good || pull() < 0)) return false;
      if (completion_ != nullptr) return tally_completion_error(completion_) == nullptr;
    }
    FAIL("the call never ended");
    return false;
  }

  /// The next event; of a call that has ended the completion too.
  std::int32_t pull() {
    tally_completion_destroy(completion_);
    completion_ = nullptr;
    tally_event event{};
    event.struct_size = sizeof(event);
    const std::int32_t code = tally_client_next_event(client_, &event, nullptr);
    if (well(code) && code == 1 && event.kind == TALLY_EVENT_COMPLETION) {
      completion_ = event.completion;
      pulled_ = event.call;
    }
    return code;
  }

  const Life& life_;
  const tally_transport* transport_;
  const int connections_before_;
  bool has_budget_ = false;
  bool is_wanted_ = false;  ///< By the timer.
  tally_call_id pulled_ = 0;
  tally_ledger* ledger_ = nullptr;
  tally_client* client_ = nullptr;
  tally_chat_request* request_ = nullptr;
  tally_conversation* talk_ = nullptr;
  tally_stream* stream_ = nullptr;
  tally_completion* completion_ = nullptr;
};

void remove_ledger(const Life& life) {
  if (life.ledger.empty()) return;
  for (const char* end : {"", "-wal", "-shm"}) std::remove((life.ledger + end).c_str());
}

/// In memory too where a folder is: thousands of syncs would say nothing here.
std::string ledger_file() {
  std::error_code ignored;
  const std::filesystem::path folder = "/dev/shm";
  const std::string name =
      "tally_out_of_memory_test_" +
      std::to_string(std::hash<std::string>()(std::filesystem::current_path(ignored).string())) +
      ".db";
  return std::filesystem::is_directory(folder, ignored) ? (folder / name).string() : name;
}

bool can_have_ledger(const Life& life) {
  if (life.ledger.empty()) return true;
  tally_ledger* ledger = nullptr;
  const std::int32_t code =
      tally_ledger_open(life.ledger.data(), life.ledger.size(), nullptr, &ledger, nullptr);
  tally_ledger_destroy(ledger);
  return code != TALLY_E_UNSUPPORTED;
}

/// Lives once with that shortage; true: it was not felt.
bool live_short_of_memory(const Life& life, const tally_transport* transport, long failing) {
  CAPTURE(failing);
  remove_ledger(life);
  Host host(life, transport);
  shortage = {true, life.for_good, failing, 0, false};
  const bool went_well = host.live();
  shortage.is_on = false;
  if (!shortage.has_failed) CHECK(went_well);
  host.look_at_books();
  return !shortage.has_failed;
}

/// Refuses every allocation in its turn.
void live_until_it_is_not_felt(const Life& life) {
  if (!can_have_ledger(life)) return;
  const tally_transport transport = canned_host();
  // Prices are read at first use, and kept; so is what a file needs.
  REQUIRE(live_short_of_memory({life.part, false, life.ledger}, &transport, 0));
  long failing = 1;
  while (!live_short_of_memory(life, &transport, failing)) ++failing;
  MESSAGE("survived " << failing - 1 << " shortages");
  CHECK(failing > 50);
  CHECK(canned_instances() == 0);
  remove_ledger(life);
}

}  // namespace

TEST_CASE("out of memory: what prepares calls says so wherever one allocation fails") {
  live_until_it_is_not_felt({Part::prepares, false});
}

TEST_CASE("out of memory: what prepares calls says so wherever all further allocations fail") {
  live_until_it_is_not_felt({Part::prepares, true});
}

TEST_CASE("out of memory: calls that wait end with their bill wherever one allocation fails") {
  live_until_it_is_not_felt({Part::waits, false});
}

TEST_CASE("out of memory: calls that wait end wherever all further allocations fail") {
  live_until_it_is_not_felt({Part::waits, true});
}

TEST_CASE("out of memory: started calls end with their bill wherever one allocation fails") {
  live_until_it_is_not_felt({Part::starts, false});
}

TEST_CASE("out of memory: who drives started calls is told wherever all further ones fail") {
  live_until_it_is_not_felt({Part::starts, true});
}

TEST_CASE("out of memory: a loop of the host's is asked to come again wherever one fails") {
  live_until_it_is_not_felt({Part::is_driven, false});
}

TEST_CASE("out of memory: a loop of the host's is told wherever all further allocations fail") {
  live_until_it_is_not_felt({Part::is_driven, true});
}

TEST_CASE("out of memory: a ledger on disk has every bill wherever one allocation fails") {
  live_until_it_is_not_felt({Part::waits, false, ledger_file()});
}

TEST_CASE("out of memory: a ledger on disk stays whole wherever all further allocations fail") {
  live_until_it_is_not_felt({Part::waits, true, ledger_file()});
}
