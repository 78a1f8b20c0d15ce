// SPDX-License-Identifier: MIT
#include "wire/error_json.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

using tally::Error;
using tally::error_of_json;
using tally::error_of_response;
using tally::ErrorKind;
using tally::parse_json;

namespace {

bool holds(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

std::string body_of(std::string_view message) {
  return R"({"error":{"message":")" + std::string(message) + R"(","type":"t","param":null}})";
}

std::optional<Error> error_in_answer(std::string_view text) {
  const auto answer = parse_json(text);
  REQUIRE_MESSAGE(answer.has_value(), text);
  return error_of_json(200, answer->root());
}

ErrorKind kind_of(int status, std::string_view body) {
  return error_of_response(status, body).kind;
}

}  // namespace

TEST_CASE("error: DeepSeek's own shape gives message, code and what to do") {
  const Error error = error_of_response(
      401, R"({"error":{"message":"Authentication Fails, Your api key: ****-key is invalid",)"
           R"("type":"authentication_error","param":null,"code":"invalid_request_error"}})");
  CHECK(error.kind == ErrorKind::authentication);
  CHECK(error.message ==
        "the server answered 401: Authentication Fails, Your api key: ****-key is invalid (check "
        "the API key and what it may do)");
  CHECK(error.http_status == 401);
  CHECK(error.provider_code == "invalid_request_error");
  CHECK_FALSE(error.retry_may_help);
  CHECK_FALSE(error.charge_possible);
}

TEST_CASE("error: the status decides the kind and whether a retry may help") {
  struct Case {
    int status;
    ErrorKind kind;
    bool retry;
  };
  const Case cases[] = {
      {301, ErrorKind::invalid_request, false}, {400, ErrorKind::invalid_request, false},
      {401, ErrorKind::authentication, false},  {402, ErrorKind::insufficient_balance, false},
      {403, ErrorKind::authentication, false},  {404, ErrorKind::invalid_request, false},
      {408, ErrorKind::server, true},           {409, ErrorKind::invalid_request, true},
      {413, ErrorKind::invalid_request, false}, {418, ErrorKind::invalid_request, false},
      {422, ErrorKind::invalid_request, false}, {429, ErrorKind::rate_limited, true},
      {500, ErrorKind::server, true},           {501, ErrorKind::server, false},
      {502, ErrorKind::server, true},           {503, ErrorKind::overloaded, true},
      {504, ErrorKind::server, true},           {529, ErrorKind::overloaded, true},
  };
  for (const Case& c : cases) {
    for (const std::string& body : {std::string(), body_of("no"), std::string("<html>no</html>")}) {
      CAPTURE(c.status);
      const Error error = error_of_response(c.status, body);
      CHECK(error.kind == c.kind);
      CHECK(error.retry_may_help == c.retry);
      CHECK(error.http_status == c.status);
      CHECK(holds(error, "the server answered " + std::to_string(c.status)));
    }
  }
}

TEST_CASE("error: the message says what to do") {
  CHECK(error_of_response(307, "").message ==
        "the server answered 307 (redirects are not followed: check base_url)");
  CHECK(error_of_response(402, body_of("Insufficient Balance")).message ==
        "the server answered 402: Insufficient Balance (top up the account)");
  CHECK(error_of_response(404, body_of("x")).message ==
        "the server answered 404: x (check the model's name and base_url)");
  CHECK(error_of_response(413, "").message ==
        "the server answered 413 (request body too large: send less)");
  CHECK(holds(error_of_response(503, ""), "try again later"));
}

TEST_CASE("error: a context that is too long is told apart, however the server says it") {
  CHECK(kind_of(400, body_of("This model's maximum context length is 1048565 tokens. However, you "
                             "requested 1200000 tokens")) == ErrorKind::context_overflow);
  CHECK(kind_of(400, R"({"error":{"message":"x","code":"context_length_exceeded"}})") ==
        ErrorKind::context_overflow);
  CHECK(kind_of(
            400,
            R"({"error":{"code":400,"message":"the request exceeds the available context size",)"
            R"("type":"exceed_context_size_error","n_ctx":4096}})") == ErrorKind::context_overflow);
  CHECK(kind_of(400, body_of("prompt too long; exceeded max context length by 7 tokens")) ==
        ErrorKind::context_overflow);
}

TEST_CASE("error: refused content is told apart, however the server says it") {
  CHECK(kind_of(400, body_of("Content Exists Risk")) == ErrorKind::content_refused);
  CHECK(kind_of(400, R"({"error":{"message":"x","code":"content_policy_violation"}})") ==
        ErrorKind::content_refused);
  CHECK(kind_of(
            400,
            R"({"error":{"message":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}})") ==
        ErrorKind::content_refused);
  const Error error =
      error_of_response(400, body_of("triggering Azure OpenAI's content management policy"));
  CHECK(error.kind == ErrorKind::content_refused);
  CHECK_FALSE(error.retry_may_help);
}

TEST_CASE("error: 429 for lack of money is no rate limit, and no retry helps") {
  const Error error = error_of_response(
      429,
      R"({"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}})");
  CHECK(error.kind == ErrorKind::insufficient_balance);
  CHECK_FALSE(error.retry_may_help);
}

