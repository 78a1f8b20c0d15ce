// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/recording.hpp"
#include "tally/record.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

// A clock of the call's may have begun a little before its exchange was recorded as begun, and then
// runs out that much later than the recorded cancel.
constexpr std::chrono::milliseconds patience{250};
// After a failed attempt another may follow, hardly later than this.
constexpr std::chrono::hours longest_back_off{1};
// Longer than any turn of a lane; a host that stood still for longer did not wait for its ledger.
constexpr std::chrono::milliseconds longest_turn{100};

/// One exchange on its way: a step for each thing that came, at its recorded time.
class ReplayedTransfer {
 public:
  ReplayedTransfer(const RecordedExchange& exchange, TransferHandler& handler,
                   SteadyInstant started_at)
      : exchange_(exchange), handler_(&handler), started_at_(started_at), due_(started_at) {
    set_due();
  }

  bool is_paused = false;
  bool is_over() const { return handler_ == nullptr; }
  /// When the next step is to be taken; `max()`: not by itself.
  SteadyInstant due() const { return is_over() || is_paused ? SteadyInstant::max() : due_; }

  /// By the client, at `now`; when that was.
  Instant cancel(SteadyInstant now) {
    handler_ = nullptr;
    const bool is_as_recorded =
        exchange_.result == TransferResult::cancelled && next_ >= first_after_pieces();
    return is_as_recorded ? exchange_.ended : instant_of(now);
  }

  /// Whether nothing comes now, as when the client cancelled it; some clock may run out here.
  bool is_silent() const { return next_ > first_after_pieces() && is_silence(next_ - 1); }

  /// Whether it ended as one that succeeded.
  bool is_success() const {
    return exchange_.result == TransferResult::complete && exchange_.status / 100 == 2;
  }

  /// The handler may cancel in any of its functions.
  void step(ReplayClock& clock) {
    const std::size_t step = next_;
    if (step == 0) {
      if (exchange_.is_connected) handler_->on_connected();
    } else if (step == 1) {
      tell_head();
    } else if (step < first_after_pieces()) {
      const BodyFlow flow = handler_->on_body(exchange_.pieces[step - first_piece].bytes);
      if (is_over()) return;
      is_paused = flow == BodyFlow::pause;
      if (is_paused) return;
      if (flow == BodyFlow::abort) return end(TransferResult::refused_by_handler, clock);
    } else if (!is_silence(step)) {
      return end(exchange_.result, clock);
    }
    ++next_;
    set_due();
  }

 private:
  static constexpr std::size_t first_piece = 2;  ///< After the connection and the head.
  std::size_t first_after_pieces() const { return first_piece + exchange_.pieces.size(); }

  /// At the cancel, and when patience with the client ends; after that it ends by itself.
  bool is_silence(std::size_t step) const {
    return exchange_.result == TransferResult::cancelled && step >= first_after_pieces() &&
           step < first_after_pieces() + 2;
  }

  microseconds due_after() const {
    if (next_ == 0) return exchange_.connected_after;
    if (next_ == 1) return exchange_.head_after;
    if (next_ < first_after_pieces()) return exchange_.pieces[next_ - first_piece].after;
    return next_ == first_after_pieces() ? exchange_.ended_after : exchange_.ended_after + patience;
  }
  void set_due() { due_ = std::max<SteadyInstant>(due_, started_at_ + due_after()); }

  Instant instant_of(SteadyInstant now) const {
    return exchange_.started + std::chrono::duration_cast<microseconds>(now - started_at_);
  }

  void tell_head() {
    if (exchange_.status == 0) return;
    for (const auto& [name, value] : exchange_.headers) {
      if (!is_over()) handler_->on_header(name, value);
    }
    if (!is_over()) handler_->on_head(exchange_.status);
  }

  void end(TransferResult result, ReplayClock& clock) {
    clock.set_wall(result == exchange_.result ? exchange_.ended : instant_of(clock.steady()));
    TransferEnd how;
    how.result = result;
    how.message = exchange_.message;
    if (result == TransferResult::cancelled) {
      how.message = "the recorded call was cancelled here, or one of its clocks ran out (line " +
                    std::to_string(exchange_.line) + ")";
    }
    how.request_sent = exchange_.request_sent;
    std::exchange(handler_, nullptr)->on_end(how);
  }

  const RecordedExchange& exchange_;
  TransferHandler* handler_;
  const SteadyInstant started_at_;
  std::size_t next_ = 0;
  SteadyInstant due_;
};

