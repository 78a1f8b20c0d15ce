// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;
using tally::TransferResult;

namespace {

std::string total_of(const tally::Receipt& receipt) {
  return receipt.cost.total ? to_string(receipt.cost.total->amount) : "absent";
}

/// What every estimated receipt promises: a cost that is marked, above 0, and inside its bounds.
void check_is_estimate(const tally::Receipt& receipt) {
  CHECK(receipt.state == BillState::estimated);
  CHECK(receipt.usage.source == tally::UsageSource::estimator);
  REQUIRE(receipt.cost.total);
  CHECK(receipt.cost.is_estimate);
  CHECK(receipt.cost.total->amount > tally::Decimal{});
  REQUIRE(receipt.cost.bounds);
  CHECK(receipt.cost.bounds->low.amount <= receipt.cost.total->amount);
  CHECK(receipt.cost.total->amount <= receipt.cost.bounds->high.amount);
}

void check_is_free(const tally::Receipt& receipt) {
  CHECK(receipt.state == BillState::not_billed);
  CHECK(total_of(receipt) == "0");
  REQUIRE(receipt.attempts.size() == 1);
  CHECK(receipt.attempts[0].number == 1);
}

/// `charge_possible` is nothing but the receipt's word.
void check_charge(const tally::Completion& completion) {
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().charge_possible ==
        (completion.receipt.state != BillState::not_billed));
}

}  // namespace

TEST_CASE("call: a whole stream gives its text, the provider's usage and the exact cost") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  std::string seen;
  auto [reply, receipt] = world.open().chat(fake::question(), [&](const tally::Delta& delta) {
    seen += delta.text;
    return tally::Flow::keep;
  });
  REQUIRE(reply);
  CHECK(seen == "The Danube, the Nile");
  CHECK(reply->text() == seen);
  CHECK(reply->finish_reason == tally::FinishReason::stop);
  CHECK(reply->request_id == "trace-7");
  CHECK(receipt.state == BillState::settled);
  CHECK(total_of(receipt) == "0.0000081");
  CHECK(to_string(receipt) ==
        "18 in (0 cached) + 9 out = $0.0000081  deepseek-flash off-peak, settled");
  CHECK(receipt.attempts[0].request_id == "trace-7");
}

TEST_CASE(
    "call: chat without a callback asks for one document, the others for a stream with usage") {
  fake::World world;
  const tally::Client client = world.open();
  client.chat(fake::question());
  client.stream(fake::question()).finish();
  REQUIRE(world.network->requests.size() == 2);
  const std::string document = *world.network->requests[0].body;
  const std::string stream = *world.network->requests[1].body;
  CHECK(document.find("\"stream\":true") == std::string::npos);
  CHECK(stream.find("\"stream\":true") != std::string::npos);
  CHECK(stream.find("\"include_usage\":true") != std::string::npos);
  CHECK(world.network->requests[0].url == "https://api.deepseek.com/chat/completions");
}

TEST_CASE("call: a stream that is cut keeps its text, and its bill is an estimate with bounds") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200),
                             fake::body(fake::text_chunk("The Danube")),
                             fake::end(TransferResult::receive_failed)}};
  const tally::Completion completion =
      world.open().chat(fake::question(), [](const tally::Delta&) { return tally::Flow::keep; });
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::connection);
  CHECK(completion.reply.error().partial.text() == "The Danube");
  check_is_estimate(completion.receipt);
  check_charge(completion);
  CHECK(to_string(completion.receipt).find('~') != std::string::npos);
}

TEST_CASE(
    "call: a stream that just ends, without a finish_reason and without [DONE], is an error") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The")), fake::end()}};
  const tally::Completion completion = world.open().stream(fake::question()).finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
  check_is_estimate(completion.receipt);
}

TEST_CASE(
    "call: a cut inside the header block is no success, although the transfer looks complete") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::end(TransferResult::complete)}};
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::connection);
  check_is_estimate(completion.receipt);
}

TEST_CASE("call: usage that came before the cut settles the bill") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("The")),
                             fake::body(fake::finish_chunk()),
                             fake::end(TransferResult::receive_failed)}};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  CHECK(receipt.state == BillState::settled);
  CHECK(total_of(receipt) == "0.0000081");
}

TEST_CASE("call: an answer without usage is estimated, not free") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The Nile")),
       fake::body(fake::chunk("{}", R"("stop")")), fake::body(fake::done), fake::end()}};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  check_is_estimate(receipt);
  CHECK(receipt.attempts[0].reason == "no_usage");
}

