// SPDX-License-Identifier: MIT
#include "tally/record.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quietly.hpp"
#include "client/recorded_exchange.hpp"
#include "client/secret.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// What the transports of all lanes share.
struct Recorder {
  RecordSink sink;
  std::shared_ptr<const Clock> clock;
  std::mutex mutex{};  ///< One line at a time.

  void write(RecordedExchange& exchange, const std::vector<std::string>& secrets) {
    exchange.ended = clock->wall();
    redact(exchange, secrets);
    const std::string line = to_line(exchange);
    std::lock_guard<std::mutex> lock(mutex);
    sink(line);
  }
};

/// One time for all that comes in one turn of a transport: what came together is replayed together.
class TurnTime {
 public:
  explicit TurnTime(const Clock& clock) : clock_(clock) {}
  void next_turn() { now_.reset(); }
  SteadyInstant now() {
    if (!now_) now_ = clock_.steady();
    return *now_;
  }

 private:
  const Clock& clock_;
  std::optional<SteadyInstant> now_;
};

/// Stands between a transport and the handler of one transfer.
class RecordedTransfer final : public TransferHandler {
 public:
  RecordedTransfer(std::shared_ptr<Recorder> recorder, TurnTime& turn, const HttpRequest& request,
                   TransferHandler& handler)
      : recorder_(std::move(recorder)), turn_(turn), handler_(handler) {
    if (request.headers) secrets_ = secrets_in(*request.headers);
    exchange_ = recorded_request(request);
    exchange_.started = recorder_->clock->wall();
    started_at_ = recorder_->clock->steady();
  }

  void cancel() noexcept {
    if (is_over_) return;
    turn_.next_turn();
    end({TransferResult::cancelled, "", exchange_.is_connected, {}});
  }
  bool is_over() const { return is_over_; }

 private:
  void on_connected() override {
    exchange_.is_connected = true;
    exchange_.connected_after = elapsed();
    handler_.on_connected();
  }
  void on_header(std::string_view name, std::string_view value) override {
    exchange_.headers.emplace_back(name, value);
    handler_.on_header(name, value);
  }
  void on_head(int status) override {
    exchange_.status = status;
    exchange_.head_after = elapsed();
    handler_.on_head(status);
  }
  BodyFlow on_body(std::string_view bytes) override {
    const BodyFlow flow = handler_.on_body(bytes);
    if (flow == BodyFlow::pause) return flow;  // It comes again.
    exchange_.pieces.push_back({std::string(bytes), elapsed()});
    return flow;
  }
  void on_end(const TransferEnd& how) override {
    end(how);
    handler_.on_end(how);
  }

  std::chrono::microseconds elapsed() {
    return std::max(
        std::chrono::duration_cast<std::chrono::microseconds>(turn_.now() - started_at_),
        std::chrono::microseconds(0));
  }
  /// Without memory for its line an exchange is not recorded; the call has its end in any case.
  void end(const TransferEnd& how) noexcept {
    is_over_ = true;
    quietly([&] {
      exchange_.result = how.result;
      exchange_.message = how.message;
      exchange_.request_sent = how.request_sent;
      exchange_.ended_after = elapsed();
      recorder_->write(exchange_, secrets_);
    });
  }

  std::shared_ptr<Recorder> recorder_;
  TurnTime& turn_;
  TransferHandler& handler_;
  std::vector<std::string> secrets_;
  RecordedExchange exchange_;
  SteadyInstant started_at_{};
  bool is_over_ = false;
};

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> inner, std::shared_ptr<Recorder> recorder)
      : recorder_(std::move(recorder)), turn_(*recorder_->clock), inner_(std::move(inner)) {}

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    forget_ended();
    auto transfer = std::make_unique<RecordedTransfer>(recorder_, turn_, request, handler);
    // Its place is made first: a transfer that is under way needs its handler.
    Transfers place;
    RecordedTransfer& recorded = *(place[0] = std::move(transfer));
    auto id = inner_->start(std::move(request), recorded);
    if (!id) return id;
    auto node = place.extract(place.begin());
    node.key() = *id;
    transfers_.insert(std::move(node));
    return id;
  }
  void pause(TransferId id) override { inner_->pause(id); }
  void resume(TransferId id) override { inner_->resume(id); }
  void cancel(TransferId id) override {
    inner_->cancel(id);
    const auto found = transfers_.find(id);
    if (found != transfers_.end()) found->second->cancel();
  }
  void drive(std::chrono::microseconds wait) override {
    forget_ended();  // Not sooner: a handler may cancel its own transfer, whose frame stands then.
    turn_.next_turn();
    inner_->drive(wait);
  }
  SteadyInstant next_deadline() const override { return inner_->next_deadline(); }
  void wake() override { inner_->wake(); }
  void forget_idle_connections() override { inner_->forget_idle_connections(); }
  bool show_sockets() override { return inner_->show_sockets(); }
  std::vector<SocketWatch> take_watches() override { return inner_->take_watches(); }
  void note_ready(SocketHandle socket, SocketReady ready) override {
    inner_->note_ready(socket, ready);
  }

 private:
  using Transfers = std::map<TransferId, std::unique_ptr<RecordedTransfer>>;

  void forget_ended() {
    for (auto it = transfers_.begin(); it != transfers_.end();) {
      it = it->second->is_over() ? transfers_.erase(it) : std::next(it);
    }
  }

  std::shared_ptr<Recorder> recorder_;
  TurnTime turn_;
  Transfers transfers_;
  std::unique_ptr<Transport> inner_;  ///< Goes first: it may know the transfers.
};

}  // namespace

TransportFactory recording_transport(TransportFactory inner, RecordSink sink,
                                     std::shared_ptr<const Clock> clock) {
  auto recorder = std::make_shared<Recorder>();
  recorder->sink = std::move(sink);
  recorder->clock = std::move(clock);
  return [recorder, inner = std::move(inner)]() -> Result<std::unique_ptr<Transport>> {
    auto transport = inner();
    if (!transport) return transport;
    return std::unique_ptr<Transport>(
        std::make_unique<RecordingTransport>(*std::move(transport), recorder));
  };
}

}  // namespace TALLY_ABI
}  // namespace tally
