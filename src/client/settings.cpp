// SPDX-License-Identifier: MIT
#include "client/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/quietly.hpp"
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

/// "https://host:8080/v1" -> "host"; empty where that is no http URL. User names in URLs are
/// refused: they would end in logs.
std::string_view host_of(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.substr(0, scheme.size()) != scheme) continue;
    url.remove_prefix(scheme.size());
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    if (authority.find('@') != std::string_view::npos) return {};
    if (!authority.empty() && authority.front() == '[') {
      return authority.substr(0, authority.find(']') + 1);
    }
    return authority.substr(0, authority.find(':'));
  }
  return {};
}

Provider provider_of(const ClientOptions& options) {
  return options.provider.empty() ? provider_of_url(options.base_url)
                                  : provider_named(options.provider);
}

std::pair<std::string, std::string> key_line(const ClientOptions& options, const std::string& key) {
  const ProviderPreset* preset = find_preset(provider_of(options).id);
  const KeyHeader usual = preset != nullptr ? preset->key_header : KeyHeader::bearer;
  if (options.key_header.value_or(usual) == KeyHeader::api_key) return {"api-key", key};
  return {"Authorization", "Bearer " + key};
}

std::shared_ptr<const HttpHeaders> headers_of(const ClientOptions& options,
                                              const std::string& key) {
  HttpHeaders headers;
  if (!key.empty()) headers.push_back(key_line(options, key));
  headers.emplace_back("Content-Type", "application/json");
  const std::string own = "tally/" TALLY_VERSION;
  headers.emplace_back("User-Agent",
                       options.user_agent.empty() ? own : options.user_agent + " " + own);
  headers.emplace_back("Expect", "");  // No wait for "100 Continue" before a long body.
  for (const auto& header : options.headers) headers.push_back(header);
  return std::make_shared<const HttpHeaders>(std::move(headers));
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string fim_url_of(std::string_view base, const Provider& provider) {
  if (provider.id == "mistral") return std::string(base) + "/fim/completions";
  if (provider.id != "deepseek") return std::string(base) + "/completions";
  // There it is for the beta alone, which stands beside the version that a base URL may name.
  if (ends_with(base, "/v1")) base.remove_suffix(3);
  return std::string(base) + (ends_with(base, "/beta") ? "/completions" : "/beta/completions");
}

Result<void> check_url(const std::string& url, const std::string& host) {
  if (const std::size_t brace = url.find('{'); brace != url.npos) {
    const std::size_t end = std::min(url.find('}', brace), url.size() - 1);
    return Error{ErrorKind::invalid_argument, "ClientOptions::base_url still holds " +
                                                  url.substr(brace, end + 1 - brace) +
                                                  ": put your own there"};
  }
  if (!host.empty() && !has_control(url)) return {};
  return Error{ErrorKind::invalid_argument,
               "ClientOptions::base_url has to be like https://host or https://host:port/path, "
               "without a user name"};
}

/// The preset whose own server is asked; null: a proxy, a local server or an unknown one, and
/// those may want no key.
const ProviderPreset* preset_that_wants_a_key(const std::string& provider,
                                              const std::string& host) {
  const ProviderPreset* preset = find_preset(provider);
  if (preset == nullptr || preset->key_variable.empty() || host == "localhost") return nullptr;
  return host_of(preset->base_url) == host ? preset : nullptr;
}

Result<void> check_key(const ClientOptions& options, const std::string& provider,
                       const std::string& host) {
  if (!options.api_key.empty() || options.token || !key_in(options.headers).empty()) return {};
  const ProviderPreset* preset = preset_that_wants_a_key(provider, host);
  if (preset == nullptr) return {};
  const std::string argument = preset->id == "deepseek" ? "" : '"' + std::string(preset->id) + '"';
  return Error{ErrorKind::authentication,
               "no API key: set ClientOptions::api_key (options_from_environment(" + argument +
                   ") reads " + std::string(preset->key_variable) + ")"};
}

Result<void> check_headers(const ClientOptions& options) {
  if (has_control(options.api_key)) {
    return Error{ErrorKind::invalid_argument,
                 "ClientOptions::api_key holds a control character (a line end from a file?)"};
  }
  if (has_control(options.user_agent)) {
    return Error{ErrorKind::invalid_argument,
                 "ClientOptions::user_agent holds a control character"};
  }
  for (const auto& [name, value] : options.headers) {
    const bool bad_name = name.empty() || name.find_first_of(": ") != std::string::npos;
    if (!bad_name && !has_control(name) && !has_control(value)) continue;
    return Error{ErrorKind::invalid_argument,
                 "ClientOptions::headers: a header's name is empty or holds a colon or a space, or "
                 "its text holds a control character"};
  }
  return {};
}

}  // namespace