TEST_CASE("call: what fails before the request is out costs nothing") {
  for (const auto& [result, kind] : std::vector<std::pair<TransferResult, ErrorKind>>{
           {TransferResult::connect_failed, ErrorKind::connection},
           {TransferResult::tls_failed, ErrorKind::tls},
           {TransferResult::send_failed, ErrorKind::connection}}) {
    fake::World world;
    world.network->scripts = {{fake::end(result, false)}};
    const tally::Completion completion = world.open().chat(fake::question());
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == kind);
    check_is_free(completion.receipt);
    check_charge(completion);
  }
}

TEST_CASE("call: a connection that breaks after the request may have cost money") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::end(TransferResult::receive_failed, true)}};
  const tally::Completion completion = world.open().chat(fake::question());
  check_is_estimate(completion.receipt);
  check_charge(completion);
}

TEST_CASE(
    "call: refusals by status are free, but for those behind which the work may have gone on") {
  const std::string json = R"({"error":{"message":"no","type":"t","code":"c"}})";
  const std::string html = "<html><body>Bad Gateway</body></html>";
  struct Row {
    int status;
    std::string body;
    BillState state;
    ErrorKind kind;
  };
  const std::vector<Row> rows = {
      {400, json, BillState::not_billed, ErrorKind::invalid_request},
      {401, json, BillState::not_billed, ErrorKind::authentication},
      {402, json, BillState::not_billed, ErrorKind::insufficient_balance},
      {429, html, BillState::not_billed, ErrorKind::rate_limited},
      {500, json, BillState::not_billed, ErrorKind::server},
      {500, html, BillState::estimated, ErrorKind::server},
      {408, json, BillState::estimated, ErrorKind::server},
      {502, html, BillState::estimated, ErrorKind::server},
      {503, json, BillState::not_billed, ErrorKind::overloaded},
      {504, json, BillState::estimated, ErrorKind::server},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status);
    CAPTURE(row.body);
    fake::World world;
    world.network->scripts = {
        {fake::connect(), fake::head(row.status), fake::body(row.body), fake::end()}};
    const tally::Completion completion = world.open().chat(fake::question());
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == row.kind);
    CHECK(completion.reply.error().http_status == row.status);
    CHECK(completion.receipt.state == row.state);
    check_charge(completion);
  }
}

TEST_CASE("call: a redirect is not followed, and the error says where it points") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(307, "location: https://elsewhere.example/\n"), fake::end()}};
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().message.find("https://elsewhere.example/") != std::string::npos);
  CHECK(world.network->requests.size() == 1);
}

TEST_CASE("call: a request that no server can read is refused locally, with a receipt") {
  fake::World world;
  tally::ChatRequest request = fake::question();
  request.messages.clear();
  const tally::Completion completion = world.open().chat(request);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::invalid_argument);
  check_is_free(completion.receipt);
  CHECK(world.network->requests.empty());
}

TEST_CASE("clocks: no connection within the connect clock ends the call, and costs nothing") {
  fake::World world;
  world.options.clocks.connect = 3s;
  world.network->scripts = {{fake::connect(4s)}};
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::timeout);
  CHECK(completion.reply.error().clock == tally::ClockKind::connect);
  CHECK(world.network->clock->elapsed() == 3s);
  CHECK(world.network->cancelled == 1);
  check_is_free(completion.receipt);
}

TEST_CASE("clocks: keep-alives for ten minutes are a queue, not an answer and not a stall") {
  fake::World world;
  fake::Script script = {fake::connect(), fake::head(200)};
  for (int i = 0; i < 60; ++i) script.push_back(fake::body(": keep-alive\n\n", 10s));
  for (const fake::Step& step : fake::whole_answer()) {
    if (step.kind == fake::Step::Kind::body || step.kind == fake::Step::Kind::end) {
      script.push_back(step);
    }
  }
  world.network->scripts = {script};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  CHECK(receipt.state == BillState::settled);
  REQUIRE(receipt.attempts[0].first_byte_after);
  CHECK(*receipt.attempts[0].first_byte_after == 600s);
}