TEST_CASE("error: every body shape in use gives its message and code") {
  struct Case {
    std::string_view body;
    std::string_view message;
    std::string_view code;
  };
  const Case cases[] = {
      {R"({"error":{"message":"m1","type":"t","code":"c"}})", ": m1 (", "c"},
      {R"({"error":{"message":"m2","type":"t","code":400}})", ": m2 (", "t"},
      {R"({"error":{"message":"m3","code":400}})", ": m3 (", "400"},
      {R"({"error":"m4"})", ": m4 (", ""},
      {R"({"error":"m5","type":"t"})", ": m5 (", "t"},
      {R"({"error":"Bad Request","message":"m6","statusCode":400})", ": Bad Request: m6 (", ""},
      {R"({"detail":"m7"})", ": m7 (", ""},
      {R"({"detail":[{"loc":["body","top_p"],"msg":"too large","type":"v"},{"msg":"m8"}]})",
       ": body.top_p: too large; m8 (", ""},
      {R"({"detail":{"message":"m9","code":"c"}})", ": m9 (", "c"},
      {R"({"errors":["m10"]})", ": m10 (", ""},
      {R"({"message":"m11","request_id":"r"})", ": m11 (", ""},
      {R"({"object":"error","message":"m12","type":"BadRequestError","param":null,"code":400})",
       ": m12 (", "BadRequestError"},
      {R"([{"error":{"code":400,"message":"m13","status":"INVALID_ARGUMENT"}}])", ": m13 (",
       "INVALID_ARGUMENT"},
      {R"({"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"why\":\n1}"}}})",
       ": Provider returned error: {\"why\": 1} (", "400"},
      {"\n\n {\"error\":{\"message\":\"m14\\nsecond line\"}}\n", ": m14\nsecond line (", ""},
      {R"({"error":{"message":null,"type":"t"}})", "answered 400 (", "t"},
      {R"({"error":{}})", "answered 400 (", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.body);
    const Error error = error_of_response(400, c.body);
    CHECK(error.kind == ErrorKind::invalid_request);
    CHECK_MESSAGE(holds(error, c.message), error.message);
    CHECK(error.provider_code == c.code);
  }
}

