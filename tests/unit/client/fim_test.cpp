// SPDX-License-Identifier: MIT

// Completions of a text with a hole: over all faces, and with all that belongs to a bill.

#include "tally/fim.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "fake_network.hpp"

using tally::BillState;
using tally::ErrorKind;
using tally::FimRequest;

namespace {

// 23 bytes of code and a line end. By the estimator: 14 letters x 0.237, 4 signs x 0.6, 5 spaces x
// 0.058, and 0.932 for each line end, with one more after every text.
FimRequest hole() {
  FimRequest request;
  request.model = "deepseek-flash";
  request.prompt = "int sum(int a, int b) {\n";
  request.suffix = "}\n";
  request.max_tokens = 64;
  return request;
}

const std::string identity =
    R"({"id":"f-1","object":"text_completion","created":1,"model":"deepseek-flash",)"
    R"("system_fingerprint":"fp","choices":[{"index":0,"text":")";

std::string answer(const std::string& text, const std::string& finish,
                   std::string_view usage = "null") {
  return identity + text + R"(","logprobs":null,"finish_reason":)" + finish + R"(}],"usage":)" +
         std::string(usage) + "}";
}

std::string chunk(const std::string& text) { return "data: " + answer(text, "null") + "\n\n"; }

fake::Script document() {
  return {fake::connect(), fake::head(200, "content-type: application/json\n"),
          fake::body(answer(R"(  return a + b;\n)", R"("stop")", fake::usage_18_9)), fake::end()};
}

fake::Script stream_of(std::vector<std::string> texts) {
  fake::Script script = {fake::connect(), fake::head(200, "content-type: text/event-stream\n")};
  for (const std::string& text : texts) script.push_back(fake::body(chunk(text)));
  return script;
}

fake::Script whole_stream() {
  fake::Script script = stream_of({"  return a", R"( + b;\n)"});
  script.push_back(
      fake::body("data: " + answer("", R"("stop")", fake::usage_18_9) + "\n\n" + fake::done));
  script.push_back(fake::end());
  return script;
}

fake::Script cut_stream(std::vector<std::string> texts) {
  fake::Script script = stream_of(std::move(texts));
  script.push_back(fake::end(tally::TransferResult::receive_failed));
  return script;
}

std::string money(const std::optional<tally::Money>& amount) {
  return amount ? to_string(*amount) : "unknown";
}

/// The whole answer, with a bill of 18 x 0.15 + 9 x 0.60 dollars for a million such calls.
void check_whole(const tally::Completion& done) {
  REQUIRE(done.reply);
  CHECK(done.reply->text() == "  return a + b;\n");
  CHECK(done.reply->id == "f-1");
  CHECK(done.reply->finish_reason == tally::FinishReason::stop);
  CHECK(done.receipt.state == BillState::settled);
  CHECK(done.receipt.model == "deepseek-flash");
  CHECK(done.receipt.usage.prompt_tokens == 18);
  CHECK(money(done.receipt.cost.total) == "$0.0000081");
}

std::string url_asked(const std::string& base_url, const std::string& provider = "") {
  fake::World world;
  world.options.base_url = base_url;
  world.options.provider = provider;
  world.network->scripts = {document()};
  world.open().fim(hole());
  return world.network->requests.at(0).url;
}

}  // namespace

TEST_CASE("fim: asks for one document, and its bill is exact") {
  fake::World world;
  world.network->scripts = {document()};
  check_whole(world.open().fim(hole()));
  REQUIRE(world.network->requests.size() == 1);
  CHECK(world.network->requests[0].url == "https://api.deepseek.com/beta/completions");
  CHECK(*world.network->requests[0].body ==
        R"({"model":"deepseek-flash","prompt":"int sum(int a, int b) {\n","suffix":"}\n",)"
        R"("max_tokens":64})");
}

