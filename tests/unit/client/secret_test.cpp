// SPDX-License-Identifier: MIT
#include "client/secret.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

std::string without(std::string text, const std::vector<std::string>& secrets) {
  tally::redact(text, secrets);
  return text;
}

}  // namespace

TEST_CASE("secret: the names of headers that hold secrets, and of those that count tokens") {
  for (const char* name :
       {"Authorization", "Proxy-Authorization", "Helicone-Auth", "x-goog-api-key", "api-key",
        "X-API-KEY", "Ocp-Apim-Subscription-Key", "Cookie", "Set-Cookie", "X-Auth-Token",
        "cf-access-client-secret", "X-Session-Id", "x-amz-security-token", "X-Password"}) {
    CHECK_MESSAGE(tally::is_secret_name(name), name);
  }
  for (const char* name :
       {"content-type", "x-request-id", "retry-after", "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-input-tokens-limit", "cf-ray", "server", ""}) {
    CHECK_MESSAGE(!tally::is_secret_name(name), name);
  }
}

TEST_CASE("secret: what secret headers hold is known without schemes and names, long ones first") {
  CHECK(tally::secrets_in({{"Accept", "text/plain"},
                           {"authorization", "Bearer sk-one"},
                           {"X-Goog-Api-Key", "AIza-two-two"},
                           {"Cookie", "theme=dark; sid=0123456789abc=; x"},
                           {"Proxy-Authorization", "Basic"}}) ==
        std::vector<std::string>{"0123456789abc=", "AIza-two-two", "sk-one", "Basic", "dark", "x"});
  CHECK(tally::secrets_in({}).empty());
}

TEST_CASE("secret: a secret is taken out of a text, also as JSON escapes it") {
  const std::vector<std::string> secret = {"ab/cd+ef=="};
  CHECK(without("x ab/cd+ef== y ab/cd+ef==", secret) == "x [key] y [key]");
  CHECK(without(R"("ab\/cd+ef==")", secret) == R"("[key]")");
  CHECK(without(R"("ab\u002fcd\u002Bef\u003d\u003D")", secret) == R"("[key]")");
  CHECK(without(R"("{\"k\":\"ab\\\/cd+ef==\"}")", secret) == R"("{\"k\":\"[key]\"}")");
  CHECK(without(R"(\u0061b/cd+ef==)", secret) == "[key]");
  for (const char* other : {"ab/cd+ef=", "ab/cd+ef=\\", "ab/cd+ef=\\u", "ab/cd+ef=\\u003",
                            "ab/cd+ef=\\u003e", "ab/cd+ef=\\u+03d", "AB/CD+EF==", "\\\\\\", ""}) {
    CHECK(without(other, secret) == other);
  }
}

TEST_CASE("secret: of two secrets, the longer is taken out whole") {
  CHECK(without("sk-12345678-more sk-12345678", {"sk-12345678-more", "sk-12345678"}) ==
        "[key] [key]");
}

TEST_CASE("secret: one of less than eight bytes stays in texts, where it is a word") {
  CHECK(without("a key is a key", {"key", "a", ""}) == "a key is a key");
  CHECK(without("sk-1234 sk-12345", {"sk-1234"}) == "sk-1234 sk-12345");
  CHECK(without("sk-1234 sk-12345", {"sk-12345"}) == "sk-1234 [key]");
  std::string text = "bad key: key";
  tally::redact(text, "");
  CHECK(text == "bad key: key");
  tally::redact(text, "key");  // One key alone, of a message.
  CHECK(text == "bad [key]: [key]");
}

TEST_CASE("secret: wherever pieces cut one, its mark stands in the piece where it begins") {
  const std::string whole = R"(a sk-12\u002f345678, sk-12/345678.)";
  for (std::size_t first = 0; first <= whole.size(); ++first) {
    for (std::size_t second = first; second <= whole.size(); ++second) {
      std::string a = whole.substr(0, first);
      std::string b = whole.substr(first, second - first);
      std::string c = whole.substr(second);
      tally::redact_pieces({&a, &b, &c}, {"sk-12/345678"});
      CHECK(a + b + c == "a [key], [key].");
      if (first == 2) CHECK(a == "a ");
      if (first == 3) CHECK(a == "a [key]");
    }
  }
}

TEST_CASE("secret: a header's value may be a secret of any length") {
  CHECK(tally::is_secret_value("a", {"key", "a"}));
  CHECK(tally::is_secret_value("Bearer key", {"key", "a"}));
  CHECK_FALSE(tally::is_secret_value("not a key", {"key", "a"}));
  CHECK_FALSE(tally::is_secret_value("application/json", {"key", "a"}));
  CHECK_FALSE(tally::is_secret_value("", {"key", "a"}));
}
