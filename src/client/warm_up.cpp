// SPDX-License-Identifier: MIT
#include "client/warm_up.hpp"

#include <optional>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// Only waits for the end: any answer, a refusal too, came over a connection that now stands.
class Ping final : public TransferHandler {
 public:
  std::optional<TransferEnd> end;

 private:
  void on_connected() override {}
  void on_header(std::string_view, std::string_view) override {}
  void on_head(int) override {}
  BodyFlow on_body(std::string_view) override { return BodyFlow::keep; }
  void on_end(const TransferEnd& how) override { end = how; }
};

}  // namespace

Result<void> warm_up(Lane& lane, const ClientSettings& settings, SteadyInstant until) {
  Ping ping;
  HttpRequest request;
  request.url = settings.options.base_url + "/models";
  request.headers = settings.headers;
  auto transfer = lane.transport().start(std::move(request), ping);
  if (!transfer) return std::move(transfer).error();
  while (!ping.end) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(until - lane.now());
    if (left <= std::chrono::microseconds(0)) {
      lane.transport().cancel(*transfer);
      Error error{ErrorKind::timeout, "no connection was made within the time given to warm_up"};
      error.retry_may_help = true;
      return error;
    }
    lane.turn(left);
  }
  if (ping.end->result == TransferResult::complete) return {};
  const bool is_tls = ping.end->result == TransferResult::tls_failed;
  return Error{is_tls ? ErrorKind::tls : ErrorKind::connection,
               "warm_up could not reach the server: " + ping.end->message};
}

}  // namespace TALLY_ABI
}  // namespace tally
