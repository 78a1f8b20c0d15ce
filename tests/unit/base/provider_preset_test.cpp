// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tally/provider.hpp"

namespace {

std::string usage_of(const tally::ProviderPreset& preset) {
  std::string text;
  switch (preset.usage_in_stream) {
    case tally::UsageInStream::finish_chunk:
      text = "finish chunk";
      break;
    case tally::UsageInStream::last_chunk:
      text = "last chunk";
      break;
    case tally::UsageInStream::every_chunk:
      text = "every chunk";
      break;
    case tally::UsageInStream::unknown:
      return "not known";
  }
  return preset.usage_is_asked_for ? text + ", if asked for" : text;
}

std::string code(std::string_view text) {
  return text.empty() ? "none" : "`" + std::string(text) + "`";
}

std::string row_of(const tally::ProviderPreset& preset) {
  const std::string tested =
      preset.recordings > 0 ? std::to_string(preset.recordings) + " recordings" : "description";
  std::string row = "| " + code(preset.id) + " | " + std::string(preset.name);
  row += " | " + code(preset.key_variable) + " | " + usage_of(preset) + " | " + tested + " |";
  return row + (preset.quirks.empty() ? " |" : " " + std::string(preset.quirks) + " |");
}

}  // namespace

TEST_CASE("presets: the README's table says of each what its preset says, and names no other") {
  std::ifstream file(TALLY_SOURCE_DIR "/README.md");
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  const std::size_t begin = readme.find("| id | provider |");
  REQUIRE(begin != std::string::npos);
  std::string table =
      "| id | provider | key variable | usage in a stream | tested by | to know |\n"
      "|---|---|---|---|---|---|\n";
  for (const tally::ProviderPreset& preset : tally::provider_presets())
    table += row_of(preset) + '\n';
  CHECK(readme.substr(begin, table.size() + 1) == table + "\n");
}

TEST_CASE("presets: each has a URL, and a host of its own reads as its id") {
  std::string_view last;
  for (const tally::ProviderPreset& preset : tally::provider_presets()) {
    CAPTURE(preset.id);
    CHECK(last < preset.id);
    last = preset.id;
    CHECK(preset.base_url.substr(0, 4) == "http");
    CHECK(preset.base_url.back() != '/');
    CHECK(tally::find_preset(preset.id) == &preset);
    const bool is_local = preset.base_url.find("localhost") != std::string_view::npos;
    CHECK(tally::provider_of_url(preset.base_url).id == (is_local ? "generic" : preset.id));
  }
}