std::shared_ptr<const HttpHeaders> headers_with_token(const ClientOptions& options) {
  std::string key;
  // A host's function that throws has given no key; and no frame here is made for its exceptions.
  if (!quietly([&] { key = options.token(); })) return nullptr;
  return key.empty() || has_control(key) ? nullptr : headers_of(options, key);
}

Result<std::shared_ptr<const ClientSettings>> check_options(ClientOptions options) {
  const std::string host(host_of(options.base_url));
  if (auto checked = check_url(options.base_url, host); !checked) return checked.error();
  if (auto checked = check_headers(options); !checked) return checked.error();
  if (bool(options.loop.on_socket) != bool(options.loop.on_timer)) {
    return Error{ErrorKind::invalid_argument,
                 "ClientOptions::loop: a loop needs both on_socket and on_timer"};
  }
  if (options.limits.queued_deltas == 0 || options.limits.json_depth <= 0) {
    return Error{ErrorKind::invalid_argument,
                 "ClientOptions::limits: queued_deltas and json_depth have to be above 0"};
  }
  ClientSettings settings;
  settings.provider = provider_of(options);
  if (auto checked = check_key(options, settings.provider.id, host); !checked) {
    return checked.error();
  }
  settings.host = host;
  if (options.provider.empty()) settings.price_host = host;
  while (!options.base_url.empty() && options.base_url.back() == '/') options.base_url.pop_back();
  settings.chat_url = options.base_url + "/chat/completions";
  settings.fim_url = fim_url_of(options.base_url, settings.provider);
  settings.headers = headers_of(options, options.api_key);
  settings.clock = options.clock ? options.clock : system_clock();
  settings.meter = std::make_shared<Meter>(options.currency);
  settings.options = std::move(options);
  return std::make_shared<const ClientSettings>(std::move(settings));
}

ClientOptions options_from_environment() {
  ClientOptions options;
  options.provider = "deepseek";  // The variables say so, also where the URL is a proxy's.
  if (const char* key = std::getenv("DEEPSEEK_API_KEY")) options.api_key = key;
  if (const char* url = std::getenv("DEEPSEEK_BASE_URL")) options.base_url = url;
  return options;
}

Result<ClientOptions> options_for(std::string_view preset_id) {
  const ProviderPreset* preset = find_preset(preset_id);
  if (preset == nullptr) {
    return Error{ErrorKind::invalid_argument,
                 "no preset is called \"" + std::string(preset_id) +
                     "\" (provider_presets() lists them); set ClientOptions::base_url instead"};
  }
  ClientOptions options;
  options.base_url = preset->base_url;
  options.provider = preset->id;
  return options;
}

Result<ClientOptions> options_from_environment(std::string_view preset_id) {
  auto options = options_for(preset_id);
  if (!options) return options;
  if (options->provider == "deepseek") return options_from_environment();
  const std::string variable(find_preset(preset_id)->key_variable);
  const char* key = variable.empty() ? nullptr : std::getenv(variable.c_str());
  if (key != nullptr) options->api_key = key;
  return options;
}

}  // namespace TALLY_ABI
}  // namespace tally
