// SPDX-License-Identifier: MIT
#include "client/fetch.hpp"

#include <optional>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// The longest list of models is a megabyte; a server may send anything.
constexpr std::size_t most_bytes = 16 * 1024 * 1024;

class Answer final : public TransferHandler {
 public:
  Fetched fetched;
  std::optional<TransferEnd> end;

 private:
  void on_connected() override {}
  void on_header(std::string_view, std::string_view) override {}
  void on_head(int status) override { fetched.status = status; }
  BodyFlow on_body(std::string_view bytes) override {
    if (fetched.body.size() + bytes.size() > most_bytes) return BodyFlow::abort;
    fetched.body += bytes;
    return BodyFlow::keep;
  }
  void on_end(const TransferEnd& how) override { end = how; }
};

Error error_of(const TransferEnd& end, std::string_view who) {
  ErrorKind kind = ErrorKind::connection;
  if (end.result == TransferResult::tls_failed) kind = ErrorKind::tls;
  if (end.result == TransferResult::refused_by_handler) kind = ErrorKind::limit_exceeded;
  if (end.result == TransferResult::cancelled) kind = ErrorKind::cancelled;
  Error error{kind, std::string(who) + " could not reach the server: " + end.message};
  if (kind == ErrorKind::limit_exceeded) {
    error.message = std::string(who) + " got an answer of more than 16 MiB";
  }
  error.retry_may_help = kind == ErrorKind::connection;
  return error;
}

}  // namespace

Result<Fetched> fetch(Lane& lane, const ClientSettings& settings, const FetchOrder& order) {
  Answer answer;
  HttpRequest request;
  request.url = settings.options.base_url + std::string(order.path);
  request.headers = order.headers;
  auto transfer = lane.transport().start(std::move(request), answer);
  if (!transfer) return std::move(transfer).error();
  struct Transfer {  // Ends with this function, also where memory runs out.
    Transport& transport;
    const TransferId id;
    const Answer& answer;
    ~Transfer() {
      if (!answer.end) transport.cancel(id);
    }
  } const under_way{lane.transport(), *transfer, answer};
  while (!answer.end) {
    if (order.client_stops.load(std::memory_order_acquire)) {
      return Error{ErrorKind::closed, "the client was shut down"};
    }
    const auto left =
        std::chrono::ceil<std::chrono::microseconds>(order.until - settings.clock->steady());
    if (left <= std::chrono::microseconds(0)) {
      Error error{ErrorKind::timeout,
                  "the server did not answer within the time given to " + std::string(order.who)};
      error.retry_may_help = true;
      return error;
    }
    lane.turn(left);
  }
  if (answer.end->result != TransferResult::complete) return error_of(*answer.end, order.who);
  return std::move(answer.fetched);
}

}  // namespace TALLY_ABI
}  // namespace tally
