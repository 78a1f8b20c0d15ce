// SPDX-License-Identifier: MIT
#include "client/retry.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::BillState;
using tally::ErrorKind;
using tally::TransferResult;

namespace {

const std::string busy_body = R"({"error":{"message":"busy","type":"t","code":"c"}})";

fake::Script refusal(int status, std::string headers = "") {
  return {fake::connect(), fake::head(status, std::move(headers)), fake::body(busy_body),
          fake::end()};
}
fake::Script reset_before_answer() {
  return {fake::connect(), fake::end(TransferResult::receive_failed, true)};
}

/// A world that retries, and remembers what the hook was told.
struct RetryingWorld : fake::World {
  RetryingWorld() {
    options.retries = tally::Retries{};
    options.hooks.on_retry = [this](const tally::RetryNotice& notice) {
      notices.push_back(notice);
    };
  }
  std::vector<tally::RetryNotice> notices;
};

tally::Instant at(const char* text) { return *tally::parse_instant(text); }

}  // namespace

TEST_CASE("retry: a call that is refused twice and then answered succeeds, with three attempts") {
  RetryingWorld world;
  world.network->scripts = {refusal(503), reset_before_answer(), fake::whole_answer()};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  REQUIRE(reply);
  CHECK(reply->text() == "The Danube, the Nile");
  REQUIRE(receipt.attempts.size() == 3);
  CHECK(receipt.attempts[0].state == BillState::not_billed);
  CHECK(receipt.attempts[0].reason == "http_503");
  CHECK(receipt.attempts[1].state == BillState::estimated);
  CHECK(receipt.attempts[2].state == BillState::settled);
  CHECK(receipt.attempts[2].number == 3);
  CHECK(receipt.attempts[0].attempt_id != receipt.attempts[1].attempt_id);
  // The sum is an estimate as soon as one part is, and the certain part is in it.
  CHECK(receipt.state == BillState::estimated);
  CHECK(receipt.usage.source == tally::UsageSource::mixed);
  CHECK(receipt.cost.is_estimate);
  CHECK(receipt.cost.total->amount > *tally::Decimal::parse("0.0000081"));
  REQUIRE(world.notices.size() == 2);
  CHECK(world.notices[0].failed_attempt == 1);
  CHECK(world.notices[0].error.kind == ErrorKind::overloaded);
  CHECK(world.notices[1].failed_attempt == 2);
  CHECK(world.notices[1].error.kind == ErrorKind::connection);
  CHECK(world.notices[0].delay <= 500ms);
  CHECK(world.notices[1].delay <= 1000ms);
}

TEST_CASE("retry: the same bytes go out again") {
  RetryingWorld world;
  world.network->scripts = {refusal(500), fake::whole_answer()};
  world.open().stream(fake::question()).finish();
  REQUIRE(world.network->requests.size() == 2);
  CHECK(*world.network->requests[0].body == *world.network->requests[1].body);
}

TEST_CASE("retry: never after the first payload, also where nothing was handed over") {
  RetryingWorld world;
  const std::string half_document = R"({"id":"c-1","choices":[{"index":0,"mess)";
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(half_document),
                             fake::end(TransferResult::receive_failed)}};
  const tally::Completion document = world.open().chat(fake::question());
  CHECK(document.receipt.attempts.size() == 1);
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body(fake::text_chunk("T")),
                             fake::end(TransferResult::receive_failed)}};
  const tally::Completion stream = world.open().stream(fake::question()).finish();
  CHECK(stream.receipt.attempts.size() == 1);
  CHECK(world.network->requests.size() == 2);
}

TEST_CASE("retry: white space and comments are no payload") {
  RetryingWorld world;
  world.network->scripts = {{fake::connect(), fake::head(200), fake::body("\n\n: keep-alive\n\n"),
                             fake::end(TransferResult::receive_failed)},
                            fake::whole_answer()};
  auto [reply, receipt] = world.open().stream(fake::question()).finish();
  CHECK(reply);
  REQUIRE(receipt.attempts.size() == 2);
  CHECK(receipt.attempts[0].state == BillState::estimated);
}

TEST_CASE("retry: what will not change is not asked again") {
  for (const int status : {400, 401, 402, 403, 404, 413, 422, 301, 307, 501}) {
    CAPTURE(status);
    RetryingWorld world;
    world.network->scripts = {refusal(status)};
    CHECK(world.open().chat(fake::question()).receipt.attempts.size() == 1);
  }
  RetryingWorld world;
  world.network->scripts = {{fake::end(TransferResult::tls_failed, false)}};
  CHECK(world.open().chat(fake::question()).receipt.attempts.size() == 1);
}

