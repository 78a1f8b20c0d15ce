// SPDX-License-Identifier: MIT
#include "client/call_order.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "wire/fim_json.hpp"
#include "wire/request_bound.hpp"
#include "wire/request_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using MaxTokens = std::optional<std::int64_t>;

// DeepSeek's guide to FIM: its output ends there, and a request for more is refused.
constexpr std::int64_t most_fim_output = 4096;

/// `url` is one of the settings'; `written`: the request as JSON; `max_tokens_if_absent`: as it was
/// written.
template <class Request>
CallOrder make_order(const std::string& url, const Request& request, CallShape shape,
                     Booking booking, Result<std::string> written, MaxTokens max_tokens_if_absent) {
  if (!written) {
    return {shape, request.model, &url, std::move(written).error(), std::move(booking)};
  }
  booking.know_request(bound_of(request, written->size(), max_tokens_if_absent),
                       booking.has_ledger() ? least_prompt_tokens(request) : 0);
  return {shape, request.model, &url, std::make_shared<const std::string>(*std::move(written)),
          std::move(booking)};
}

}  // namespace

CallOrder order_of(const ClientSettings& settings, const ChatRequest& request,
                   const CallOptions& options, CallShape shape) {
  Booking booking(settings, options, request.model);
  const MaxTokens most = booking.max_tokens_if_absent();
  auto written = write_request(request, shape == CallShape::streamed, most,
                               request_dialect(settings.provider));
  return make_order(settings.chat_url, request, shape, std::move(booking), std::move(written),
                    most);
}

CallOrder order_of(const ClientSettings& settings, const FimRequest& request,
                   const CallOptions& options, CallShape shape) {
  Booking booking(settings, options, request.model);
  MaxTokens most = booking.max_tokens_if_absent();
  const bool is_deepseek = settings.provider.id == "deepseek";
  if (is_deepseek && most) most = std::min(*most, most_fim_output);
  auto written = write_request(request, shape == CallShape::streamed, most);
  // Where no budget writes its bound into the request, the server's own holds.
  if (is_deepseek && !most) most = most_fim_output;
  return make_order(settings.fim_url, request, shape, std::move(booking), std::move(written), most);
}

}  // namespace TALLY_ABI
}  // namespace tally
