// SPDX-License-Identifier: MIT
#include "client/settings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "environment.hpp"
#include "fake_network.hpp"

using tally::ErrorKind;

namespace {

std::string header(const tally::HttpHeaders& headers, std::string_view name) {
  for (const auto& line : headers) {
    if (line.first == name) return line.second;
  }
  return "absent";
}

tally::Error refusal_of(tally::ClientOptions options) {
  const auto settings = check_options(std::move(options));
  REQUIRE_FALSE(settings);
  return settings.error();
}

}  // namespace

TEST_CASE("presets: a preset's name gives its URL and whose prices apply") {
  const auto groq = tally::options_for("groq");
  REQUIRE(groq);
  CHECK(groq->base_url == "https://api.groq.com/openai/v1");
  CHECK(groq->provider == "groq");
  CHECK(groq->api_key.empty());
  CHECK(tally::options_for("kimi")->provider == "moonshot");

  const auto unknown = tally::options_for("nobody");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::invalid_argument);
  CHECK(unknown.error().message.find("\"nobody\"") != std::string::npos);
}

TEST_CASE("presets: a URL that is to be filled in is refused, and what is missing is named") {
  auto options = tally::options_for("azure");
  REQUIRE(options);
  options->api_key = "k";
  const tally::Error error = refusal_of(*options);
  CHECK(error.kind == ErrorKind::invalid_argument);
  CHECK(error.message == "ClientOptions::base_url still holds {resource}: put your own there");
  options->base_url = "https://mine.openai.azure.com/openai/v1";
  CHECK(check_options(*options));
  options->base_url = "https://{half";
  CHECK(refusal_of(*options).message.find("{half") != std::string::npos);
}

TEST_CASE("presets: the key comes from the preset's own variable, and from no other") {
  environment::set("GROQ_API_KEY", "gsk-from-environment");
  const auto groq = tally::options_from_environment("groq");
  environment::unset("GROQ_API_KEY");
  REQUIRE(groq);
  CHECK(groq->api_key == "gsk-from-environment");
  CHECK(tally::options_from_environment("ollama")->api_key.empty());
  CHECK_FALSE(tally::options_from_environment("nobody"));
}

TEST_CASE("presets: DeepSeek's are read as without a name, with the URL of a proxy") {
  environment::set("DEEPSEEK_API_KEY", "sk-1");
  environment::set("DEEPSEEK_BASE_URL", "http://localhost:9");
  const auto named = tally::options_from_environment("deepseek");
  environment::unset("DEEPSEEK_API_KEY");
  environment::unset("DEEPSEEK_BASE_URL");
  REQUIRE(named);
  CHECK(named->api_key == "sk-1");
  CHECK(named->base_url == "http://localhost:9");
  CHECK(named->provider == "deepseek");
}

TEST_CASE("presets: a missing key is told before the first call, with its variable's name") {
  const tally::Error error = refusal_of(*tally::options_for("groq"));
  CHECK(error.kind == ErrorKind::authentication);
  CHECK(error.message ==
        "no API key: set ClientOptions::api_key (options_from_environment(\"groq\") reads "
        "GROQ_API_KEY)");
  CHECK(refusal_of({}).message.find("options_from_environment() reads DEEPSEEK_API_KEY") !=
        std::string::npos);
  CHECK(check_options(*tally::options_for("ollama")));
  CHECK(check_options(*tally::options_for("gpustack")));  // Local: it may want none.

  auto by_header = *tally::options_for("groq");
  by_header.headers = {{"authorization", "Bearer own"}};
  CHECK(check_options(by_header));
}

TEST_CASE("key header: Azure gets its key as api-key, others as a bearer, and both may be told") {
  tally::ClientOptions options;
  options.api_key = "k-1";
  options.base_url = "https://mine.openai.azure.com/openai/v1";
  const auto azure = check_options(options);
  REQUIRE(azure);
  CHECK(header(*(*azure)->headers, "api-key") == "k-1");
  CHECK(header(*(*azure)->headers, "Authorization") == "absent");
  options.token = [] { return std::string("k-2"); };
  CHECK(header(*headers_with_token(options), "api-key") == "k-2");

  options.key_header = tally::KeyHeader::bearer;
  const auto told = check_options(options);
  REQUIRE(told);
  CHECK(header(*(*told)->headers, "Authorization") == "Bearer k-1");
  CHECK(header(*(*told)->headers, "api-key") == "absent");
}

TEST_CASE("key header: a key that was sent as api-key is taken out of a server's words") {
  fake::World world;
  world.options.base_url = "https://mine.openai.azure.com/openai/v1";
  world.options.api_key = "azure-canary";
  world.network->scripts = {{fake::connect(), fake::head(401),
                             fake::body(R"({"error":{"message":"bad azure-canary here"}})"),
                             fake::end()}};
  const auto completion = world.open().chat(fake::question());
  REQUIRE_FALSE(completion.reply);
  CHECK(completion.reply.error().message.find("azure-canary") == std::string::npos);
  CHECK(completion.reply.error().message.find("bad [key] here") != std::string::npos);
}