TEST_CASE("clocks: keep-alives do not hold the first-byte clock up for ever") {
  fake::World world;
  world.options.clocks.first_byte = 60s;
  fake::Script script = {fake::connect(), fake::head(200)};
  for (int i = 0; i < 100; ++i) script.push_back(fake::body(": keep-alive\n\n", 1s));
  world.network->scripts = {script};
  const tally::Completion completion = world.open().stream(fake::question()).finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().clock == tally::ClockKind::first_byte);
  CHECK(world.network->clock->elapsed() == 60s);
  check_is_estimate(completion.receipt);
}

TEST_CASE("clocks: a stream that stalls is ended by the payload clock, comments or not") {
  fake::World world;
  world.options.clocks.payload_idle = 20s;
  fake::Script script = {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The"), 5s)};
  for (int i = 0; i < 100; ++i) script.push_back(fake::body(": keep-alive\n\n", 1s));
  world.network->scripts = {script};
  const tally::Completion completion = world.open().stream(fake::question()).finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::timeout);
  CHECK(completion.reply.error().clock == tally::ClockKind::payload_idle);
  CHECK(completion.reply.error().partial.text() == "The");
  CHECK(world.network->clock->elapsed() == 25s);
  check_is_estimate(completion.receipt);
}

TEST_CASE("clocks: a long answer that keeps coming is not ended, whatever it takes in all") {
  fake::World world;
  fake::Script script = {fake::connect(), fake::head(200)};
  for (int i = 0; i < 100; ++i) script.push_back(fake::body(fake::text_chunk("word "), 60s));
  script.push_back(fake::body(fake::finish_chunk()));
  script.push_back(fake::body(fake::done));
  script.push_back(fake::end());
  world.network->scripts = {script};
  CHECK(world.open().stream(fake::question()).finish().reply);
  CHECK(world.network->clock->elapsed() == 6000s);
}

TEST_CASE("clocks: the total clock ends a call that keeps coming") {
  fake::World world;
  world.options.clocks.total = 90s;
  fake::Script script = {fake::connect(), fake::head(200)};
  for (int i = 0; i < 100; ++i) script.push_back(fake::body(fake::text_chunk("word "), 10s));
  world.network->scripts = {script};
  const tally::Completion completion = world.open().stream(fake::question()).finish();
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().clock == tally::ClockKind::total);
  CHECK(world.network->clock->elapsed() == 90s);
}

TEST_CASE("clocks: a server that keeps the connection open after [DONE] does not keep the caller") {
  fake::World world;
  fake::Script script = fake::whole_answer();
  script.pop_back();
  world.network->scripts = {script};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  CHECK(receipt.state == BillState::settled);
  CHECK(world.network->clock->elapsed() == 2s);
}

TEST_CASE("clocks: a server that neither ends nor says [DONE] after its finish_reason succeeded") {
  fake::World world;
  world.options.clocks.payload_idle = 20s;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("The")),
                             fake::body(fake::finish_chunk())}};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  CHECK(receipt.state == BillState::settled);
}

TEST_CASE("cancel: Flow::stop ends the transfer at once and settles an estimate") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("one")),
                             fake::body(fake::text_chunk("two"), 1s)}};
  int deltas = 0;
  const tally::Completion completion =
      world.open().chat(fake::question(), [&](const tally::Delta&) {
        ++deltas;
        return tally::Flow::stop;
      });
  CHECK(deltas == 1);
  CHECK(world.network->cancelled == 1);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(completion.reply.error().partial.text() == "one");
  check_is_estimate(completion.receipt);
}

TEST_CASE("cancel: a token ends a call that waits, from elsewhere") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200)}};
  tally::CallOptions options;
  options.cancel.emplace();
  world.network->on_wait = [&] {
    if (world.network->clock->elapsed() == 0s) options.cancel->cancel();
  };
  const tally::Completion completion = world.open().chat(fake::question(), options);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(world.network->clock->elapsed() < 1s);
  check_is_estimate(completion.receipt);
}

TEST_CASE("cancel: a token that was used before ends a call before anything is sent") {
  fake::World world;
  tally::CallOptions options;
  options.cancel.emplace();
  options.cancel->cancel();
  const tally::Completion completion = world.open().chat(fake::question(), options);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  check_is_free(completion.receipt);
  CHECK(world.network->requests.empty());
}

