// SPDX-License-Identifier: MIT
// Memory runs out once, at each place in turn, in a call over libcurl. The next call of the client
// is as good as any.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "shortage.hpp"
#include "tally/c_api.h"

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

/// Nobody listens there: a call takes a connection's way and ends at once.
Client open_client() {
  tally_client_options options;
  tally_client_options_init(&options, sizeof(options));
  options.api_key = text_of("sk-canary-5f1d");
  options.base_url = text_of("http://127.0.0.1:1");
  options.provider = text_of("deepseek");
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
std::int32_t chat(tally_client* client, const tally_chat_request* request) {
  tally_completion* made = nullptr;
  const std::int32_t code =
      tally_client_chat(client, request, nullptr, nullptr, nullptr, &made, nullptr);
  const Completion completion(made);
  if (code < 0) return code;
  const tally_error* error = tally_completion_error(made);
  return error == nullptr ? TALLY_OK : error->code;
}

}  // namespace

TEST_CASE("out of memory: over libcurl too it ends one call, and the next one is as any") {
  const Request request = three_rivers();
  REQUIRE(chat(open_client().get(), request.get()) == TALLY_E_CONNECTION);
  bool was_felt = true;
  for (long failing = 1; was_felt; ++failing) {
    CAPTURE(failing);
    const Client client = open_client();
    shortage = {true, false, failing, 0, false};
    const std::int32_t code = chat(client.get(), request.get());
    shortage.is_on = false;
    was_felt = shortage.has_failed;
    CHECK((code == TALLY_E_CONNECTION || (was_felt && code == TALLY_E_OUT_OF_MEMORY)));
    CHECK(chat(client.get(), request.get()) == TALLY_E_CONNECTION);
    if (!was_felt) CHECK(failing > 50);
  }
}
