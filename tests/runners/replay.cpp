// SPDX-License-Identifier: MIT
#include "replay.hpp"

#include <algorithm>
#include <utility>

namespace runners {
namespace {

struct Transfer {
  tally::TransferHandler* handler = nullptr;
  std::size_t position = 0;
  bool begun = false;
  bool paused = false;
};

class ReplayTransport : public tally::Transport {
 public:
  explicit ReplayTransport(std::shared_ptr<const Recording> recording)
      : recording_(std::move(recording)) {}

  tally::Result<tally::TransferId> start(tally::HttpRequest,
                                         tally::TransferHandler& handler) override {
    Transfer transfer;
    transfer.handler = &handler;
    transfers_[++last_id_] = transfer;
    return last_id_;
  }

  void pause(tally::TransferId id) override {
    if (Transfer* transfer = find(id)) transfer->paused = true;
  }
  void resume(tally::TransferId id) override {
    if (Transfer* transfer = find(id)) transfer->paused = false;
  }
  void cancel(tally::TransferId id) override { transfers_.erase(id); }

  void drive(std::chrono::microseconds) override {
    std::vector<tally::TransferId> ids;
    for (const auto& entry : transfers_) ids.push_back(entry.first);
    for (const auto id : ids) play(id);
  }

  tally::SteadyInstant next_deadline() const override { return tally::SteadyInstant::max(); }
  void wake() override {}

 private:
  Transfer* find(tally::TransferId id) {
    const auto found = transfers_.find(id);
    return found == transfers_.end() ? nullptr : &found->second;
  }

  // A handler may cancel the transfer in any of its functions, so it is looked up after each.
  void play(tally::TransferId id) {
    if (Transfer* transfer = find(id); transfer != nullptr && !transfer->begun) {
      transfer->begun = true;
      begin(id, *transfer->handler);
    }
    for (Transfer* transfer = find(id); transfer != nullptr && !transfer->paused;
         transfer = find(id)) {
      const auto rest = recording_->body.substr(transfer->position);
      if (rest.empty()) return end(id, tally::TransferResult::complete);
      const bool first = transfer->position == 0 && recording_->first_piece > 0;
      const auto piece = rest.substr(0, first ? recording_->first_piece : recording_->piece);
      const auto flow = transfer->handler->on_body(piece);
      transfer = find(id);
      if (transfer == nullptr) return;
      if (flow == tally::BodyFlow::abort) {
        return end(id, tally::TransferResult::refused_by_handler);
      }
      if (flow == tally::BodyFlow::pause) {
        transfer->paused = true;
        return;
      }
      transfer->position += piece.size();
    }
  }

  void begin(tally::TransferId id, tally::TransferHandler& handler) {
    handler.on_connected();
    if (recording_->clock) recording_->clock->set(recording_->answered);
    for (const auto& [name, value] : recording_->headers) {
      if (find(id) == nullptr) return;
      handler.on_header(name, value);
    }
    if (find(id) != nullptr) handler.on_head(recording_->status);
  }

  void end(tally::TransferId id, tally::TransferResult result) {
    tally::TransferHandler* handler = find(id)->handler;
    transfers_.erase(id);
    tally::TransferEnd end;
    end.result = result;
    end.request_sent = true;
    handler->on_end(end);
  }

  std::shared_ptr<const Recording> recording_;
  std::map<tally::TransferId, Transfer> transfers_;
  tally::TransferId last_id_ = 0;
};

}  // namespace

tally::TransportFactory replay_transport(std::shared_ptr<const Recording> recording) {
  return [recording]() -> tally::Result<std::unique_ptr<tally::Transport>> {
    return std::unique_ptr<tally::Transport>(std::make_unique<ReplayTransport>(recording));
  };
}

}  // namespace runners
