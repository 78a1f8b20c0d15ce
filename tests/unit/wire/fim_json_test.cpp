// SPDX-License-Identifier: MIT
#include "wire/fim_json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using tally::FimRequest;
using tally::write_request;

namespace {

FimRequest small() {
  FimRequest request;
  request.model = "m";
  request.prompt = "def f(";
  return request;
}

std::string written(const FimRequest& request, bool stream = false,
                    std::optional<std::int64_t> max_tokens_if_absent = std::nullopt) {
  auto json = write_request(request, stream, max_tokens_if_absent);
  REQUIRE_MESSAGE(json.has_value(), json.error().message);
  return *json;
}

std::string refusal(const FimRequest& request, bool stream = false) {
  const auto json = write_request(request, stream);
  REQUIRE_FALSE(json.has_value());
  CHECK(json.error().kind == tally::ErrorKind::invalid_argument);
  CHECK_FALSE(json.error().charge_possible);
  return json.error().message;
}

}  // namespace

TEST_CASE("fim request: what was not set is not sent") {
  CHECK(written(small()) == R"({"model":"m","prompt":"def f("})");
}

TEST_CASE("fim request: every option stands under the API's name") {
  FimRequest request = small();
  request.suffix = "  return \"a\"\n";
  request.max_tokens = 4096;
  request.temperature = 0.2;
  request.top_p = 0.95;
  request.presence_penalty = -1.5;
  request.frequency_penalty = 2;
  request.stop = {"\n\n", "def "};
  request.logprobs = 20;
  request.echo = true;
  CHECK(written(request) ==
        R"({"model":"m","prompt":"def f(","suffix":"  return \"a\"\n","max_tokens":4096)"
        R"(,"temperature":0.2,"top_p":0.95,"presence_penalty":-1.5,"frequency_penalty":2)"
        R"(,"stop":["\n\n","def "],"logprobs":20,"echo":true})");
}

TEST_CASE("fim request: an empty suffix, no logprobs and no echo can be said, and are not absent") {
  FimRequest request = small();
  request.suffix = "";
  request.logprobs = 0;
  request.echo = false;
  CHECK(written(request) ==
        R"({"model":"m","prompt":"def f(","suffix":"","logprobs":0,"echo":false})");
}

TEST_CASE("fim request: a stream always asks for its usage, whatever extra says") {
  FimRequest request = small();
  CHECK(written(request, true) ==
        R"({"model":"m","prompt":"def f(","stream":true,"stream_options":{"include_usage":true}})");
  request.extra = R"({"stream_options":{"include_usage":false,"x":1}})";
  CHECK(
      written(request, true) ==
      R"({"model":"m","prompt":"def f(","stream":true,"stream_options":{"include_usage":true,"x":1}})");
}

TEST_CASE("fim request: extra goes last, byte for byte, over everything else") {
  FimRequest request = small();
  request.temperature = 1;
  request.extra = R"({"temperature":0.50,"best_of":3,"prompt":"other"})";
  CHECK(written(request) == R"({"model":"m","temperature":0.50,"best_of":3,"prompt":"other"})");
  request.prompt.clear();
  CHECK(written(request) == R"({"model":"m","temperature":0.50,"best_of":3,"prompt":"other"})");
}

TEST_CASE("fim request: a bound on the output is written where there is none") {
  FimRequest request = small();
  CHECK(written(request, false, 300) == R"({"model":"m","prompt":"def f(","max_tokens":300})");
  request.max_tokens = 20;
  CHECK(written(request, false, 300) == R"({"model":"m","prompt":"def f(","max_tokens":20})");
  request.max_tokens.reset();
  request.extra = R"({"max_tokens":7})";
  CHECK(written(request, false, 300) == R"({"model":"m","prompt":"def f(","max_tokens":7})");
}

TEST_CASE("fim request: bytes that are no UTF-8 do not break the JSON") {
  FimRequest request = small();
  request.prompt = "a\xFF";
  request.suffix = std::string("b\0", 2);
  CHECK(written(request) ==
        "{\"model\":\"m\",\"prompt\":\"a\xEF\xBF\xBD\",\"suffix\":\"b\\u0000\"}");
}

TEST_CASE("fim request: what no server can read is refused, by the field's name") {
  FimRequest request = small();
  request.model.clear();
  CHECK(refusal(request) == "model is empty: name the model to ask");
  request = small();
  request.prompt.clear();
  CHECK(refusal(request) == "prompt is empty: give what stands before the hole");
  request = small();
  request.temperature = std::numeric_limits<double>::quiet_NaN();
  CHECK(refusal(request) == "temperature is not finite: give a number, or leave it absent");
  request = small();
  request.frequency_penalty = std::numeric_limits<double>::infinity();
  CHECK(refusal(request).find("frequency_penalty is not finite") == 0);
  request = small();
  request.max_tokens = 0;
  CHECK(refusal(request) == "max_tokens is 0: give at least 1, or leave it absent");
}

TEST_CASE("fim request: an extra that is no object, or contradicts the call, is refused") {
  FimRequest request = small();
  for (const char* wrong : {"[1]", "{\"a\":", "7", "\xEF\xBB\xBF{}", "{\"a\":1,\"a\":2}"}) {
    CAPTURE(wrong);
    request.extra = wrong;
    CHECK(refusal(request).find("extra ") == 0);
  }
  request.extra = R"({"stream":true})";
  CHECK(refusal(request).find("extra.stream contradicts the call") == 0);
  CHECK(written(request, true).find(R"("stream":true)") != std::string::npos);
}
