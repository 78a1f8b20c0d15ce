// SPDX-License-Identifier: MIT
#include "tally/provider.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using tally::OutputRule;
using tally::provider_named;
using tally::provider_of_url;

std::string id_of(std::string_view url) { return provider_of_url(url).id; }

TEST_CASE("provider: a base URL names its provider whatever its path") {
  CHECK(id_of("https://api.deepseek.com") == "deepseek");
  CHECK(id_of("https://api.deepseek.com/") == "deepseek");
  CHECK(id_of("https://api.deepseek.com/beta") == "deepseek");
  CHECK(id_of("https://api.deepseek.com/v3.2_speciale_expires_on_20251215") == "deepseek");
  CHECK(id_of("https://api.openai.com/v1") == "openai");
  CHECK(id_of("https://eu.api.openai.com/v1") == "openai");
  CHECK(id_of("https://my-resource.openai.azure.com/openai/v1") == "azure");
  CHECK(id_of("https://my-resource.services.ai.azure.com/models") == "azure");
  CHECK(id_of("https://openrouter.ai/api/v1") == "openrouter");
  CHECK(id_of("https://api.groq.com/openai/v1") == "groq");
  CHECK(id_of("https://api.x.ai/v1") == "xai");
  CHECK(id_of("https://api.mistral.ai/v1") == "mistral");
  CHECK(id_of("https://api.moonshot.ai/v1") == "moonshot");
  CHECK(id_of("https://api.moonshot.cn/v1") == "moonshot");
  CHECK(id_of("https://dashscope.aliyuncs.com/compatible-mode/v1") == "alibaba");
  CHECK(id_of("https://dashscope-intl.aliyuncs.com/compatible-mode/v1") == "alibaba");
  CHECK(id_of("https://generativelanguage.googleapis.com/v1beta/openai/") == "gemini");
  CHECK(id_of("https://api.perplexity.ai") == "perplexity");
  CHECK(id_of("https://api.together.xyz/v1") == "together");
  CHECK(id_of("https://api.together.ai/v1") == "together");
  CHECK(id_of("https://api.fireworks.ai/inference/v1") == "fireworks");
  CHECK(id_of("https://api.cerebras.ai/v1") == "cerebras");
  CHECK(id_of("https://router.huggingface.co/v1") == "huggingface");
  CHECK(id_of("https://api.z.ai/api/paas/v4") == "zai");
  CHECK(id_of("https://open.bigmodel.cn/api/paas/v4") == "zai");
}

TEST_CASE("provider: case, port, user and a final dot do not hide a host") {
  CHECK(id_of("HTTPS://API.DeepSeek.COM/v1") == "deepseek");
  CHECK(id_of("https://api.deepseek.com:443/v1") == "deepseek");
  CHECK(id_of("https://me:secret@api.deepseek.com/v1") == "deepseek");
  CHECK(id_of("https://api.deepseek.com./v1") == "deepseek");
  CHECK(id_of("https://api.deepseek.com?x=1") == "deepseek");
  CHECK(id_of("api.deepseek.com/v1") == "deepseek");
}

TEST_CASE("provider: a host that only looks like a known one is generic") {
  CHECK(id_of("https://api.deepseek.com.example.org/v1") == "generic");
  CHECK(id_of("https://api.deepseek.com@example.org/v1") == "generic");
  CHECK(id_of("https://example.org/api.deepseek.com") == "generic");
  CHECK(id_of("https://example.org/?u=@api.deepseek.com") == "generic");
  CHECK(id_of("https://not-api.x.ai/v1") == "generic");
  CHECK(id_of("https://openai.azure.com.example.org") == "generic");
  CHECK(id_of("http://localhost:11434/v1") == "generic");
  CHECK(id_of("http://[::1]:8080/v1") == "generic");
  CHECK(id_of("") == "generic");
  CHECK(id_of("://") == "generic");
}

TEST_CASE("provider: xAI and Gemini bill output that completion_tokens leaves out") {
  CHECK(provider_named("xai").output_rule == OutputRule::total_minus_prompt);
  CHECK(provider_named("gemini").output_rule == OutputRule::total_minus_prompt);
  CHECK(provider_of_url("https://api.x.ai/v1").output_rule == OutputRule::total_minus_prompt);
  CHECK(provider_named("deepseek").output_rule == OutputRule::completion);
  CHECK(provider_named("mistral").output_rule == OutputRule::completion);
}

TEST_CASE("provider: a name nobody knows stays as it is and reads as a generic server") {
  for (const char* id : {"my-proxy", "dashscope", "zhipu", "vllm", "llama.cpp", ""}) {
    CHECK(provider_named(id).id == id);
    CHECK(provider_named(id).output_rule == OutputRule::completion);
  }
}

TEST_CASE("preset: each is found by its id, they are sorted, and its URL is its provider's") {
  std::string_view before;
  for (const tally::ProviderPreset& preset : tally::provider_presets()) {
    CAPTURE(preset.id);
    CHECK(before < preset.id);
    before = preset.id;
    CHECK(tally::find_preset(preset.id) == &preset);
    const bool is_local = preset.base_url.find("localhost") != std::string_view::npos;
    if (!is_local) CHECK(id_of(preset.base_url) == preset.id);
  }
}

TEST_CASE("preset: another name for a provider leads to it") {
  REQUIRE(tally::find_preset("dashscope") != nullptr);
  CHECK(tally::find_preset("dashscope")->id == "alibaba");
  CHECK(tally::find_preset("kimi")->id == "moonshot");
  CHECK(tally::find_preset("zhipu")->id == "zai");
  CHECK(tally::find_preset("nobody") == nullptr);
}

}  // namespace