TEST_CASE(
    "retry: it gives up after its number of attempts, with the last error and all the bills") {
  RetryingWorld world;
  world.network->scripts = {refusal(429), refusal(429), refusal(429), fake::whole_answer()};
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::rate_limited);
  CHECK(completion.receipt.attempts.size() == 3);
  CHECK(completion.receipt.state == BillState::not_billed);
  CHECK_FALSE(completion.reply.error().charge_possible);
  CHECK(world.network->requests.size() == 3);
}

TEST_CASE("retry: an earlier attempt that may have cost money shows in the last error") {
  RetryingWorld world;
  world.network->scripts = {reset_before_answer(), refusal(400)};
  const tally::Completion completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::invalid_request);
  CHECK(completion.receipt.state == BillState::estimated);
  CHECK(completion.reply.error().charge_possible);
}

TEST_CASE("retry: Retry-After is kept to, in seconds and as a date") {
  RetryingWorld world;
  world.network->scripts = {refusal(429, "Retry-After: 7\n"),
                            refusal(503, "retry-after: Wed, 18 Nov 2026 05:00:20 GMT\n"),
                            fake::whole_answer()};
  CHECK(world.open().stream(fake::question()).finish().reply);
  CHECK(world.network->clock->elapsed() == 20s);  // 05:00:00 + 7 s, then until 05:00:20.
}

TEST_CASE("retry: a server that asks for more than the cap gets no further attempt, and no wait") {
  RetryingWorld world;
  world.options.retries.within = 30s;
  world.network->scripts = {refusal(429, "retry-after: 31\n")};
  const tally::Completion completion = world.open().chat(fake::question());
  CHECK(completion.reply.error().kind == ErrorKind::rate_limited);
  CHECK(completion.receipt.attempts.size() == 1);
  CHECK(world.network->clock->elapsed() == 0s);
}

TEST_CASE("retry: cancel interrupts a back-off, and adds no attempt") {
  RetryingWorld world;
  world.network->scripts = {refusal(429, "retry-after: 60\n")};
  tally::CallOptions options;
  options.cancel.emplace();
  world.network->on_wait = [&] { options.cancel->cancel(); };
  const tally::Completion completion = world.open().chat(fake::question(), options);
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().kind == ErrorKind::cancelled);
  CHECK(completion.receipt.attempts.size() == 1);
  CHECK(completion.receipt.state == BillState::not_billed);
  CHECK(world.network->clock->elapsed() < 1s);
}

TEST_CASE("retry: each attempt has a row of its own in the ledger") {
  RetryingWorld world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  world.options.ledger = ledger;
  world.network->scripts = {refusal(503), fake::whole_answer()};
  const tally::Receipt receipt = world.open().stream(fake::question()).finish().receipt;
  const auto rows = *ledger.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].call_id == rows[1].call_id);
  CHECK(rows[0].attempt_number == 1);
  CHECK(rows[0].state == BillState::not_billed);
  CHECK(rows[1].attempt_number == 2);
  CHECK(rows[1].state == BillState::settled);
  CHECK(rows[1].attempt_id == receipt.attempts[1].attempt_id);
}

TEST_CASE("retry: a started call retries while it is polled, without waiting") {
  RetryingWorld world;
  world.network->scripts = {refusal(429, "retry-after: 5\n"), fake::whole_answer()};
  const tally::Client client = world.open();
  client.chat_start(fake::question());
  for (int i = 0; i < 10; ++i) REQUIRE(client.poll());
  CHECK(world.network->clock->elapsed() == 0s);
  REQUIRE(world.notices.size() == 1);
  CHECK(world.notices[0].call == 1);
  tally::Event event;
  while (!event.completion) {
    REQUIRE(client.wait(60s));
    while (!event.completion && client.next_event(event)) {
    }
  }
  CHECK(event.completion->reply);
  CHECK(world.network->clock->elapsed() == 5s);
}

TEST_CASE("retry: the hooks may use the client") {
  RetryingWorld world;
  world.network->scripts = {refusal(503), fake::whole_answer(), fake::whole_answer()};
  std::optional<tally::Client> client;
  int inner = 0;
  world.options.hooks.on_retry = [&](const tally::RetryNotice&) {
    inner += client->stream(fake::question()).finish().reply ? 1 : 0;
    CHECK(client->poll());
  };
  client = world.open();
  client->chat_start(fake::question());
  while (client->wait(10s)->calls_in_flight > 0) {
    tally::Event event;
    while (client->next_event(event)) {
    }
  }
  CHECK(inner == 1);
}

