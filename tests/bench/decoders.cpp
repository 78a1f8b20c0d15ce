// SPDX-License-Identifier: MIT
#include "decoders.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#ifdef TALLY_BENCH_SIMDJSON
#include <simdjson.h>
#endif

namespace bench {
namespace {

class CountingDecoder final : public Decoder {
 public:
  void feed(std::string_view bytes) override { count_ = count_ + bytes.size(); }

 private:
  volatile std::size_t count_ = 0;
};

/// Cuts bytes into lines and hands over what follows "data: ".
template <class Read>
class LineDecoder final : public Decoder {
 public:
  explicit LineDecoder(Read read) : read_(std::move(read)) {}

  void feed(std::string_view bytes) override {
    while (!bytes.empty()) {
      const void* found = std::memchr(bytes.data(), '\n', bytes.size());
      if (found == nullptr) {
        rest_ += bytes;
        return;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      if (rest_.empty()) {
        take(bytes.substr(0, length));
      } else {
        rest_ += bytes.substr(0, length);
        take(rest_);
        rest_.clear();
      }
      bytes.remove_prefix(length + 1);
    }
  }

 private:
  void take(std::string_view line) {
    constexpr std::string_view field = "data: ";
    if (line.substr(0, field.size()) != field) return;
    line.remove_prefix(field.size());
    if (line != "[DONE]") read_(line);
  }

  Read read_;
  std::string rest_;
};

template <class Read>
std::unique_ptr<Decoder> line_decoder(Read read) {
  return std::make_unique<LineDecoder<Read>>(std::move(read));
}

struct ReadNothing {
  std::size_t lines = 0;
  void operator()(std::string_view) { ++lines; }
};

struct ReadDom {
  OnText on_text;
  nlohmann::json usage;

  void operator()(std::string_view chunk) {
    const nlohmann::json root = nlohmann::json::parse(chunk, nullptr, false);
    if (!root.is_object()) return;
    if (const auto stated = root.find("usage"); stated != root.end() && stated->is_object()) {
      usage = *stated;
    }
    const auto choices = root.find("choices");
    if (choices == root.end() || choices->empty()) return;
    const nlohmann::json& delta = (*choices)[0]["delta"];
    if (const auto text = delta.find("content"); text != delta.end() && text->is_string()) {
      return on_text(text->get_ref<const std::string&>());
    }
    if (const auto text = delta.find("reasoning_content");
        text != delta.end() && text->is_string()) {
      return on_text(text->get_ref<const std::string&>());
    }
    const auto calls = delta.find("tool_calls");
    if (calls == delta.end() || calls->empty()) return;
    on_text((*calls)[0]["function"]["arguments"].get_ref<const std::string&>());
  }
};

#ifdef TALLY_BENCH_SIMDJSON
struct ReadSimdjson {
  OnText on_text;
  std::unique_ptr<simdjson::ondemand::parser> parser =
      std::make_unique<simdjson::ondemand::parser>();
  std::string padded = std::string(4096, '\0');

  // Only what a chunk brings is looked for: no usage, no finish_reason. The floor.
  void operator()(std::string_view chunk) {
    if (padded.size() < chunk.size() + simdjson::SIMDJSON_PADDING) {
      padded.resize(2 * (chunk.size() + simdjson::SIMDJSON_PADDING));
    }
    std::memcpy(padded.data(), chunk.data(), chunk.size());
    simdjson::ondemand::document root;
    if (parser->iterate(padded.data(), chunk.size(), padded.size()).get(root) != 0) return;
    simdjson::ondemand::object delta;
    if (root["choices"].at(0)["delta"].get_object().get(delta) != 0) return;
    // In one pass, which for the keys that are not there is twice as fast as a search for each.
    for (auto each : delta) {
      simdjson::ondemand::field field;
      if (std::move(each).get(field) != 0) return;
      const simdjson::ondemand::raw_json_string key = field.key();
      std::string_view text;
      if (key == "content" || key == "reasoning_content") {
        if (field.value().get_string().get(text) == 0) on_text(text);
      } else if (key == "tool_calls") {
        auto arguments = field.value().at(0)["function"]["arguments"];
        if (arguments.get_string().get(text) == 0) on_text(text);
      }
    }
  }
};
#endif

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::string_view name, OnText on_text) {
  if (name == "count") return std::make_unique<CountingDecoder>();
  if (name == "lines") return line_decoder(ReadNothing{});
  if (name == "dom") return line_decoder(ReadDom{std::move(on_text), {}});
#ifdef TALLY_BENCH_SIMDJSON
  if (name == "simdjson") return line_decoder(ReadSimdjson{std::move(on_text)});
#endif
  return nullptr;
}

std::string read_document(std::string_view bytes) {
  const nlohmann::json root = nlohmann::json::parse(bytes, nullptr, false);
  if (!root.is_object()) return {};
  return root["choices"][0]["message"]["content"].get<std::string>();
}

bool has_simdjson() {
  return make_decoder("simdjson", [](std::string_view) {}) != nullptr;
}

std::string library_versions() {
  std::string versions = std::string("libcurl ") + curl_version_info(CURLVERSION_NOW)->version +
                         ", nlohmann_json " +
                         nlohmann::json::meta()["version"]["string"].get<std::string>();
#ifdef TALLY_BENCH_SIMDJSON
  versions += std::string(", simdjson ") + std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + '.' +
              std::to_string(simdjson::SIMDJSON_VERSION_MINOR) + '.' +
              std::to_string(simdjson::SIMDJSON_VERSION_REVISION) + " (" +
              simdjson::get_active_implementation()->name() + ')';
#else
  versions += ", no simdjson";
#endif
  return versions;
}

}  // namespace bench