TEST_CASE("error: a body that is no JSON gives a short excerpt without tags") {
  CHECK(error_of_response(
            502,
            "<html>\r\n<head><title>502 Bad Gateway</title><style>p{x}</style></head>\r\n"
            "<body><script>alert('<b>')</script><hr><center>nginx</center></body>")
            .message ==
        "the server answered 502: 502 Bad Gateway nginx (the server's fault: try again later)");
  CHECK(error_of_response(500, "upstream  a < b\x1B[31m\xC2\x9B\xFF\n").message ==
        "the server answered 500: upstream a < b [31m \xEF\xBF\xBD (the server's fault: try again "
        "later)");
  CHECK(error_of_response(500, R"({"unknown":1})").message ==
        "the server answered 500: {\"unknown\":1} (the server's fault: try again later)");
  CHECK(error_of_response(500, "  \r\n").message ==
        "the server answered 500 (the server's fault: try again later)");
  // The bytes of a character stay together where the excerpt ends.
  std::string long_body = "x";
  for (int i = 0; i < 5000; ++i) long_body += "\xC3\xA9";
  const Error error = error_of_response(500, long_body);
  CHECK(error.message.size() < 300);
  CHECK(holds(error, "\xC3\xA9..."));
  // Words of a page are prose: nothing is told from them but what they say.
  CHECK(kind_of(502, "<p>content_filter insufficient_quota</p>") == ErrorKind::server);
}

TEST_CASE("error: no body, however wrong, does harm") {
  for (const std::string& body :
       {std::string("<"), std::string("<script"), std::string("<style>a"), std::string("<a>"),
        std::string(100000, '<'), std::string(100000, '['), std::string("{\"error\":"),
        std::string("[]"), std::string("[[[]]]"), std::string("null"), std::string("\0", 1),
        std::string("{\"error\":[1,[],{}]}"),
        std::string("{\"error\":{\"metadata\":1,\"code\":{}}}")}) {
    const Error error = error_of_response(400, body);
    CHECK(error.kind == ErrorKind::invalid_request);
    CHECK(error.message.size() < 400);
  }
}

TEST_CASE("error: a long message is cut, and cannot drive a terminal") {
  const Error error = error_of_response(400, body_of(std::string(9000, 'x') + "\\u001b[2J\\u009b"));
  CHECK(error.message.size() < 4200);
  CHECK(holds(error_of_response(400, body_of("a\\u001b[2J\\u009bz")), "a [2J  z"));
}

TEST_CASE("error: an answer without an error has none") {
  for (const auto text : {R"({"choices":[],"usage":null})", R"({"error":null,"choices":[]})",
                          R"({"error":"","id":"x"})", R"({"error":false})",
                          R"({"choices":[{"message":{"content":"hi"}}]})",
                          R"({"choices":[],"message":"fine","detail":"fine"})",
                          R"({"message":{"content":"hi"}})", "[]", "1", "null", "[{},{}]"}) {
    CAPTURE(text);
    CHECK_FALSE(error_in_answer(text).has_value());
  }
}

TEST_CASE("error: an error inside a 200 is told by its code and its words") {
  const auto kind = [](std::string_view text) {
    const auto error = error_in_answer(text);
    REQUIRE(error.has_value());
    CHECK(error->http_status == 200);
    CHECK(holds(*error, "the server reported an error inside its answer"));
    return error->kind;
  };
  CHECK(kind(R"({"error":{"message":"x","code":502},"choices":[{"index":0}]})") ==
        ErrorKind::server);
  CHECK(kind(R"({"error":{"message":"x","code":429}})") == ErrorKind::rate_limited);
  CHECK(
      kind(
          R"({"error":{"message":"x","type":"invalid_request_error","code":"tool_use_failed"}})") ==
      ErrorKind::invalid_request);
  CHECK(kind(R"({"error":{"message":"Server overloaded"}})") == ErrorKind::overloaded);
  CHECK(kind(R"({"error":{"message":"x","type":"authentication_error"}})") ==
        ErrorKind::authentication);
  CHECK(kind(R"({"error":{"message":"x","code":"content_filter","status":400}})") ==
        ErrorKind::content_refused);
  CHECK(kind(R"({"error":"boom"})") == ErrorKind::server);
  CHECK(kind(R"({"error":true})") == ErrorKind::server);
  CHECK(kind(R"({"detail":"Not authenticated"})") == ErrorKind::server);
}