TEST_CASE("bill: a call that began off-peak and ended at peak carries both amounts") {
  fake::World world("2026-11-18T00:59:59Z");
  fake::Script script = fake::whole_answer();
  script[3].after = 2s;
  world.network->scripts = {script};
  const tally::Receipt receipt = world.open().stream(fake::question()).finish().receipt;
  CHECK(total_of(receipt) == "0.0000162");  // By its completion, 01:00:01: peak.
  REQUIRE(receipt.cost.bounds);
  CHECK(to_string(receipt.cost.bounds->low.amount) == "0.0000081");
  CHECK(to_string(receipt.cost.bounds->high.amount) == "0.0000162");
}

TEST_CASE("bill: the instant that decides the tariff can be set to the start") {
  fake::World world("2026-11-18T00:59:59Z");
  world.options.billing_instant = tally::BillingInstant::started;
  fake::Script script = fake::whole_answer();
  script[3].after = 2s;
  world.network->scripts = {script};
  CHECK(total_of(world.open().stream(fake::question()).finish().receipt) == "0.0000081");
}

TEST_CASE("bill: an unknown model has no cost, which is not a cost of 0") {
  fake::World world;
  world.options.provider = "somebody";
  world.network->scripts = {fake::whole_answer()};
  const tally::Receipt receipt = world.open().stream(fake::question()).finish().receipt;
  CHECK(receipt.state == BillState::unpriced);
  CHECK_FALSE(receipt.cost.total);
  CHECK(receipt.usage.completion_tokens == 9);
}

TEST_CASE("bill: max_tokens is part of the upper bound of a cut answer") {
  fake::World world;
  const fake::Script cut = {fake::connect(), fake::head(200), fake::body(fake::text_chunk("The")),
                            fake::end(TransferResult::receive_failed)};
  world.network->scripts = {cut, cut};
  tally::ChatRequest request = fake::question();
  const tally::Receipt open_end = world.open().stream(request).finish().receipt;
  CHECK(open_end.cost.flags == std::vector{tally::CostFlag::output_unbounded});
  request.max_tokens = 1'000'000;
  const tally::Receipt bounded = world.open().stream(request).finish().receipt;
  CHECK(bounded.cost.flags.empty());
  // A million tokens of output alone are 0.60 dollars.
  CHECK(bounded.cost.bounds->high.amount > *tally::Decimal::parse("0.6"));
  CHECK(bounded.cost.bounds->high.amount < *tally::Decimal::parse("0.6001"));
}

TEST_CASE("secrets: the key is in no error and no receipt, whatever fails") {
  const std::vector<fake::Script> scripts = {
      {fake::end(TransferResult::connect_failed, false)},
      {fake::connect(), fake::head(401), fake::body(R"({"error":{"message":"bad key sk-canary"}})"),
       fake::end()},
      {fake::connect(), fake::head(200), fake::body("<html>"), fake::end()},
      fake::whole_answer()};
  for (const fake::Script& script : scripts) {
    fake::World world;
    world.network->scripts = {script};
    const tally::Completion completion = world.open().chat(fake::question());
    std::string output = explain(completion.receipt);
    if (!completion.reply) output += completion.reply.error().message;
    CHECK(output.find("canary") == std::string::npos);
  }
}

TEST_CASE("call: a key that is a word is taken out of what the server says, once each time") {
  fake::World world;
  world.options.api_key = "key";  // As local servers have it; the mark in its place holds it too.
  world.network->scripts = {{fake::connect(), fake::head(401),
                             fake::body(R"({"error":{"message":"bad key: key"}})"), fake::end()}};
  const auto completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().message.find("bad [key]: [key]") != std::string::npos);
}

TEST_CASE("call: a host's own Authorization header may have any form") {
  fake::World world;
  world.options.api_key.clear();
  world.options.base_url = "http://localhost:8080/v1";
  world.options.headers = {{"Authorization", "x"}};
  world.network->scripts = {{fake::connect(), fake::head(401), fake::body("{}"), fake::end()}};
  CHECK(world.open().chat(fake::question()).reply.error().kind == tally::ErrorKind::authentication);
}

TEST_CASE("call: a count of 0 prompt tokens before a cut does not make the estimate 0") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200),
       fake::body(fake::chunk("{}", "null", R"({"prompt_tokens":0,"completion_tokens":0})")),
       fake::end(TransferResult::receive_failed)}};
  const tally::Receipt receipt = world.open().stream(fake::question()).finish().receipt;
  CHECK(receipt.state == BillState::estimated);
  REQUIRE(receipt.cost.total);
  CHECK(receipt.cost.total->amount > tally::Decimal{});
  CHECK(receipt.usage.prompt_tokens > 0);
}

