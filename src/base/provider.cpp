// SPDX-License-Identifier: MIT
#include "tally/provider.hpp"

#include <cstddef>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// A `*` in a host stands for any characters or none, at most one per host.
struct HostRule {
  std::string_view host;
  std::string_view id;
};

constexpr HostRule host_rules[] = {
    {"api.deepseek.com", "deepseek"},
    {"api.openai.com", "openai"},
    {"*.api.openai.com", "openai"},
    {"*.openai.azure.com", "azure"},
    {"*.services.ai.azure.com", "azure"},
    {"*.cognitiveservices.azure.com", "azure"},
    {"openrouter.ai", "openrouter"},
    {"api.groq.com", "groq"},
    {"api.x.ai", "xai"},
    {"*.api.x.ai", "xai"},
    {"api.mistral.ai", "mistral"},
    {"codestral.mistral.ai", "mistral"},
    {"api.moonshot.ai", "moonshot"},
    {"api.moonshot.cn", "moonshot"},
    {"dashscope*.aliyuncs.com", "alibaba"},
    {"generativelanguage.googleapis.com", "gemini"},
    {"api.perplexity.ai", "perplexity"},
    {"api.together.xyz", "together"},
    {"api.together.ai", "together"},
    {"api.fireworks.ai", "fireworks"},
    {"api.cerebras.ai", "cerebras"},
    {"router.huggingface.co", "huggingface"},
    {"api.z.ai", "zai"},
    {"open.bigmodel.cn", "zai"},
    {"api.minimax.io", "minimax"},
    {"api.minimaxi.com", "minimax"},
    {"api.siliconflow.cn", "siliconflow"},
    {"api.siliconflow.com", "siliconflow"},
    {"ark.*.volces.com", "volcengine"},
    {"api.deepinfra.com", "deepinfra"},
    {"api.avian.io", "avian"},
    {"*.snowflakecomputing.com", "snowflake"},
};

// Where completion_tokens leave out (xAI) or hide (Gemini) the reasoning that is billed as output.
// By provider only: for Mistral's audio the same arithmetic would bill input as output.
constexpr std::string_view ids_with_output_beside_completion[] = {"xai", "gemini"};

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool matches(std::string_view pattern, std::string_view host) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return host == pattern;
  return host.size() + 1 >= pattern.size() && starts_with(host, pattern.substr(0, star)) &&
         ends_with(host, pattern.substr(star + 1));
}

// The host name of a URL in lower case; what stands before an `@` is a user, not a host.
std::string host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find_first_of("/?#\\"));
  if (const std::size_t user = url.rfind('@'); user != std::string_view::npos) {
    url.remove_prefix(user + 1);
  }
  url = url.substr(0, url.find(':'));  // An IPv6 address loses its tail; no rule names one.
  if (ends_with(url, ".")) url.remove_suffix(1);

  std::string host(url);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return host;
}

}  // namespace

Provider provider_named(std::string_view id) {
  Provider provider;
  provider.id = id;
  for (const std::string_view beside : ids_with_output_beside_completion) {
    if (id == beside) provider.output_rule = OutputRule::total_minus_prompt;
  }
  return provider;
}

Provider provider_of_url(std::string_view base_url) {
  const std::string host = host_of(base_url);
  for (const HostRule& rule : host_rules) {
    if (matches(rule.host, host)) return provider_named(rule.id);
  }
  return provider_named("generic");
}

}  // namespace TALLY_ABI
}  // namespace tally