TEST_CASE("fim: with a callback it is a stream, which the callback may stop") {
  fake::World world;
  fake::Script slow = whole_stream();
  slow[3].after = std::chrono::milliseconds(100);
  world.network->scripts = {whole_stream(), slow};
  const tally::Client client = world.open();
  std::string seen;
  check_whole(client.fim(hole(), [&](const tally::Delta& delta) {
    seen += std::string(delta.text) + "|";
    return tally::Flow::keep;
  }));
  CHECK(seen == "  return a| + b;\n|");
  CHECK(world.network->requests[0].body->find(
            R"("stream":true,"stream_options":{"include_usage":true})") != std::string::npos);

  const tally::Completion stopped =
      client.fim(hole(), [](const tally::Delta&) { return tally::Flow::stop; });
  REQUIRE_FALSE(stopped.reply);
  CHECK(stopped.reply.error().kind == ErrorKind::cancelled);
  CHECK(stopped.reply.error().partial.text() == "  return a");
  CHECK(stopped.receipt.state == BillState::estimated);
}

TEST_CASE("fim: is read in a loop as any stream") {
  fake::World world;
  world.network->scripts = {whole_stream()};
  const tally::Client client = world.open();
  auto stream = client.stream(hole());
  std::string seen;
  for (const tally::Delta& delta : stream) seen += delta.text;
  CHECK(seen == "  return a + b;\n");
}

TEST_CASE("fim: a started one is driven by poll, beside a chat") {
  fake::World world;
  world.network->scripts = {whole_stream(), fake::whole_answer()};
  const tally::Client client = world.open();
  const tally::CallId fim = client.fim_start(hole());
  const tally::CallId chat = client.chat_start(fake::question());
  CHECK(fim != chat);
  std::string texts[2];
  int ended = 0;
  while (ended < 2) {
    REQUIRE(client.poll());
    for (tally::Event event; client.next_event(event);) {
      texts[event.call == chat] += event.delta.text;
      if (!event.completion) continue;
      ++ended;
      if (event.call == fim) check_whole(*event.completion);
    }
  }
  CHECK(texts[0] == "  return a + b;\n");
  CHECK(texts[1] == "The Danube, the Nile");
}

TEST_CASE("fim: a cut stream is billed as an estimate, between bounds") {
  fake::World world;
  world.network->scripts = {cut_stream({"  return a", R"( + b;\n)"})};
  const tally::Client client = world.open();
  auto stream = client.stream(hole());
  const tally::Completion done = stream.finish();
  REQUIRE_FALSE(done.reply);
  CHECK(done.reply.error().partial.text() == "  return a + b;\n");
  CHECK(done.receipt.state == BillState::estimated);
  // Prompt and suffix weigh 7.872 and 2.464, together 10; the answer's 8 letters, 2 signs, 5 spaces
  // and a line end 4.318, so 4, as its two deltas are too few for it: 10 x 0.15 + 4 x 0.60.
  CHECK(done.receipt.usage.prompt_tokens == 10);
  CHECK(done.receipt.usage.completion_tokens == 4);
  CHECK(money(done.receipt.cost.total) == "$0.0000039");
  REQUIRE(done.receipt.cost.bounds);
  // All cached and as few tokens as can be, 3 and 1 (0.003 each for a cached one): 0.009 + 0.6. All
  // missed, a token for each of 148 bytes, and max_tokens of output: 22.2 + 38.4.
  CHECK(world.network->requests[0].body->size() == 148);
  CHECK(money(done.receipt.cost.bounds->low) == "$0.000000609");
  CHECK(money(done.receipt.cost.bounds->high) == "$0.0000606");
}

TEST_CASE("fim: without max_tokens DeepSeek's own limit bounds what a cut stream can have cost") {
  fake::World world;
  world.network->scripts = {cut_stream({"  return a"})};
  FimRequest request = hole();
  request.max_tokens.reset();
  const tally::Client client = world.open();
  auto stream = client.stream(request);
  const tally::Completion done = stream.finish();
  REQUIRE(done.receipt.cost.bounds);
  // 132 bytes x 0.15 + 4,096 x 0.60 = 19.8 + 2457.6.
  CHECK(money(done.receipt.cost.bounds->high) == "$0.0024774");
  CHECK(world.network->requests[0].body->find("max_tokens") == std::string::npos);
}

