// SPDX-License-Identifier: MIT
// A few whole calls without a test framework: what .ci/run builds in unusual ways (another compiler
// or standard, no exceptions and no RTTI, where a library that throws on odd JSON would end the
// process).

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runners/replay.hpp"
#include "tally/tally.hpp"

namespace {

int failures = 0;

void expect(bool holds, const char* promise) {
  std::printf("%s  %s\n", holds ? "ok    " : "FAILED", promise);
  if (!holds) ++failures;
}

tally::ClientOptions options_at(std::string_view instant) {
  auto clock = std::make_shared<runners::FakeClock>();
  clock->set(*tally::parse_instant(instant));
  tally::ClientOptions options;
  options.api_key = "sk-test";
  options.clock = clock;
  return options;
}

tally::Flow ignore(const tally::Delta&) { return tally::Flow::keep; }

tally::Completion replay(std::string_view body, const tally::OnDelta& on_delta = ignore) {
  auto recording = std::make_shared<runners::Recording>();
  recording->headers = {{"content-type", "text/event-stream"}};
  recording->body = body;
  recording->piece = 7;
  tally::ClientOptions options = options_at("2026-04-05T12:00:00Z");
  options.transport = runners::replay_transport(recording);
  options.retries.most = 0;
  recording->answered = options.clock->wall();

  tally::ChatRequest request;
  request.model = "deepseek-chat";
  request.messages = {tally::user("Name a river.")};
  return tally::Client::open(options)->chat(request, on_delta);
}

const std::string_view whole_stream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"The "
    "\"}}]}\n\n"
    "data: "
    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Spree\"},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":100000,\"completion_tokens\":2000,\"total_tokens\":102000,"
    "\"prompt_cache_hit_tokens\":80000,\"prompt_cache_miss_tokens\":20000}}\n\n"
    "data: [DONE]\n\n";

void a_stream_is_read_and_billed() {
  std::string text;
  const auto [reply, receipt] = replay(whole_stream, [&](const tally::Delta& delta) {
    text += delta.text;
    return tally::Flow::keep;
  });
  expect(text == "The Spree" && reply && reply->text() == text, "a stream hands over its text");
  expect(receipt.state == tally::BillState::settled && receipt.cost.total &&
             to_string(receipt.cost.total->amount) == "0.00868",
         "a stream is billed to the last digit");
}

void a_cut_stream_is_estimated() {
  const auto [reply, receipt] = replay(whole_stream.substr(0, 120));
  expect(!reply && reply.error().partial.text() == "The ", "a cut stream keeps what arrived");
  expect(receipt.state == tally::BillState::estimated && receipt.cost.total &&
             !receipt.cost.total->amount.is_zero(),
         "a cut stream is estimated, and not free");
}

// Each of these makes a careless reader throw, and so abort where exceptions are off.
void odd_answers_are_errors() {
  const std::string deep(100000, '[');
  const std::vector<std::string> bodies = {
      "data: {\"choices\":[{\"delta\":{\"content\":5}}]}\n\n",
      "data: {\"choices\":\"none\"}\n\n",
      "data: {\"usage\":[1,2]}\n\n",
      "data: {\"choices\":[{\"delta\":null}],\"usage\":{\"prompt_tokens\":\"ten\"}}\n\n",
      "data: {\"choices\":[{\"delta\":{\"tool_calls\":{\"index\":-1}}}]}\n\n",
      "data: " + deep + "\n\n",
      "data: {\"cut\n\n",
      "data: \xff\xfe\n\n",
      deep,
      "[1]",
      "<html>502</html>",
      "",
  };
  bool all_are_errors = true;
  for (const std::string& body : bodies) all_are_errors &= !replay(body).reply;
  expect(all_are_errors, "odd answers are errors, and end nothing else");
}

void a_refused_connection_is_not_billed() {
  tally::ClientOptions options;
  options.api_key = "sk-test";
  options.retries.most = 0;
  options.base_url = "http://127.0.0.1:1";
  tally::ChatRequest request;
  request.model = "deepseek-chat";
  request.messages = {tally::user("Name a river.")};
  const auto [reply, receipt] = tally::Client::open(options)->chat(request);
  expect(!reply && reply.error().kind == tally::ErrorKind::connection &&
             receipt.state == tally::BillState::not_billed,
         "a refused connection is an error of libcurl's, and not billed");
}

void a_bad_catalogue_is_an_error() {
  expect(!tally::PriceCatalog::parse("{\"schema\":[]}") && !tally::PriceCatalog::parse("\xff{"),
         "a bad catalogue is an error");
}

}  // namespace

int main() {
  a_stream_is_read_and_billed();
  a_cut_stream_is_estimated();
  odd_answers_are_errors();
  a_refused_connection_is_not_billed();
  a_bad_catalogue_is_an_error();
  return failures == 0 ? 0 : 1;
}