TEST_CASE("hooks: each attempt is reported with its bill, ids and times") {
  RetryingWorld world;
  std::vector<tally::AttemptReport> reports;
  world.options.hooks.on_attempt = [&](const tally::AttemptReport& report) {
    reports.push_back(report);
  };
  fake::Script answer = fake::whole_answer();
  answer[2].after = 300ms;  // The first delta,
  answer[4].after = 900ms;  // and the last.
  world.network->scripts = {refusal(429, "retry-after: 0\n"), answer};
  world.open().stream(fake::question()).finish();
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].attempt.http_status == 429);
  CHECK(reports[0].error == ErrorKind::rate_limited);
  CHECK(reports[1].attempt.state == BillState::settled);
  CHECK(reports[1].finish_reason == "stop");
  CHECK(reports[1].response_id == "c-1");
  CHECK(reports[1].attempt.request_id == "trace-7");
  CHECK(reports[1].first_token == 300ms);
  CHECK(reports[1].last_token == 1200ms);
}

TEST_CASE("hooks: a stream that is dropped is reported, with its estimate") {
  RetryingWorld world;
  std::vector<tally::AttemptReport> reports;
  world.options.hooks.on_attempt = [&](const tally::AttemptReport& report) {
    reports.push_back(report);
  };
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(fake::text_chunk("one"))}};
  const tally::Client client = world.open();
  { CHECK(client.stream(fake::question()).next()); }
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].attempt.state == BillState::estimated);
  CHECK(reports[0].error == ErrorKind::cancelled);
}

TEST_CASE("token: a key from a callback is asked for anew for each attempt") {
  RetryingWorld world;
  world.options.api_key.clear();
  int asked = 0;
  world.options.token = [&] { return "sk-canary-" + std::to_string(++asked); };
  world.network->scripts = {refusal(503), fake::whole_answer()};
  CHECK(world.open().stream(fake::question()).finish().reply);
  CHECK(asked == 2);
  const tally::HttpHeaders& headers = *world.network->requests[1].headers;
  CHECK(headers[0].first == "Authorization");
  CHECK(headers[0].second == "Bearer sk-canary-2");
}

TEST_CASE("token: no key ends the attempt before anything is sent") {
  RetryingWorld world;
  const auto check_refused = [&] {
    const tally::Completion completion = world.open().chat(fake::question());
    CHECK(completion.reply.error().kind == ErrorKind::authentication);
    CHECK(completion.receipt.state == BillState::not_billed);
    CHECK(world.network->requests.empty());
  };
  world.options.token = [] { return std::string(); };
  check_refused();
#if defined(__cpp_exceptions)
  world.options.token = []() -> std::string { throw std::runtime_error("no answer"); };
  check_refused();
#endif
}

TEST_CASE("Retry-After: seconds, a date, a past date, and nothing else") {
  const tally::Instant now = at("2026-11-18T05:00:00Z");
  CHECK(tally::read_retry_after("120", now) == 120s);
  CHECK(tally::read_retry_after("0", now) == 0s);
  CHECK(tally::read_retry_after("Wed, 18 Nov 2026 05:01:30 GMT", now) == 90s);
  CHECK(tally::read_retry_after("Wed, 18 Nov 2026 04:59:00 GMT", now) == 0s);
  CHECK(tally::read_retry_after("99999999999999999999", now) == 24h);
  for (const char* text : {"", "-1", "1.5", "soon", "Wed, 18 Nov 2026 05:01:30", "2 s",
                           "Wed, 31 Feb 2026 05:01:30 GMT", "Wed, 18 Foo 2026 05:01:30 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(tally::read_retry_after(text, now));
  }
}

TEST_CASE("back-off: the longest wait doubles up to its cap, and the wait is a random part of it") {
  const tally::Retries retries;  // 500 ms, at most 8 s.
  const std::uint32_t most = 4'294'967'295u;
  CHECK(tally::retry_delay(retries, 1, {}, 0) == 0ms);
  CHECK(tally::retry_delay(retries, 1, {}, most) == 499ms);
  CHECK(tally::retry_delay(retries, 1, {}, most / 2) == 249ms);
  CHECK(tally::retry_delay(retries, 2, {}, most) == 999ms);
  CHECK(tally::retry_delay(retries, 5, {}, most) == 7999ms);
  CHECK(tally::retry_delay(retries, 60, {}, most) == 7999ms);
  CHECK(tally::retry_delay(retries, 1, 3s, most) == 3s);
}
