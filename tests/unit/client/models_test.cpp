// SPDX-License-Identifier: MIT
#include "tally/models.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fake_network.hpp"

using namespace std::chrono_literals;
using tally::ErrorKind;
using tally::parse_models;

namespace {

// As DeepSeek documents it.
constexpr const char* documented =
    R"({"object":"list","data":[{"id":"deepseek-flash","object":"model","owned_by":"deepseek"},)"
    R"( {"id":"deepseek-v4-pro","object":"model","owned_by":"deepseek"}]})";

}  // namespace

TEST_CASE("models: each has its name, its owner and the server's own JSON") {
  const auto models = parse_models(documented);
  REQUIRE(models);
  REQUIRE(models->size() == 2);
  CHECK((*models)[0].id == "deepseek-flash");
  CHECK((*models)[0].owned_by == "deepseek");
  CHECK((*models)[1].raw == R"({"id":"deepseek-v4-pro","object":"model","owned_by":"deepseek"})");
}

TEST_CASE("models: a bare list, no owner, no models, and bytes that are no UTF-8 are read") {
  const auto bare = parse_models("[{\"id\":\"a\xff\",\"context\":8192},{\"id\":\"b\"}]");
  REQUIRE(bare);
  REQUIRE(bare->size() == 2);
  CHECK((*bare)[0].owned_by.empty());
  CHECK((*bare)[0].raw == "{\"id\":\"a\xef\xbf\xbd\",\"context\":8192}");
  CHECK((*bare)[1].raw == R"({"id":"b"})");
  CHECK(parse_models(R"({"data":[]})")->empty());
}

TEST_CASE("models: what is no list of models is an error") {
  for (const char* json : {"", "<html>", "{}", R"({"data":{}})", R"({"data":[{"name":"a"}]})",
                           R"({"data":["a"]})", R"({"data":[{"id":1}]})"}) {
    const auto models = parse_models(json);
    REQUIRE_FALSE(models);
    CHECK(models.error().kind == ErrorKind::malformed_reply);
  }
}

TEST_CASE("models: a client asks its server") {
  fake::World world;
  world.network->scripts = {
      {fake::connect(), fake::head(200), fake::body(documented), fake::end()},
      {fake::connect(), fake::head(401),
       fake::body(R"({"error":{"message":"no such key: sk-canary"}})"), fake::end()}};
  const tally::Client client = world.open();
  const auto models = client.models(1s);
  REQUIRE(models);
  CHECK(models->size() == 2);
  CHECK(world.network->requests[0].url == "https://api.deepseek.com/models");
  CHECK(world.network->requests[0].body.get() == nullptr);

  const auto refused = client.models(1s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::authentication);
  CHECK(refused.error().message.find("sk-canary") == std::string::npos);

  const auto silent = client.models(1s);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().kind == ErrorKind::timeout);
}
