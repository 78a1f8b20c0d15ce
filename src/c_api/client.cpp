// SPDX-License-Identifier: MIT
#if defined(_WIN32)
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include <atomic>

#include "c_api/boundary.hpp"
#include "c_api/client_handle.hpp"
#include "c_api/ends_well.hpp"
#include "c_api/handles.hpp"
#include "c_api/options.hpp"

using tally::Arguments;
using tally::at_boundary;
using tally::Result;

namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> opened{0};
  return ++opened & 0xffff;
}

/// A resolver thread of libcurl's may still run in this library when its host lets go of it. What
/// `-z nodelete` says elsewhere, Windows has to be told.
void stay_loaded() {
#if defined(_WIN32)
  static const char place_in_here = 0;
  HMODULE self = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&place_in_here), &self);
#endif
}

/// The body of a function that only needs its client.
template <class Use>
int32_t with_client(tally_client* client, tally_error* error, Use use) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    if (!given.good()) return given.error();
    const tally::Client own = client->client;
    return use(own);
  });
}

template <class Drive>
int32_t drive(tally_client* client, tally_poll_result* result, tally_error* error, Drive drive) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    given.optional_answer(result, "result");
    if (!given.good()) return given.error();
    const tally::Client own = client->client;
    const auto inbox = client->inbox;
    const Result<tally::PollResult> driven = drive(own, given);
    if (!given.good()) return given.error();
    if (!driven) return driven.error();
    tally_poll_result made{};
    made.events_ready = driven->events_ready + (inbox->pending ? 1 : 0);
    made.calls_in_flight = driven->calls_in_flight;
    tally::give(result, made);
    return TALLY_OK;
  });
}

/// While it lives, an event is being pulled.
class Pulling {
 public:
  explicit Pulling(tally::Inbox& inbox) : inbox_(inbox) { inbox_.is_pulling = true; }
  ~Pulling() { inbox_.is_pulling = false; }
  Pulling(const Pulling&) = delete;
  Pulling& operator=(const Pulling&) = delete;

 private:
  tally::Inbox& inbox_;
};

bool pull(const tally::Client& client, tally::Inbox& inbox, tally::Event& event) {
  if (inbox.is_pulling) return false;  // A host's function pulls: the pull further out goes on.
  if (!inbox.room) inbox.room = std::make_unique<tally_completion>();
  const Pulling until_told(inbox);
  return client.next_event(event);
}

int32_t hand_out_pending(tally::Inbox& inbox, tally_event* event) {
  inbox.pending->show();
  tally_event made{};
  made.kind = TALLY_EVENT_COMPLETION;
  made.call = inbox.pending_call;
  made.completion = inbox.pending.release();
  tally::give(event, made);
  return 1;
}

}  // namespace

extern "C" {

int32_t tally_client_open(const tally_client_options* options, tally_client** out,
                          tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.out(out, "out");
    auto read = tally::client_options_of(options, given);
    if (!given.good()) return given.error();
    if (!read) return std::move(read).error();
    auto client = tally::Client::open(*std::move(read));
    if (!client) return std::move(client).error();
    stay_loaded();
    *out = new tally_client(*std::move(client), next_number());
    return TALLY_OK;
  });
}

void tally_client_destroy(tally_client* client) {
  if (!tally::is_whole(client)) return;
  // Here, and not as its last copy goes: the functions of the host's that this calls may use it.
  tally::ends_well([client] { client->client.shutdown(std::chrono::milliseconds(0)); });
  client->inbox->is_closed = true;
  tally::destroy(client);
}

int32_t tally_client_poll(tally_client* client, int64_t budget_us, tally_poll_result* result,
                          tally_error* error) {
  return drive(client, result, error, [&](const tally::Client& own, Arguments& given) {
    const auto budget = given.wait_us(budget_us, "budget_us");
    return given.good() ? own.poll(budget) : given.error();
  });
}

int32_t tally_client_wait(tally_client* client, int64_t timeout_ms, tally_poll_result* result,
                          tally_error* error) {
  return drive(client, result, error, [&](const tally::Client& own, Arguments& given) {
    auto timeout = given.wait_ms(timeout_ms, "timeout_ms");
    if (client->inbox->pending) timeout = {};
    return given.good() ? own.wait(timeout) : given.error();
  });
}

int32_t tally_client_wakeup(tally_client* client, tally_error* error) {
  return with_client(client, error, [](const tally::Client& own) {
    own.wakeup();
    return TALLY_OK;
  });
}