TEST_CASE("fim: a prompt that the answer only says again is not billed as output") {
  fake::World world;
  world.network->scripts = {cut_stream({R"(int sum(int a, int b) {\n)", "  return a"}),
                            cut_stream({"int sum("})};
  FimRequest request = hole();
  request.echo = true;
  const tally::Client client = world.open();
  auto stream = client.stream(request);
  // "  return a" alone: 7 letters and 3 spaces weigh 1.833.
  CHECK(stream.finish().receipt.usage.completion_tokens == 2);
  auto early = client.stream(request);
  CHECK(early.finish().receipt.usage.completion_tokens == 0);
}

TEST_CASE("fim: an attempt that failed is made again, to the same place and with the same bytes") {
  fake::World world;
  world.options.retries.most = 1;
  world.network->scripts = {{fake::connect(), fake::head(503),
                             fake::body(R"({"error":{"message":"busy"}})"), fake::end()},
                            document()};
  const tally::Completion done = world.open().fim(hole());
  check_whole(done);
  CHECK(done.receipt.attempts.size() == 2);
  REQUIRE(world.network->requests.size() == 2);
  CHECK(world.network->requests[1].url == world.network->requests[0].url);
  CHECK(*world.network->requests[1].body == *world.network->requests[0].body);
}

TEST_CASE("fim: the ledger has its row, and a budget holds its worst case and writes its bound") {
  fake::World world("2026-11-18T04:30:00Z");
  const tally::Ledger ledger = tally::Ledger::in_memory();
  tally::Budget budget;
  budget.id = "all";
  budget.limit = tally::cents(40);
  REQUIRE(ledger.set_budget(budget));
  world.options.ledger = ledger;
  world.network->scripts = {document()};
  FimRequest request = hole();
  request.max_tokens.reset();
  const tally::Client client = world.open();
  check_whole(client.fim(request));
  // The budget would write 8,192, which DeepSeek refuses here.
  REQUIRE(world.network->requests.size() == 1);
  CHECK(world.network->requests[0].body->find(R"("max_tokens":4096)") != std::string::npos);
  const auto rows = ledger.rows();
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  const tally::LedgerRow& row = rows->at(0);
  CHECK(row.state == BillState::settled);
  CHECK(row.model_requested == "deepseek-flash");
  CHECK(row.finish_reason == "stop");
  CHECK_FALSE(row.streamed);
  CHECK(money(row.cost.total) == "$0.0000081");
  // 96 bytes and 32 of DeepSeek's template, no thinking: 128 x 0.15 + 4,096 x 0.60 = 19.2 + 2457.6.
  CHECK(world.network->requests[0].body->size() == 96);
  CHECK(money(row.hold) == "$0.0024768");

  budget.limit = {*tally::Decimal::parse("0.001"), tally::usd};
  REQUIRE(ledger.set_budget(budget));
  const tally::Completion refused = client.fim(request);
  REQUIRE_FALSE(refused.reply);
  CHECK(refused.reply.error().kind == ErrorKind::budget);
  CHECK(refused.receipt.state == BillState::not_billed);
  CHECK(world.network->requests.size() == 1);
}

TEST_CASE("fim: at other servers a budget's bound is written as it is") {
  fake::World world;
  const tally::Ledger ledger = tally::Ledger::in_memory();
  tally::Budget budget;
  budget.id = "all";
  budget.limit = tally::cents(40);
  budget.on_unpriced = tally::OnUnpriced::allow;
  REQUIRE(ledger.set_budget(budget));
  world.options.ledger = ledger;
  world.options.base_url = "http://localhost:8000/v1";
  world.network->scripts = {document()};
  FimRequest request = hole();
  request.max_tokens.reset();
  world.open().fim(request);
  REQUIRE(world.network->requests.size() == 1);
  CHECK(world.network->requests[0].body->find(R"("max_tokens":8192)") != std::string::npos);
}

