// SPDX-License-Identifier: MIT

// What a server may do wrong, over real HTTP: each gives a typed error, keeps what had arrived, and
// leaves a bill that is never 0 where the amount is unknown.

#include <doctest/doctest.h>

#include <string>

#include "integration/loopback_client.hpp"

using integration::client_of;
using integration::keep;
using integration::open;
using integration::options_for;
using integration::streamed;
using integration::three_rivers;
using integration::total_of;
using loopback::LoopbackProvider;
using tally::BillState;
using tally::ErrorKind;

namespace {

constexpr const char* whole_text = "The Danube, the Nile and the Amazon.";

// An answer had begun or may have: something is owed, nobody knows exactly what.
void check_estimated(const tally::Receipt& receipt) {
  CHECK(receipt.state == BillState::estimated);
  CHECK(receipt.usage.source != tally::UsageSource::provider);
  REQUIRE(receipt.cost.total);
  CHECK(receipt.cost.is_estimate);
  CHECK_FALSE(receipt.cost.total->amount.is_zero());
  REQUIRE(receipt.cost.bounds);
  CHECK_FALSE(receipt.cost.bounds->low.amount.is_zero());
  CHECK(receipt.cost.bounds->low.amount <= receipt.cost.total->amount);
  CHECK(receipt.cost.total->amount <= receipt.cost.bounds->high.amount);
  CHECK(to_string(receipt).find('~') != std::string::npos);
}

void check_not_billed(const tally::Completion& completion) {
  CHECK(completion.receipt.state == BillState::not_billed);
  CHECK_FALSE(completion.reply.error().charge_possible);
}

}  // namespace

TEST_CASE("bad input: a wrong key is told as such, costs nothing and is in no message") {
  LoopbackProvider provider;
  auto options = options_for(provider);
  options.api_key = "sk-wrong";
  const auto completion = streamed(open(options));
  REQUIRE_FALSE(completion.reply);
  const auto& error = completion.reply.error();
  CHECK(error.kind == ErrorKind::authentication);
  CHECK(error.http_status == 401);
  CHECK(error.message.find("Authentication Fails") != std::string::npos);
  CHECK(error.message.find("sk-wrong") == std::string::npos);
  CHECK(error.request_id == "0000000000000001");
  CHECK_FALSE(error.retry_may_help);
  check_not_billed(completion);
}

TEST_CASE("bad input: an empty account, too many requests and an overload are told apart") {
  LoopbackProvider provider;
  struct {
    const char* script;
    ErrorKind kind;
    bool retry_may_help;
  } const cases[] = {
      {"status=402", ErrorKind::insufficient_balance, false},
      {"status=429", ErrorKind::rate_limited, true},
      {"status=503", ErrorKind::overloaded, true},
      {"status=422", ErrorKind::invalid_request, false},
  };
  for (const auto& one : cases) {
    CAPTURE(one.script);
    // Retries are not part of what is asked here: one answer is enough.
    const auto completion = streamed(client_of(provider, one.script));
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == one.kind);
    CHECK(completion.reply.error().retry_may_help == one.retry_may_help);
    check_not_billed(completion);
  }
}

TEST_CASE("bad input: a 200 with an HTML page is no answer") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "html");
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
    CHECK(completion.reply.error().http_status == 200);
    check_estimated(completion.receipt);
  }
}

TEST_CASE("bad input: a 200 with nothing in it is no answer") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "empty");
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
    check_estimated(completion.receipt);
  }
}

TEST_CASE(
    "bad input: a document that is cut short is an error, whether or not the connection broke") {
  LoopbackProvider provider;
  SUBCASE("the connection broke") {
    const auto completion = client_of(provider, "cut_after=1").chat(three_rivers());
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::connection);
    check_estimated(completion.receipt);
  }
  SUBCASE("the server sent half of it and said that this was all") {
    loopback::Script script;
    script.body =
        R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"The Da)";
    provider.set_script(script);
    const auto completion = client_of(provider).chat(three_rivers());
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
    check_estimated(completion.receipt);
  }
}

TEST_CASE("bad input: a chunk that is not JSON is an error; text and usage around it are kept") {
  LoopbackProvider provider;
  const auto completion = streamed(client_of(provider, "garbage_chunk=3"));
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
  CHECK(completion.reply.error().partial.text().substr(0, 11) == "The Danube,");
  CHECK(completion.receipt.state == BillState::settled);
  CHECK(total_of(completion.receipt) == "0.0000081");
}

