// SPDX-License-Identifier: MIT
#include "c_api/options.hpp"

#include "c_api/handles.hpp"
#include "c_api/init.hpp"
#include "c_api/transport.hpp"
#include "tally/record.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

Limits limits_of(const tally_limits* limits, Arguments& given) {
  const tally_limits read = given.in(limits, "limits");
  const auto size = [&](std::int64_t value, std::string_view name) {
    return static_cast<std::size_t>(given.at_least(1, value, name));
  };
  Limits made;
  made.line_bytes = size(read.line_bytes, "limits.line_bytes");
  made.event_bytes = size(read.event_bytes, "limits.event_bytes");
  made.reply_bytes = size(read.reply_bytes, "limits.reply_bytes");
  made.queued_deltas = size(read.queued_deltas, "limits.queued_deltas");
  made.json_depth = static_cast<int>(given.at_least(1, read.json_depth, "limits.json_depth"));
  made.keep_raw = read.keep_raw != 0;
  return made;
}

CurlOptions curl_of(const tally_curl_options* curl, Arguments& given) {
  const tally_curl_options read = given.in(curl, "curl");
  CurlOptions made;
  made.ca_file = given.string(read.ca_file, "curl.ca_file");
  made.ca_pem = given.string(read.ca_pem, "curl.ca_pem");
  made.client_certificate = given.string(read.client_certificate, "curl.client_certificate");
  made.client_key = given.string(read.client_key, "curl.client_key");
  made.client_key_password = given.string(read.client_key_password, "curl.client_key_password");
  made.proxy = given.string(read.proxy, "curl.proxy");
  made.proxy_user = given.string(read.proxy_user, "curl.proxy_user");
  made.proxy_password = given.string(read.proxy_password, "curl.proxy_password");
  made.unix_socket = given.string(read.unix_socket, "curl.unix_socket");
  made.resolve = given.strings(read.resolve, read.resolve_count, "curl.resolve");
  made.http_version = read.http2 != 0 ? HttpVersion::http2 : HttpVersion::http1;
  made.compression = read.compression != 0;
  return made;
}

/// The beginning: defaults, a preset, the environment.
Result<ClientOptions> base_of(const tally_client_options& read, Arguments& given) {
  const std::string_view preset = given.text(read.preset, "options.preset");
  if (!given.good()) return given.error();
  const bool from_environment = read.from_environment != 0;
  if (!preset.empty()) {
    return from_environment ? options_from_environment(preset) : options_for(preset);
  }
  return from_environment ? options_from_environment() : ClientOptions();
}

void take_account(const tally_client_options& read, ClientOptions* made, Arguments& given) {
  const auto text = [&](const tally_text& from, std::string_view name, std::string* to) {
    if (from.size > 0) *to = given.string(from, name);
  };
  text(read.api_key, "options.api_key", &made->api_key);
  text(read.base_url, "options.base_url", &made->base_url);
  text(read.provider, "options.provider", &made->provider);
  text(read.user_agent, "options.user_agent", &made->user_agent);
  made->currency =
      given.currency(given.text(read.currency, "options.currency"), "options.currency");
  given.between(0, read.key_header, TALLY_KEY_HEADER_API_KEY, "options.key_header");
  if (read.key_header == TALLY_KEY_HEADER_BEARER) made->key_header = KeyHeader::bearer;
  if (read.key_header == TALLY_KEY_HEADER_API_KEY) made->key_header = KeyHeader::api_key;
  made->billing_instant =
      given.one_of<BillingInstant>(read.billing_instant, 3, "options.billing_instant");
  for (const tally_pair& header :
       given.items(read.headers, read.headers_count, "options.headers")) {
    made->headers.emplace_back(given.string(header.key, "options.headers"),
                               given.string(header.value, "options.headers"));
  }
}

void take_parts(const tally_client_options& read, ClientOptions* made, Arguments& given) {
  given.optional_handle(read.prices, "options.prices");
  given.optional_handle(read.ledger, "options.ledger");
  if (!given.good()) return;
  if (read.prices != nullptr) made->prices = read.prices->catalog;
  if (read.ledger != nullptr) made->ledger = read.ledger->ledger;
  if (read.clocks != nullptr) made->clocks = clocks_of(read.clocks, given);
  if (read.retries != nullptr) made->retries = retries_of(read.retries, given);
  if (read.limits != nullptr) made->limits = limits_of(read.limits, given);
  if (read.curl != nullptr) made->curl = curl_of(read.curl, given);
}

void take_functions(const tally_client_options& read, ClientOptions* made, Arguments& given) {
  const HostFunctions host{read.user, read.log, read.log_level};
  made->hooks = hooks_of(host);
  made->curl.trace = trace_of(host);
  if (read.token != nullptr) made->token = token_of(read.token, read.user);
  if ((read.on_socket == nullptr) != (read.on_timer == nullptr)) {
    given.refuse("options.on_socket", "and on_timer come together or not at all");
  }
  if (read.on_socket != nullptr) made->loop = loop_of(read.on_socket, read.on_timer, read.user);
}

tally_transport table_of(const tally_transport* transport, Arguments& given) {
  const tally_transport read = given.in(transport, "transport");
  const bool is_whole = read.make && read.destroy && read.start && read.pause && read.resume &&
                        read.cancel && read.drive && read.next_deadline && read.wake;
  if (!is_whole) given.refuse("transport", "lacks a function: all but the last are needed");
  return read;
}

tally_clock whole_clock(const tally_clock* clock, Arguments& given) {
  const tally_clock read = given.in(clock, "clock");
  if (!read.steady_ns || !read.wall_us) given.refuse("clock", "lacks a function");
  return read;
}