int32_t tally_client_drive_socket(tally_client* client, int64_t socket, int32_t ready,
                                  tally_poll_result* result, tally_error* error) {
  return drive(client, result, error, [&](const tally::Client& own, Arguments& given) {
    given.between(0, ready, TALLY_READ | TALLY_WRITE, "ready");
    const tally::SocketReady seen{(ready & TALLY_READ) != 0, (ready & TALLY_WRITE) != 0};
    return given.good() ? own.drive_socket(static_cast<tally::SocketHandle>(socket), seen)
                        : given.error();
  });
}

int32_t tally_client_drive_timer(tally_client* client, tally_poll_result* result,
                                 tally_error* error) {
  return drive(client, result, error,
               [](const tally::Client& own, Arguments&) { return own.drive_timer(); });
}

int32_t tally_client_next_event(tally_client* client, tally_event* event, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    given.answer(event, "event");
    if (!given.good()) return given.error();
    tally::give(event, tally_event{});
    const tally::Client own = client->client;
    const tally::CallIds ids = client->ids;
    const auto inbox = client->inbox;
    if (inbox->pending && !inbox->is_pulling) return hand_out_pending(*inbox, event);
    tally::Event pulled;
    if (!pull(own, *inbox, pulled)) return 0;
    const tally_call_id call = ids.id_of(pulled.call);
    if (pulled.completion) {
      inbox->room->completion = *std::move(pulled.completion);
      inbox->pending = std::move(inbox->room);
      inbox->pending_call = call;
      return hand_out_pending(*inbox, event);
    }
    if (inbox->is_closed) return 0;  // Its views go with the client.
    tally::give(event, tally::event_of(pulled.delta, call));
    return 1;
  });
}

int32_t tally_client_cancel(tally_client* client, tally_call_id call, tally_error* error) {
  return with_client(client, error, [&](const tally::Client& own) -> int32_t {
    if (client->ids.has(call) && own.cancel(tally::CallIds::call_of(call))) return TALLY_OK;
    return tally::fail(error, TALLY_E_STALE, "call: no such call is in flight");
  });
}

int32_t tally_client_cancel_group(tally_client* client, uint64_t group, tally_error* error) {
  return with_client(client, error, [&](const tally::Client& own) {
    return static_cast<int32_t>(own.cancel_group(group));
  });
}

int32_t tally_client_shutdown(tally_client* client, int64_t deadline_ms, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    const auto deadline = given.wait_ms(deadline_ms, "deadline_ms");
    if (!given.good()) return given.error();
    client->client.shutdown(deadline);
    return TALLY_OK;
  });
}

int32_t tally_client_suspend(tally_client* client, tally_error* error) {
  return with_client(client, error, [](const tally::Client& own) {
    own.suspend();
    return TALLY_OK;
  });
}

int32_t tally_client_resume(tally_client* client, int32_t what, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    const auto on_resume = given.one_of<tally::OnResume>(what, 2, "what");
    if (!given.good()) return given.error();
    client->client.resume(on_resume);
    return TALLY_OK;
  });
}

int32_t tally_client_snapshot(tally_client* client, tally_snapshot* out, tally_error* error) {
  return at_boundary(error, [&](Arguments& given) -> Result<int32_t> {
    given.handle(client, "client");
    given.answer(out, "out");
    if (!given.good()) return given.error();
    const tally::Snapshot now = client->client.snapshot();
    tally_snapshot made{};
    made.spent = tally::money_of(now.spent);
    made.estimated = tally::money_of(now.estimated);
    made.unpriced_attempts = now.unpriced_attempts;
    if (now.budget) {
      made.has |= TALLY_HAS_BUDGET;
      made.budget_limit = tally::money_of(now.budget->limit);
      made.budget_spent = tally::amount_of(now.budget->spent);
      made.budget_left = tally::amount_of(now.budget->left);
    }
    made.calls_begun = now.calls_begun;
    made.calls_ended = now.calls_ended;
    made.in_flight = now.in_flight();
    made.prompt_tokens = now.prompt_tokens;
    made.cache_hit_tokens = now.cache_hit_tokens;
    made.output_tokens = now.output_tokens;
    made.tokens_per_second = now.tokens_per_second;
    if (const auto share = now.cache_hit_permille()) {
      made.has |= TALLY_HAS_CACHE_HIT_PERMILLE;
      made.cache_hit_permille = *share;
    }
    if (now.last_error) {
      made.has |= TALLY_HAS_LAST_ERROR;
      made.last_error = tally::code_of(*now.last_error);
    }
    tally::give(out, made);
    return TALLY_OK;
  });
}

}  // extern "C"