TEST_CASE("bad input: an error in mid-stream keeps the text and leaves an estimated bill") {
  LoopbackProvider provider;
  const auto completion = streamed(client_of(provider, "error_after=4"));
  REQUIRE_FALSE(completion.reply);
  const auto& error = completion.reply.error();
  CHECK(error.kind == ErrorKind::server);
  CHECK(error.message.find("The engine stopped") != std::string::npos);
  CHECK(error.provider_code == "engine_stopped");
  CHECK(error.charge_possible);
  CHECK(error.partial.text() == "The Danube, the");
  check_estimated(completion.receipt);
}

TEST_CASE("bad input: a body of 100 MB ends at a limit that the error names") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "huge_mb=100");
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::limit_exceeded);
    CHECK_FALSE(completion.reply.error().message.empty());
    check_estimated(completion.receipt);
  }
}

TEST_CASE("bad input: nesting 100,000 deep ends at a limit, not at the end of the stack") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "deep=100000");
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::limit_exceeded);
    check_estimated(completion.receipt);
  }
}

TEST_CASE("bad input: one document in answer to a stream request is read as one") {
  LoopbackProvider provider;
  std::string text;
  const auto completion =
      client_of(provider, "document; keepalives=3").chat(three_rivers(), [&](const auto& delta) {
        text += delta.text;
        return tally::Flow::keep;
      });
  REQUIRE(completion.reply);
  CHECK(completion.reply->text() == whole_text);
  CHECK(text == whole_text);
  CHECK(completion.receipt.state == BillState::settled);
  CHECK(total_of(completion.receipt) == "0.0000081");
}

TEST_CASE("bad input: a stream in answer to a document request is read as one") {
  LoopbackProvider provider;
  const auto completion = client_of(provider, "stream; usage=extra").chat(three_rivers());
  REQUIRE(completion.reply);
  CHECK(completion.reply->text() == whole_text);
  CHECK(completion.receipt.state == BillState::settled);
}

TEST_CASE("bad input: bytes that are not UTF-8 become U+FFFD, by the WHATWG rule") {
  LoopbackProvider provider;
  const auto client = client_of(provider, "bad_utf8=9");
  // FF is no byte of UTF-8; E2 82 begins a character and does not end it: one mark each.
  const std::string expected = std::string(whole_text) + "a\uFFFD\uFFFDz";
  for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
    REQUIRE(completion.reply);
    CHECK(completion.reply->text() == expected);
    CHECK(completion.receipt.state == BillState::settled);
  }
}

TEST_CASE("bad input: counts that are words, fractions or negative are unknown, which is not 0") {
  LoopbackProvider provider;
  for (const char* script : {"usage_strings", "usage_floats", "usage_negative"}) {
    CAPTURE(script);
    const auto client = client_of(provider, script);
    for (const auto& completion : {streamed(client), client.chat(three_rivers())}) {
      REQUIRE(completion.reply);
      CHECK(completion.reply->text() == whole_text);
      const auto& receipt = completion.receipt;
      CHECK(receipt.state != BillState::settled);
      CHECK(receipt.state != BillState::not_billed);
      if (receipt.cost.total) CHECK_FALSE(receipt.cost.total->amount.is_zero());
      CHECK(receipt.usage.raw.find("prompt_tokens") != std::string::npos);
      const auto& anomalies = receipt.usage.anomalies;
      CHECK(std::find(anomalies.begin(), anomalies.end(), tally::Anomaly::bad_count) !=
            anomalies.end());
    }
  }
}

TEST_CASE("bad input: a model without a price answers all the same, and its cost is absent") {
  LoopbackProvider provider;
  auto request = three_rivers();
  request.model = "deepseek-of-the-future";
  const auto completion = streamed(client_of(provider), request);
  REQUIRE(completion.reply);
  CHECK(completion.receipt.state == BillState::unpriced);
  CHECK_FALSE(completion.receipt.cost.total);
  CHECK(completion.receipt.cost.unpriced_reason == tally::UnpricedReason::unknown_model);
  CHECK(completion.receipt.usage.prompt_tokens == 18);
  CHECK(to_string(completion.receipt).find("$0") == std::string::npos);
}