/// Whom the client speaks to: the host's HTTP, a recording, and whether it is recorded.
Result<void> take_transport(const tally_client_options& read, ClientOptions* made,
                            Arguments& given) {
  if (read.clock != nullptr) {
    const tally_clock clock = whole_clock(read.clock, given);
    if (given.good()) made->clock = clock_of(clock);
  }
  if (read.transport != nullptr) {
    const tally_transport table = table_of(read.transport, given);
    if (given.good()) made->transport = transport_of(table, made->clock);
  }
  const std::string_view lines = given.text(read.replay, "options.replay");
  if (!given.good()) return given.error();
  if (!lines.empty()) {
    auto replay = read_recording(lines);
    if (!replay) return std::move(replay).error();
    made->transport = std::move(replay->transport);
    made->clock = std::move(replay->clock);
  }
  if (read.record == nullptr) return {};
  auto inner = made->transport ? std::move(made->transport) : curl_transport(made->curl);
  auto sink = [record = read.record, user = read.user](std::string_view line) {
    record(user, line.data(), line.size());
  };
  made->transport =
      recording_transport(std::move(inner), sink, made->clock ? made->clock : system_clock());
  return {};
}

}  // namespace

Result<ClientOptions> client_options_of(const tally_client_options* options, Arguments& given) {
  const tally_client_options read = given.in(options, "options");
  auto made = base_of(read, given);
  if (!made) return made;
  take_account(read, &*made, given);
  take_parts(read, &*made, given);
  take_functions(read, &*made, given);
  if (auto taken = take_transport(read, &*made, given); !taken) return std::move(taken).error();
  if (!given.good()) return given.error();
  return made;
}

CallOptions call_options_of(const tally_call_options* options, Arguments& given) {
  CallOptions made;
  if (options == nullptr) return made;
  const tally_call_options read = given.in(options, "options");
  given.optional_handle(read.ledger, "options.ledger");
  given.optional_handle(read.cancel, "options.cancel");
  if (!given.good()) return made;
  made.group = read.group;
  made.labels = given.labels(read.labels, read.labels_count, "options.labels");
  if (read.clocks != nullptr) made.clocks = clocks_of(read.clocks, given);
  if (read.retries != nullptr) made.retries = retries_of(read.retries, given);
  if (read.ledger != nullptr) made.ledger = read.ledger->ledger;
  if (read.cancel != nullptr) made.cancel = read.cancel->token;
  return made;
}

Clocks clocks_of(const tally_clocks* clocks, Arguments& given) {
  const tally_clocks read = given.in(clocks, "clocks");
  Clocks made;
  made.connect = given.wait_ms(read.connect_ms, "clocks.connect_ms");
  made.first_byte = given.wait_ms(read.first_byte_ms, "clocks.first_byte_ms");
  made.payload_idle = given.wait_ms(read.payload_idle_ms, "clocks.payload_idle_ms");
  made.total = given.wait_ms(read.total_ms, "clocks.total_ms");
  made.ledger = given.wait_ms(read.ledger_ms, "clocks.ledger_ms");
  return made;
}

Retries retries_of(const tally_retries* retries, Arguments& given) {
  const tally_retries read = given.in(retries, "retries");
  Retries made;
  made.most = static_cast<int>(given.at_least(0, read.most, "retries.most"));
  made.first_delay = given.wait_ms(read.first_delay_ms, "retries.first_delay_ms");
  made.longest_delay = given.wait_ms(read.longest_delay_ms, "retries.longest_delay_ms");
  made.within = given.wait_ms(read.within_ms, "retries.within_ms");
  return made;
}

}  // namespace TALLY_ABI
}  // namespace tally

using tally::Arguments;

extern "C" {

int32_t tally_clocks_init(tally_clocks* clocks, uint32_t size) {
  const tally::Clocks usual;
  tally_clocks defaults{};
  defaults.connect_ms = usual.connect.count();
  defaults.first_byte_ms = usual.first_byte.count();
  defaults.payload_idle_ms = usual.payload_idle.count();
  defaults.total_ms = usual.total.count();
  defaults.ledger_ms = usual.ledger.count();
  return tally::init(clocks, size, defaults);
}

int32_t tally_retries_init(tally_retries* retries, uint32_t size) {
  const tally::Retries usual;
  tally_retries defaults{};
  defaults.most = usual.most;
  defaults.first_delay_ms = usual.first_delay.count();
  defaults.longest_delay_ms = usual.longest_delay.count();
  defaults.within_ms = usual.within.count();
  return tally::init(retries, size, defaults);
}

int32_t tally_limits_init(tally_limits* limits, uint32_t size) {
  const tally::Limits usual;
  tally_limits defaults{};
  defaults.json_depth = usual.json_depth;
  defaults.line_bytes = static_cast<int64_t>(usual.line_bytes);
  defaults.event_bytes = static_cast<int64_t>(usual.event_bytes);
  defaults.reply_bytes = static_cast<int64_t>(usual.reply_bytes);
  defaults.queued_deltas = static_cast<int64_t>(usual.queued_deltas);
  defaults.keep_raw = usual.keep_raw;
  return tally::init(limits, size, defaults);
}

int32_t tally_curl_options_init(tally_curl_options* options, uint32_t size) {
  return tally::init(options, size);
}

int32_t tally_client_options_init(tally_client_options* options, uint32_t size) {
  tally_client_options defaults{};
  defaults.log_level = TALLY_LOG_INFO;
  return tally::init(options, size, defaults);
}

int32_t tally_call_options_init(tally_call_options* options, uint32_t size) {
  return tally::init(options, size);
}

}  // extern "C"
