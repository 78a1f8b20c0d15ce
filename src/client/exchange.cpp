// SPDX-License-Identifier: MIT
#include "client/exchange.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/quietly.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Of an error's text only the start is of use.
constexpr std::size_t error_body_bytes = 256 * 1024;

// What tells of limits, ids and times, or of who answered behind a proxy.
constexpr std::string_view told_beginnings[] = {"x-ratelimit-",
                                                "ratelimit",
                                                "retry-after",
                                                "x-request-id",
                                                "x-ds-trace-id",
                                                "openai-",
                                                "apim-request-id",
                                                "cf-ray",
                                                "x-served-by",
                                                "server-timing",
                                                "x-envoy-upstream-service-time"};
constexpr std::size_t most_told_headers = 64;

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_header(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower_case(x) == y; });
}

/// Most headers are not, and cost nothing but this.
bool is_told(std::string_view name) {
  return std::any_of(
      std::begin(told_beginnings), std::end(told_beginnings),
      [name](std::string_view start) { return same_header(name.substr(0, start.size()), start); });
}

}  // namespace

Exchange::Exchange(const ClientSettings& settings, std::int64_t choices, DeltaQueue* deltas,
                   std::function<void()> on_news)
    : settings_(settings), choices_(choices), deltas_(deltas), on_news_(std::move(on_news)) {}

std::uint64_t Exchange::payload_count() const {
  return reader ? reader->payload_count() : error_body.size();
}

template <class Note>
void Exchange::take(Note note) {
  if (ran_out || quietly(note)) return;
  ran_out = true;
  on_news_();
}

void Exchange::on_connected() {
  is_connected = true;
  on_news_();
}

void Exchange::on_header(std::string_view name, std::string_view value) {
  take([&] { take_header(name, value); });
}

void Exchange::take_header(std::string_view name, std::string_view bytes) {
  // HTTP allows any byte there; an id of these goes into ledgers, and to languages that refuse it.
  if (same_header(name, "location")) location = replace_invalid_utf8(bytes);
  if (!is_told(name)) return;
  std::string value = replace_invalid_utf8(bytes);
  // DeepSeek's own id first; others only where it is missing.
  if (same_header(name, "x-ds-trace-id")) request_id = value;
  if (request_id.empty() && same_header(name, "x-request-id")) request_id = value;
  if (same_header(name, "retry-after")) retry_after = value;
  if (told_headers.size() == most_told_headers) return;
  std::string lower = replace_invalid_utf8(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), lower_case);
  told_headers.push_back({std::move(lower), std::move(value)});
}

void Exchange::on_head(int status_code) {
  status = status_code;
  if (!is_success_status()) return;
  status = 0;  // Without memory for a reader this is no answer.
  take([&] {
    reader.emplace(settings_.provider, settings_.options.limits,
                   deltas_ != nullptr ? deltas_->back() : nullptr);
    reader->expect_choices(choices_);
    status = status_code;
  });
}

BodyFlow Exchange::on_body(std::string_view bytes) {
  on_news_();
  BodyFlow flow = BodyFlow::abort;
  take([&] { flow = take_body(bytes); });
  return flow;
}

BodyFlow Exchange::take_body(std::string_view bytes) {
  if (!reader) {
    error_body.append(bytes.substr(0, error_body_bytes - error_body.size()));
    return error_body.size() < error_body_bytes ? BodyFlow::keep : BodyFlow::abort;
  }
  if (deltas_ != nullptr && deltas_->size() >= settings_.options.limits.queued_deltas) {
    is_paused = true;
    return BodyFlow::pause;
  }
  reader->feed(bytes);
  return reader->hopeless() ? BodyFlow::abort : BodyFlow::keep;
}

void Exchange::on_end(const TransferEnd& how) noexcept {
  TransferEnd& noted = end.emplace();
  noted.result = how.result;
  noted.request_sent = how.request_sent;
  noted.times = how.times;
  quietly([&] { noted.message = how.message; });
  ended_at = settings_.clock->wall();
  on_news_();
}

}  // namespace TALLY_ABI
}  // namespace tally