TEST_CASE("bad input: a catalogue with a bad row is refused with its line and rule") {
  const char* text = R"({
  "schema": "tally.prices/1",
  "catalog_version": "mine",
  "models": [{"provider": "deepseek", "model": "deepseek-flash", "entries": [
    {"id": "a", "currency": "USD", "from": null, "to": null, "unit": 1000000,
     "rates": {"default": {"output": "-0.6"}},
     "source": {"name": "me", "url": "", "verified_at": "2026-11-15"}}]}]
})";
  const auto catalog = tally::PriceCatalog::builtin().overlaid(text, "mine.json");
  REQUIRE_FALSE(catalog);
  CHECK(catalog.error().kind == ErrorKind::invalid_catalog);
  CHECK(catalog.error().message.find("mine.json") != std::string::npos);
  CHECK(catalog.error().message.find("6") != std::string::npos);
  CHECK(catalog.error().message.find("-0.6") != std::string::npos);
}

TEST_CASE("cut streams: the text stays, and the bill is an estimate with bounds") {
  LoopbackProvider provider;
  const auto completion = streamed(client_of(provider, "cut_after=5"));
  REQUIRE_FALSE(completion.reply);
  const auto& error = completion.reply.error();
  CHECK(error.kind == ErrorKind::connection);
  CHECK(error.charge_possible);
  CHECK(error.partial.text() == "The Danube, the Nile");
  check_estimated(completion.receipt);
  // The true bill of the whole answer lies inside.
  const auto truth = *tally::Decimal::parse("0.0000081");
  CHECK(completion.receipt.cost.bounds->low.amount <= truth);
}

TEST_CASE("cut streams: wherever the connection breaks, there is an error and no false zero") {
  LoopbackProvider provider;
  int settled = 0;
  for (int at = 0; at < 3200; at += 13) {
    CAPTURE(at);
    const auto completion = streamed(client_of(provider, "cut_bytes=" + std::to_string(at)));
    const auto& receipt = completion.receipt;
    if (receipt.state == BillState::settled) {
      // The usage had arrived; only then may the bill be exact.
      CHECK(total_of(receipt) == "0.0000081");
      ++settled;
      continue;
    }
    REQUIRE_FALSE(completion.reply);
    const auto text = completion.reply.error().partial.text();
    CHECK(std::string(whole_text).substr(0, text.size()) == text);
    check_estimated(receipt);
  }
  CHECK(settled < 10);
}

TEST_CASE("clocks: a stream that falls silent ends at the payload clock, comments or not") {
  LoopbackProvider provider;
  for (const char* script : {"stall_after=3", "stall_after=3; stall_comments"}) {
    CAPTURE(script);
    auto options = options_for(provider, script);
    options.clocks.payload_idle = std::chrono::milliseconds(150);
    const auto completion = streamed(open(options));
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::timeout);
    CHECK(completion.reply.error().clock == tally::ClockKind::payload_idle);
    CHECK(completion.reply.error().partial.text() == "The Danube,");
    check_estimated(completion.receipt);
  }
}

TEST_CASE("clocks: a server that never answers ends at the first-byte clock, keep-alives or not") {
  LoopbackProvider provider;
  for (const char* script : {"hang", "keepalives=1000; keepalive_delay_ms=5"}) {
    CAPTURE(script);
    auto options = options_for(provider, script);
    options.clocks.first_byte = std::chrono::milliseconds(150);
    const auto completion = streamed(open(options));
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::timeout);
    CHECK(completion.reply.error().clock == tally::ClockKind::first_byte);
    check_estimated(completion.receipt);
  }
}

TEST_CASE("clocks: the total clock ends a stream that goes on and on") {
  LoopbackProvider provider;
  auto options = options_for(provider, "delay_ms=60");
  options.clocks.total = std::chrono::milliseconds(200);
  const auto completion = streamed(open(options));
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().clock == tally::ClockKind::total);
  check_estimated(completion.receipt);
}

TEST_CASE("bad input: nobody listening costs nothing") {
  auto provider = std::make_unique<LoopbackProvider>();
  const auto client = client_of(*provider);
  provider->stop();
  const auto completion = streamed(client);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::connection);
  CHECK(completion.reply.error().retry_may_help);
  check_not_billed(completion);
}