/// Whether a lane waits, and what wakes it.
class Sleep {
 public:
  void wake() {
    std::lock_guard<std::mutex> lock(mutex_);
    is_woken_ = true;
    woken_.notify_all();
  }
  bool take_wake() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(is_woken_, false);
  }
  /// In the machine's time.
  void sleep(microseconds wait) {
    std::unique_lock<std::mutex> lock(mutex_);
    woken_.wait_for(lock, wait, [this] { return is_woken_; });
    is_woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

class ReplayTransport final : public Transport {
 public:
  explicit ReplayTransport(std::shared_ptr<Recording> recording)
      : recording_(std::move(recording)), clock_(recording_->clock()) {}

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    auto found = recording_->take(request);
    if (!found) return std::move(found).error();
    clock_.set_wall((*found)->started);
    transfers_.try_emplace(++last_id_, **found, handler, clock_.steady());
    back_off_left_ = microseconds(0);
    return last_id_;
  }
  void pause(TransferId id) override { set_paused(id, true); }
  void resume(TransferId id) override { set_paused(id, false); }
  void cancel(TransferId id) override {
    const auto found = transfers_.find(id);
    if (found == transfers_.end() || found->second.is_over()) return;
    clock_.set_wall(found->second.cancel(clock_.steady()));
    back_off_left_ = longest_back_off;
  }

  void drive(microseconds wait) override {
    forget_ended();
    if (transfers_.empty()) return idle(wait);
    idle_since_.reset();
    if (wait <= microseconds(0) && looks_left_ > 0) {
      --looks_left_;
      return;
    }
    looks_left_ = 0;
    if (run_due() || sleep_.take_wake()) return;
    const SteadyInstant next = next_due();
    if (wait > microseconds(0)) {
      const SteadyInstant until = clock_.steady() + std::min<microseconds>(wait, longest_back_off);
      if (until <= next) let_clocks_run_out();
      clock_.advance_to(std::min(until, next));
    } else {
      if (next == SteadyInstant::max()) return;
      clock_.advance_to(next);
    }
    run_due();
  }
  SteadyInstant next_deadline() const override {
    return next_due() == SteadyInstant::max() ? SteadyInstant::max() : clock_.steady();
  }
  void wake() override { sleep_.wake(); }

 private:
  SteadyInstant next_due() const {
    SteadyInstant next = SteadyInstant::max();
    for (const auto& entry : transfers_) next = std::min(next, entry.second.due());
    return next;
  }

  /// A lane looks for what waits, 64 calls at a time, before it believes that a clock ran out.
  void let_clocks_run_out() { looks_left_ = transfers_.size() / 64 + 1; }

  /// All that is due by now, in its order, up to a silence.
  bool run_due() {
    bool has_run = false;
    while (ReplayedTransfer* next = first_due(clock_.steady())) {
      has_run = true;
      next->step(clock_);
      if (next->is_silent()) {
        let_clocks_run_out();
        break;
      }
      if (!next->is_over()) continue;
      back_off_left_ = next->is_success() ? microseconds(0) : microseconds(longest_back_off);
      // What begins now has not been started yet: most likely it is what was recorded next.
      clock_.set_wall(recording_->next_start(clock_.wall()));
    }
    return has_run;
  }

  ReplayedTransfer* first_due(SteadyInstant now) {
    ReplayedTransfer* first = nullptr;
    for (auto& entry : transfers_) {
      if (entry.second.due() > now) continue;
      if (first == nullptr || entry.second.due() < first->due()) first = &entry.second;
    }
    return first;
  }

  /// Without a transfer, what waits is a call that will be made again: that takes no time. Or a
  /// host, or a ledger: their time is the machine's.
  void idle(microseconds wait) {
    const SteadyInstant now = clock_.steady();
    if (wait > microseconds(0) && back_off_left_ > microseconds(0)) {
      if (sleep_.take_wake()) return;
      wait = std::min(wait, back_off_left_);
      back_off_left_ -= wait;
      return clock_.advance_to(now + wait);
    }
    const auto before = std::chrono::steady_clock::now();
    if (wait > microseconds(0)) sleep_.sleep(wait);
    const auto after = std::chrono::steady_clock::now();
    const auto passed = after - std::exchange(idle_since_, after).value_or(before);
    clock_.advance_to(now +
                      std::min<SteadyInstant::duration>(passed, after - before + longest_turn));
  }

  void forget_ended() {
    for (auto it = transfers_.begin(); it != transfers_.end();) {
      it = it->second.is_over() ? transfers_.erase(it) : std::next(it);
    }
  }
  void set_paused(TransferId id, bool is_paused) {
    const auto found = transfers_.find(id);
    if (found != transfers_.end()) found->second.is_paused = is_paused;
  }

  std::shared_ptr<Recording> recording_;
  ReplayClock& clock_;
  std::map<TransferId, ReplayedTransfer> transfers_;
  TransferId last_id_ = 0;
  Sleep sleep_;
  std::size_t looks_left_ = 0;     ///< That find nothing.
  microseconds back_off_left_{0};  ///< How long a call may still wait for its next attempt.
  std::optional<std::chrono::steady_clock::time_point> idle_since_;  ///< By the machine's clock.
};

}  // namespace

Result<Replay> read_recording(std::string_view lines) {
  std::vector<RecordedExchange> exchanges;
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
    exchange->line = number;
    exchanges.push_back(*std::move(exchange));
  }
  if (exchanges.empty()) {
    return Error{ErrorKind::invalid_argument, "a recording without any exchange"};
  }
  auto recording = std::make_shared<Recording>(std::move(exchanges));
  Replay replay;
  replay.clock = std::shared_ptr<const Clock>(recording, &recording->clock());
  replay.transport = [recording]() -> Result<std::unique_ptr<Transport>> {
    return std::unique_ptr<Transport>(std::make_unique<ReplayTransport>(recording));
  };
  return replay;
}

}  // namespace TALLY_ABI
}  // namespace tally