TEST_CASE("call: headers of limits, ids and times reach the reply; others and the key do not") {
  fake::World world;
  world.network->scripts = {fake::whole_answer()};
  world.network->scripts[0][1] =
      fake::head(200,
                 "Content-Type: text/event-stream\nX-RateLimit-Remaining-Tokens: 149975\n"
                 "x-ds-trace-id: trace-7\nSet-Cookie: a=b\nOpenAI-Processing-MS: 91\n"
                 "x-ratelimit-key: sk-canary\n");
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE(completion.reply);
  std::string headers;
  for (const tally::ReplyHeader& header : completion.reply->headers) {
    headers += header.name + "=" + header.value + " ";
  }
  CHECK(headers.find("x-ratelimit-remaining-tokens=149975 x-ds-trace-id=trace-7 "
                     "openai-processing-ms=91 x-ratelimit-key=") == 0);
  CHECK(headers.find("sk-canary") == std::string::npos);
  CHECK(headers.find("cookie") == std::string::npos);
}

TEST_CASE("call: a stream's deltas say which choice they belong to") {
  fake::World world;
  const std::string second =
      R"(data: {"id":"c-1","choices":[{"index":1,"delta":{"content":"The Rhine"},)"
      R"("finish_reason":"stop"}]})"
      "\n\n";
  world.network->scripts = {fake::whole_answer()};
  world.network->scripts[0].insert(world.network->scripts[0].begin() + 3, fake::body(second));
  tally::ChatRequest request = fake::question();
  request.n = 2;
  std::string seen;
  const auto completion = world.open().chat(request, [&](const tally::Delta& delta) {
    seen += std::to_string(delta.choice) + std::string(delta.text) + ";";
    return tally::Flow::keep;
  });
  REQUIRE(completion.reply);
  CHECK(seen == "0The Danube;1The Rhine;0, the Nile;");
  CHECK(completion.reply->text() == "The Danube, the Nile");
  REQUIRE(completion.reply->more_choices.size() == 1);
  CHECK(completion.reply->more_choices[0].message.content == "The Rhine");
  CHECK(total_of(completion.receipt) == "0.0000081");
}

TEST_CASE(
    "call: an answer that is cut between its choices is no whole one, nor is its usage final") {
  for (const bool by_extra : {false, true}) {
    fake::World world;
    world.network->scripts = {{fake::connect(), fake::head(200),
                               fake::body(fake::text_chunk("The Danube") + fake::finish_chunk()),
                               fake::end()}};
    tally::ChatRequest request = fake::question();
    request.max_tokens = 1000;
    if (by_extra) request.extra = R"({"n":2})";
    if (!by_extra) request.n = 2;
    const tally::Completion completion =
        world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; });
    REQUIRE_FALSE(completion.reply);
    CHECK(completion.reply.error().kind == ErrorKind::malformed_reply);
    CHECK(completion.reply.error().partial.text() == "The Danube");
    CHECK(completion.receipt.state == BillState::estimated);
    CHECK(completion.receipt.cost.is_estimate);
    CHECK(completion.receipt.usage.source == tally::UsageSource::mixed);
  }
}

TEST_CASE("call: the upper bound of a cut answer has every choice that was asked for") {
  fake::World world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("The")),
                             fake::end(TransferResult::receive_failed)}};
  tally::ChatRequest request = fake::question();
  request.max_tokens = 1000;
  request.n = 3;
  const tally::Completion completion =
      world.open().chat(request, [](const tally::Delta&) { return tally::Flow::keep; });
  check_is_estimate(completion.receipt);
  // 3 x 1,000 x 0.60 per million, and a prompt of some hundred bytes.
  CHECK(completion.receipt.cost.bounds->high.amount > *tally::Decimal::parse("0.0018"));
  CHECK(completion.receipt.cost.bounds->high.amount < *tally::Decimal::parse("0.0019"));
}

TEST_CASE("call: OpenAI gets the bound of the output under its newer name") {
  fake::World world;
  world.options.base_url = "https://api.openai.com/v1";
  world.network->scripts = {fake::whole_answer()};
  tally::ChatRequest request = fake::question();
  request.max_tokens = 77;
  world.open().chat(request);
  REQUIRE(world.network->requests.size() == 1);
  const std::string body = *world.network->requests[0].body;
  CHECK(body.find(R"("max_completion_tokens":77)") != std::string::npos);
  CHECK(body.find(R"("max_tokens")") == std::string::npos);
}
