// SPDX-License-Identifier: MIT

// Completions of a text with a hole, over real HTTP.

#include <doctest/doctest.h>

#include <string>

#include "loopback_client.hpp"

using integration::client_of;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::BillState;

namespace {

constexpr const char* whole_text = "The Danube, the Nile and the Amazon.";

tally::FimRequest rivers() {
  tally::FimRequest request;
  request.model = "deepseek-flash";
  request.prompt = "Three rivers are: ";
  request.suffix = "\n";
  return request;
}

}  // namespace

TEST_CASE("fim: as a document, a callback's stream and a loop's it is the same text and bill") {
  LoopbackProvider provider;
  const auto client = client_of(provider);
  auto stream = client.stream(rivers());
  std::string seen;
  for (const tally::Delta& delta : stream) seen += delta.text;
  CHECK(seen == whole_text);
  for (const auto& completion :
       {client.fim(rivers()), client.fim(rivers(), integration::keep), stream.finish()}) {
    REQUIRE(completion.reply);
    CHECK(completion.reply->text() == whole_text);
    CHECK(completion.reply->finish_reason == tally::FinishReason::stop);
    CHECK(completion.receipt.state == BillState::settled);
    // 18 * 0.15 / 10^6 + 9 * 0.60 / 10^6
    CHECK(total_of(completion.receipt) == "0.0000081");
  }
  CHECK(provider.served().settled == 3);
  const auto received = provider.received();
  REQUIRE(received.size() == 3);
  CHECK(received[0].path == "/beta/completions");
  CHECK(received[1].body ==
        R"({"model":"deepseek-flash","prompt":"Three rivers are: ","suffix":"\n"})");
}

TEST_CASE("fim: started calls stream beside those of a chat, in any pieces") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "byte_by_byte");
  const tally::CallId fim = client.fim_start(rivers());
  const tally::CallId chat = client.chat_start(integration::three_rivers());
  int ended = 0;
  while (ended < 2) {
    REQUIRE(client.wait(std::chrono::seconds(30)));
    for (tally::Event event; client.next_event(event);) {
      if (!event.completion) continue;
      ++ended;
      CHECK((event.call == fim || event.call == chat));
      REQUIRE(event.completion->reply);
      CHECK(event.completion->reply->text() == whole_text);
      CHECK(total_of(event.completion->receipt) == "0.0000081");
    }
  }
}

TEST_CASE("fim: a stream that breaks off is an estimate with what came") {
  LoopbackProvider provider;
  const auto completion = client_of(provider, "cut_after=5").fim(rivers(), integration::keep);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == tally::ErrorKind::connection);
  CHECK(completion.reply.error().partial.text() == "The Danube, the Nile");
  CHECK(completion.receipt.state == BillState::estimated);
  // One token a delta, as servers send them.
  CHECK(completion.receipt.usage.completion_tokens == 5);
}

TEST_CASE("fim: usage in a chunk of its own bills the answer, and a refusal is free") {
  LoopbackProvider provider;
  const auto apart = client_of(provider, "usage=extra").fim(rivers(), integration::keep);
  CHECK(apart.receipt.state == BillState::settled);
  CHECK(total_of(apart.receipt) == "0.0000081");
  const auto refused = client_of(provider, "status=402").fim(rivers());
  REQUIRE_FALSE(refused.reply);
  CHECK(refused.reply.error().kind == tally::ErrorKind::insufficient_balance);
  CHECK(refused.receipt.state == BillState::not_billed);
}