TEST_CASE("fim: DeepSeek's is below its beta, whichever base URL it was given") {
  CHECK(url_asked("https://api.deepseek.com") == "https://api.deepseek.com/beta/completions");
  CHECK(url_asked("https://api.deepseek.com/") == "https://api.deepseek.com/beta/completions");
  CHECK(url_asked("https://api.deepseek.com/v1") == "https://api.deepseek.com/beta/completions");
  CHECK(url_asked("https://api.deepseek.com/beta/") == "https://api.deepseek.com/beta/completions");
  CHECK(url_asked("http://localhost:1/ds", "deepseek") == "http://localhost:1/ds/beta/completions");
  CHECK(url_asked("https://api.openai.com/v1") == "https://api.openai.com/v1/completions");
  CHECK(url_asked("http://localhost:8000/v1") == "http://localhost:8000/v1/completions");
  CHECK(url_asked("https://api.mistral.ai/v1") == "https://api.mistral.ai/v1/fim/completions");
}

TEST_CASE("fim: an answer in the shape of a chat's is read too, as Mistral sends it") {
  fake::World world;
  world.options.base_url = "https://api.mistral.ai/v1";
  world.network->scripts = {
      {fake::connect(), fake::head(200),
       fake::body(R"({"id":"m-1","object":"chat.completion","model":"codestral-latest","choices":)"
                  R"([{"index":0,"message":{"role":"assistant","content":"return a"},)"
                  R"("finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,)"
                  R"("total_tokens":10}})"),
       fake::end()}};
  const tally::Completion done = world.open().fim(hole());
  REQUIRE(done.reply);
  CHECK(done.reply->text() == "return a");
  CHECK(done.receipt.usage.completion_tokens == 2);
}

TEST_CASE("fim: what no server can read is refused here, and costs nothing") {
  fake::World world;
  const tally::Client client = world.open();
  FimRequest no_prompt = hole();
  no_prompt.prompt.clear();
  FimRequest no_model = hole();
  no_model.model.clear();
  FimRequest bad_extra = hole();
  bad_extra.extra = "[]";
  FimRequest bad_number = hole();
  bad_number.top_p = std::numeric_limits<double>::quiet_NaN();
  for (const FimRequest& request : {no_prompt, no_model, bad_extra, bad_number}) {
    const tally::Completion done = client.fim(request);
    REQUIRE_FALSE(done.reply);
    CHECK(done.reply.error().kind == ErrorKind::invalid_argument);
    CHECK_FALSE(done.reply.error().charge_possible);
    CHECK(done.receipt.state == BillState::not_billed);
    CHECK_FALSE(client.estimate(request).unknown.empty());
  }
  const tally::CallId id = client.fim_start(no_prompt);
  CHECK(id != 0);
  REQUIRE(client.poll());
  tally::Event event;
  REQUIRE(client.next_event(event));
  REQUIRE(event.completion);
  CHECK(event.completion->reply.error().kind == ErrorKind::invalid_argument);
  CHECK(world.network->requests.empty());
}

TEST_CASE("fim: an estimate has the texts on both sides of the hole, and no thinking") {
  fake::World world("2026-11-18T04:30:00Z");
  const tally::Client client = world.open();
  const tally::Estimate estimate = client.estimate(hole());
  CHECK(estimate.prompt.likely == 10);
  // 148 bytes of a stream's JSON and 32 for the template.
  CHECK(estimate.prompt.high == 180);
  CHECK(estimate.most_output == 64);
  CHECK_FALSE(estimate.output_is_assumed);
  // 10 x 0.15; 180 x 0.15 + 64 x 0.60 = 27 + 38.4.
  CHECK(money(estimate.cold_cache) == "$0.0000015");
  CHECK(money(estimate.worst_case) == "$0.0000654");
  CHECK(world.network->requests.empty());

  FimRequest unbounded = hole();
  unbounded.max_tokens.reset();
  CHECK(client.estimate(unbounded).most_output == 4096);
}
