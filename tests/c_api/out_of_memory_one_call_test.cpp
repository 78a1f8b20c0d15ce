// SPDX-License-Identifier: MIT
// Memory that runs out in one call: what it had is handed out, and the client's next call is as
// any.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "shortage.hpp"
#include "tally/c_api.h"

// canned_host.c
extern "C" tally_transport canned_host();

namespace {

tally_text text_of(const char* text) { return {text, std::strlen(text)}; }

struct Destroy {
  void operator()(tally_client* client) const { tally_client_destroy(client); }
  void operator()(tally_chat_request* request) const { tally_chat_request_destroy(request); }
  void operator()(tally_completion* completion) const { tally_completion_destroy(completion); }
};
using Client = std::unique_ptr<tally_client, Destroy>;
using Request = std::unique_ptr<tally_chat_request, Destroy>;
using Completion = std::unique_ptr<tally_completion, Destroy>;

/// Over libcurl where there is no other transport: nobody listens there, so that a call goes as far
/// as its connection and ends at once.
Client open_client(const tally_transport* transport = nullptr, tally_log_fn log = nullptr) {
  tally_client_options options;
  tally_client_options_init(&options, sizeof(options));
  options.api_key = text_of("sk-canary-5f1d");
  options.base_url = text_of("http://127.0.0.1:1");
  options.provider = text_of("deepseek");
  options.transport = transport;
  options.log = log;
  tally_retries retries;
  tally_retries_init(&retries, sizeof(retries));
  retries.most = 0;
  options.retries = &retries;
  tally_client* client = nullptr;
  REQUIRE(tally_client_open(&options, &client, nullptr) == TALLY_OK);
  return Client(client);
}

Request three_rivers() {
  tally_chat_request* request = nullptr;
  REQUIRE(tally_chat_request_create(&request, nullptr) == TALLY_OK);
  tally_chat_parameters parameters;
  tally_chat_parameters_init(&parameters, sizeof(parameters));
  parameters.model = text_of("deepseek-flash");
  REQUIRE(tally_chat_request_set(request, &parameters, nullptr) == TALLY_OK);
  REQUIRE(tally_chat_request_push_text(request, TALLY_ROLE_USER, "Three rivers.", 13, nullptr) ==
          TALLY_OK);
  return Request(request);
}

/// How the call ended: a code of the C ABI.
struct Ended {
  std::int32_t code = TALLY_OK;
  bool names_server = false;  ///< What is said of it: it has tried to connect.
};

Ended chat(const Client& client, const Request& request) {
  tally_completion* made = nullptr;
  tally_error error{};
  error.struct_size = sizeof(error);
  const std::int32_t code =
      tally_client_chat(client.get(), request.get(), nullptr, nullptr, nullptr, &made, &error);
  tally_completion_destroy(made);
  return {code, std::strstr(error.message, "127.0.0.1") != nullptr};
}

void check_connects(const Client& client, const Request& request) {
  const Ended ended = chat(client, request);
  CHECK(ended.code == TALLY_E_CONNECTION);
  CHECK(ended.names_server);
}

void TALLY_CALL use_up_memory(void*, std::int32_t, const char*, std::uint64_t) {
  shortage = {true, true, 0, 0, false};
}

}  // namespace

TEST_CASE("out of memory: what a call ended with is handed out, to be looked at later") {
  const tally_transport transport = canned_host();
  // Used up at the end of the attempt, once it has its bill.
  const Client client = open_client(&transport, use_up_memory);
  const Request request = three_rivers();
  tally_completion* made = nullptr;
  tally_error error{};
  error.struct_size = sizeof(error);
  const std::int32_t code =
      tally_client_chat(client.get(), request.get(), nullptr, nullptr, nullptr, &made, &error);
  shortage.is_on = false;
  const Completion completion(made);
  CHECK(code == TALLY_E_OUT_OF_MEMORY);
  CHECK(error.code == TALLY_E_OUT_OF_MEMORY);
  CHECK(error.charge_possible == 1);
  REQUIRE(tally_completion_receipt(made) != nullptr);
  CHECK(tally_completion_receipt(made)->usage->prompt_tokens == 18);
  CHECK(tally_completion_reply(made)->text.size == 17);
}

TEST_CASE("out of memory: over libcurl too it ends one call, and the next one is as any") {
  const Request request = three_rivers();
  check_connects(open_client(), request);
  bool was_felt = true;
  for (long failing = 1; was_felt; ++failing) {
    CAPTURE(failing);
    const Client client = open_client();
    shortage = {true, false, failing, 0, false};
    const std::int32_t code = chat(client, request).code;
    shortage.is_on = false;
    was_felt = shortage.has_failed;
    CHECK((code == TALLY_E_CONNECTION || (was_felt && code == TALLY_E_OUT_OF_MEMORY)));
    check_connects(client, request);
    if (!was_felt) CHECK(failing > 40);
  }
}
