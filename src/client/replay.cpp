// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client/recorded_exchange.hpp"
#include "client/secret.hpp"
#include "tally/record.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

/// Goes where it is put (wall), and forward where somebody waits (steady).
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(Instant start) : wall_(start.time_since_epoch()) {}
  SteadyInstant steady() const override { return SteadyInstant(microseconds(steady_)); }
  Instant wall() const override { return Instant(wall_); }
  void set(Instant now) { wall_ = now.time_since_epoch(); }
  void advance(microseconds by) { steady_ += by.count(); }

 private:
  // Not 0: an instant that was never set must differ from the first one.
  std::atomic<std::int64_t> steady_{1'000'000};
  std::atomic<Instant::duration> wall_;
};

/// What the transports of all lanes share.
struct Recording {
  std::vector<RecordedExchange> exchanges;
  std::vector<bool> is_played;
  std::mutex mutex;
  std::shared_ptr<ReplayClock> clock;

  /// The first of those that are equal to `asked` and were not played.
  Result<const RecordedExchange*> take(const RecordedExchange& asked) {
    std::lock_guard<std::mutex> lock(mutex);
    std::size_t played = 0;
    bool has_path = false;
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      const RecordedExchange& each = exchanges[i];
      if (each.method != asked.method || each.path != asked.path) continue;
      has_path = true;
      if (each.request != asked.request) continue;
      if (is_played[i]) {
        ++played;
        continue;
      }
      is_played[i] = true;
      return &each;
    }
    return error(asked, played, has_path);
  }

 private:
  static Error error(const RecordedExchange& asked, std::size_t played, bool has_path) {
    const std::string what = asked.method + " " + asked.path;
    if (played > 0) {
      return Error{ErrorKind::invalid_argument, "the recording holds this " + what + " " +
                                                    std::to_string(played) +
                                                    " times, and all were played"};
    }
    return Error{ErrorKind::invalid_argument, "the recording holds no " + what +
                                                  (has_path ? " with this body" : "") +
                                                  ": record it anew"};
  }
};

/// One exchange on its way: a step for each `drive`, so that whoever looks in between sees the
/// pieces as they came.
class ReplayedTransfer {
 public:
  ReplayedTransfer(const RecordedExchange& exchange, TransferHandler& handler)
      : exchange_(exchange), handler_(&handler) {}

  bool is_paused = false;
  bool is_over() const { return handler_ == nullptr; }
  void cancel() { handler_ = nullptr; }

  /// The handler may cancel in any of its functions.
  void step(ReplayClock& clock) {
    if (!has_begun_) return begin();
    if (next_piece_ == exchange_.pieces.size()) return end(exchange_.result, clock);
    const BodyFlow flow = handler_->on_body(exchange_.pieces[next_piece_]);
    if (is_over()) return;
    if (flow == BodyFlow::abort) return end(TransferResult::refused_by_handler, clock);
    is_paused = flow == BodyFlow::pause;
    if (!is_paused) ++next_piece_;
  }

 private:
  void begin() {
    has_begun_ = true;
    if (exchange_.is_connected) handler_->on_connected();
    if (exchange_.status == 0) return;
    for (const auto& [name, value] : exchange_.headers) {
      if (!is_over()) handler_->on_header(name, value);
    }
    if (!is_over()) handler_->on_head(exchange_.status);
  }

  void end(TransferResult result, ReplayClock& clock) {
    clock.set(exchange_.ended);
    TransferEnd how;
    how.result = result;
    how.message =
        exchange_.was_cancelled ? "the recorded call was cancelled here" : exchange_.message;
    how.request_sent = exchange_.request_sent;
    std::exchange(handler_, nullptr)->on_end(how);
  }

  const RecordedExchange& exchange_;
  TransferHandler* handler_;
  bool has_begun_ = false;
  std::size_t next_piece_ = 0;
};

class ReplayTransport final : public Transport {
 public:
  explicit ReplayTransport(std::shared_ptr<Recording> recording)
      : recording_(std::move(recording)) {}

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    const std::string_view key = request.headers ? key_in(*request.headers) : std::string_view();
    auto found = recording_->take(recorded_request(request, key));
    if (!found) return std::move(found).error();
    recording_->clock->set((*found)->started);
    transfers_.emplace(++last_id_, ReplayedTransfer(**found, handler));
    return last_id_;
  }
  void pause(TransferId id) override { set_paused(id, true); }
  void resume(TransferId id) override { set_paused(id, false); }
  void cancel(TransferId id) override {
    const auto found = transfers_.find(id);
    if (found != transfers_.end()) found->second.cancel();
  }

  void drive(microseconds wait) override {
    bool has_moved = false;
    for (auto it = transfers_.begin(); it != transfers_.end();) {
      ReplayedTransfer& transfer = it->second;
      if (!transfer.is_over() && !transfer.is_paused) {
        transfer.step(*recording_->clock);
        has_moved = true;
      }
      it = transfer.is_over() ? transfers_.erase(it) : std::next(it);
    }
    if (!has_moved && !is_woken_.exchange(false)) recording_->clock->advance(wait);
  }
  SteadyInstant next_deadline() const override { return SteadyInstant::max(); }
  void wake() override { is_woken_ = true; }

 private:
  void set_paused(TransferId id, bool is_paused) {
    const auto found = transfers_.find(id);
    if (found != transfers_.end()) found->second.is_paused = is_paused;
  }

  std::shared_ptr<Recording> recording_;
  std::map<TransferId, ReplayedTransfer> transfers_;
  TransferId last_id_ = 0;
  std::atomic<bool> is_woken_{false};
};

}  // namespace

Result<Replay> read_recording(std::string_view lines) {
  auto recording = std::make_shared<Recording>();
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto exchange = parse_line(line);
    if (!exchange) {
      Error error = std::move(exchange).error();
      error.message = "line " + std::to_string(number) + ": " + error.message;
      return error;
    }
    recording->exchanges.push_back(*std::move(exchange));
  }
  if (recording->exchanges.empty()) {
    return Error{ErrorKind::invalid_argument, "a recording without any exchange"};
  }
  recording->is_played.assign(recording->exchanges.size(), false);
  recording->clock = std::make_shared<ReplayClock>(recording->exchanges.front().started);
  Replay replay;
  replay.clock = recording->clock;
  replay.transport = [recording]() -> Result<std::unique_ptr<Transport>> {
    return std::unique_ptr<Transport>(std::make_unique<ReplayTransport>(recording));
  };
  return replay;
}

}  // namespace TALLY_ABI
}  // namespace tally
