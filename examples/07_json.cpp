// SPDX-License-Identifier: MIT

// A schema goes in, a struct comes out. tally hands over the text; reading it is the program's own
// business, here with nlohmann_json.
//
//   DEEPSEEK_API_KEY=sk-... ./07_json

#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tally/tally.hpp>

namespace {

struct River {
  std::string name;
  std::int64_t km = 0;
};

constexpr const char* schema =
    R"({"type":"object","required":["name","km"],)"
    R"("properties":{"name":{"type":"string"},"km":{"type":"integer"}}})";

// The server promises JSON, not this JSON: a model's answer is input like any other.
std::optional<River> river_in(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("name") || !json.contains("km")) return std::nullopt;
  if (!json["name"].is_string() || !json["km"].is_number_integer()) return std::nullopt;
  return River{json["name"], json["km"]};
}

}  // namespace

int main() {
  auto client = tally::Client::open(tally::options_from_environment());
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }

  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.response_format = tally::ResponseFormat::json_object;
  request.messages = {tally::system(std::string("Answer with JSON of this schema: ") + schema),
                      tally::user("Which river is the longest?")};
  for (const tally::Advice& advice : client->advise(request)) {
    std::cerr << advice.field << ": " << advice.message << '\n';
  }

  auto [reply, receipt] = client->chat(request);
  std::cout << receipt << '\n';
  if (!reply) {
    std::cerr << reply.error().message << '\n';
    return 1;
  }
  const auto river = river_in(reply->text());
  if (!river) {
    std::cerr << "not what was asked for: " << reply->text() << '\n';
    return 1;
  }
  std::cout << river->name << ", " << river->km << " km\n";
  return 0;
}
