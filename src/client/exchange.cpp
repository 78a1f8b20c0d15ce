// SPDX-License-Identifier: MIT
#include "client/exchange.hpp"

#include <algorithm>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Of an error's text only the start is of use.
constexpr std::size_t error_body_bytes = 256 * 1024;

bool same_header(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == y; });
}

}  // namespace

Exchange::Exchange(const ClientSettings& settings, DeltaQueue* deltas,
                   std::function<void()> on_news)
    : settings_(settings), deltas_(deltas), on_news_(std::move(on_news)) {}

std::uint64_t Exchange::payload_count() const {
  return reader ? reader->payload_count() : error_body.size();
}

void Exchange::on_connected() {
  is_connected = true;
  on_news_();
}

void Exchange::on_header(std::string_view name, std::string_view value) {
  // DeepSeek's own id first; others only where it is missing.
  if (same_header(name, "x-ds-trace-id")) request_id = value;
  if (request_id.empty() && same_header(name, "x-request-id")) request_id = value;
  if (same_header(name, "location")) location = value;
  if (same_header(name, "retry-after")) retry_after = value;
}

void Exchange::on_head(int status_code) {
  status = status_code;
  if (!is_success_status()) return;
  reader.emplace(settings_.provider, settings_.options.limits,
                 deltas_ != nullptr ? deltas_->back() : nullptr);
}

BodyFlow Exchange::on_body(std::string_view bytes) {
  on_news_();
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

void Exchange::on_end(const TransferEnd& how) {
  end = how;
  on_news_();
}

}  // namespace TALLY_ABI
}  // namespace tally
