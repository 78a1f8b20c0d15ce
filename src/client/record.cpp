// SPDX-License-Identifier: MIT
#include "tally/record.hpp"

#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

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

  void write(RecordedExchange& exchange, std::string_view key) {
    exchange.ended = clock->wall();
    redact(exchange, key);
    const std::string line = to_line(exchange);
    std::lock_guard<std::mutex> lock(mutex);
    sink(line);
  }
};

/// Stands between a transport and the handler of one transfer.
class RecordedTransfer final : public TransferHandler {
 public:
  RecordedTransfer(std::shared_ptr<Recorder> recorder, const HttpRequest& request,
                   TransferHandler& handler)
      : recorder_(std::move(recorder)), handler_(handler) {
    if (request.headers) key_ = key_in(*request.headers);
    exchange_ = recorded_request(request, key_);
    exchange_.started = recorder_->clock->wall();
  }

  void cancel() {
    if (is_over_) return;
    is_over_ = true;
    exchange_.was_cancelled = true;
    exchange_.request_sent = exchange_.is_connected;
    recorder_->write(exchange_, key_);
  }
  bool is_over() const { return is_over_; }

 private:
  void on_connected() override {
    exchange_.is_connected = true;
    handler_.on_connected();
  }
  void on_header(std::string_view name, std::string_view value) override {
    exchange_.headers.emplace_back(name, value);
    handler_.on_header(name, value);
  }
  void on_head(int status) override {
    exchange_.status = status;
    handler_.on_head(status);
  }
  BodyFlow on_body(std::string_view bytes) override {
    const BodyFlow flow = handler_.on_body(bytes);
    if (flow != BodyFlow::pause) exchange_.pieces.emplace_back(bytes);  // Else it comes again.
    return flow;
  }
  void on_end(const TransferEnd& end) override {
    is_over_ = true;
    exchange_.result = end.result;
    exchange_.message = end.message;
    exchange_.request_sent = end.request_sent;
    recorder_->write(exchange_, key_);
    handler_.on_end(end);
  }

  std::shared_ptr<Recorder> recorder_;
  TransferHandler& handler_;
  std::string key_;
  RecordedExchange exchange_;
  bool is_over_ = false;
};

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> inner, std::shared_ptr<Recorder> recorder)
      : recorder_(std::move(recorder)), inner_(std::move(inner)) {}

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    forget_ended();
    auto transfer = std::make_unique<RecordedTransfer>(recorder_, request, handler);
    auto id = inner_->start(std::move(request), *transfer);
    if (id) transfers_.emplace(*id, std::move(transfer));
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
  void forget_ended() {
    for (auto it = transfers_.begin(); it != transfers_.end();) {
      it = it->second->is_over() ? transfers_.erase(it) : std::next(it);
    }
  }

  std::shared_ptr<Recorder> recorder_;
  std::map<TransferId, std::unique_ptr<RecordedTransfer>> transfers_;
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
