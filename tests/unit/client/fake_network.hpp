// SPDX-License-Identifier: MIT
#pragma once

// A network that exists in memory and a clock that moves only when a transport waits: ten minutes
// of silence take no time, and every order of events can be written down.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/tally.hpp"

namespace fake {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Clock : public tally::Clock {
 public:
  explicit Clock(std::string_view wall) : wall_start_(*tally::parse_instant(wall)) {}
  tally::SteadyInstant steady() const override { return tally::SteadyInstant(elapsed_); }
  tally::Instant wall() const override { return wall_start_ + elapsed_; }
  void advance(microseconds by) { elapsed_ += by; }
  microseconds elapsed() const { return elapsed_; }

 private:
  tally::Instant wall_start_;
  microseconds elapsed_{0};
};

/// One thing that a server does, some time after the thing before it.
struct Step {
  enum class Kind { connect, head, body, end };
  milliseconds after{0};
  Kind kind = Kind::connect;
  int status = 200;
  std::string bytes;  ///< body; for head: header lines "name: value\n".
  tally::TransferEnd how;
};

inline Step connect(milliseconds after = milliseconds(0)) {
  return {after, Step::Kind::connect, 0, "", {}};
}
inline Step head(int status, std::string headers = "", milliseconds after = milliseconds(0)) {
  return {after, Step::Kind::head, status, std::move(headers), {}};
}
inline Step body(std::string bytes, milliseconds after = milliseconds(0)) {
  return {after, Step::Kind::body, 0, std::move(bytes), {}};
}
inline Step end(tally::TransferResult result = tally::TransferResult::complete,
                bool request_sent = true, milliseconds after = milliseconds(0)) {
  return {after, Step::Kind::end, 0, "", {result, "", request_sent}};
}

using Script = std::vector<Step>;

/// What all transports of a test share: the scripts to come, and what was seen.
struct Network {
  std::shared_ptr<Clock> clock;
  std::deque<Script> scripts;  ///< One for each transfer, in order; none left: silence for ever.
  std::vector<tally::HttpRequest> requests;
  int cancelled = 0;
  int resumed = 0;
  std::function<void()> on_wait;  ///< Called when a transport waits: another thread's chance.
};

class Transport : public tally::Transport {
 public:
  explicit Transport(std::shared_ptr<Network> network) : network_(std::move(network)) {}

  tally::Result<tally::TransferId> start(tally::HttpRequest request,
                                         tally::TransferHandler& handler) override {
    network_->requests.push_back(std::move(request));
    Transfer transfer;
    transfer.handler = &handler;
    transfer.last_step_at = network_->clock->elapsed();
    if (!network_->scripts.empty()) {
      transfer.script = {network_->scripts.front().begin(), network_->scripts.front().end()};
      network_->scripts.pop_front();
    }
    transfers_.emplace(++last_id_, std::move(transfer));
    return last_id_;
  }
  void pause(tally::TransferId id) override { transfers_[id].is_paused = true; }
  void resume(tally::TransferId id) override {
    ++network_->resumed;
    transfers_[id].is_paused = false;
  }
  void cancel(tally::TransferId id) override {
    network_->cancelled += static_cast<int>(transfers_.erase(id));
  }

  void drive(microseconds wait) override {
    if (run_due_steps() || wait.count() <= 0 || is_woken_) {
      is_woken_ = false;
      return;
    }
    if (network_->on_wait) network_->on_wait();
    if (!is_woken_) network_->clock->advance(std::min(wait, until_next_step()));
    is_woken_ = false;
    run_due_steps();
  }

  tally::SteadyInstant next_deadline() const override { return tally::SteadyInstant::max(); }
  void wake() override { is_woken_ = true; }

 private:
  struct Transfer {
    tally::TransferHandler* handler = nullptr;
    std::deque<Step> script;
    microseconds last_step_at{0};
    bool is_paused = false;
  };

  microseconds until_next_step() const {
    microseconds least = std::chrono::hours(1);
    for (const auto& [id, transfer] : transfers_) {
      if (transfer.script.empty() || transfer.is_paused) continue;
      const microseconds due = transfer.last_step_at + transfer.script.front().after;
      least = std::min(least, due - network_->clock->elapsed());
    }
    return std::max(least, microseconds(0));
  }

  bool run_due_steps() {
    bool ran = false;
    std::vector<tally::TransferId> ids;
    for (const auto& entry : transfers_) ids.push_back(entry.first);
    for (const tally::TransferId id : ids) {
      while (run_next_step(id)) ran = true;
    }
    return ran;
  }

  bool run_next_step(tally::TransferId id) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return false;
    Transfer& transfer = found->second;
    if (transfer.script.empty() || transfer.is_paused) return false;
    const microseconds due = transfer.last_step_at + transfer.script.front().after;
    if (due > network_->clock->elapsed()) return false;
    const Step step = transfer.script.front();
    if (step.kind == Step::Kind::body) {
      const tally::BodyFlow flow = transfer.handler->on_body(step.bytes);
      if (flow == tally::BodyFlow::pause) {
        transfer.is_paused = true;
        return false;
      }
      if (flow == tally::BodyFlow::abort) {
        end_of(id, {tally::TransferResult::refused_by_handler, "", true});
        return true;
      }
    }
    transfer.last_step_at = due;
    transfer.script.pop_front();
    if (step.kind == Step::Kind::connect) transfer.handler->on_connected();
    if (step.kind == Step::Kind::head) send_head(*transfer.handler, step);
    if (step.kind == Step::Kind::end) end_of(id, step.how);
    return true;
  }

  void end_of(tally::TransferId id, const tally::TransferEnd& how) {
    tally::TransferHandler* handler = transfers_[id].handler;
    transfers_.erase(id);
    handler->on_end(how);
  }

  static void send_head(tally::TransferHandler& handler, const Step& step) {
    std::string_view lines = step.bytes;
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      const std::size_t colon = line.find(": ");
      handler.on_header(line.substr(0, colon), line.substr(colon + 2));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    }
    handler.on_head(step.status);
  }

  std::shared_ptr<Network> network_;
  std::map<tally::TransferId, Transfer> transfers_;
  tally::TransferId last_id_ = 0;
  bool is_woken_ = false;
};

/// A client over a fake network, at 2026-11-18T05:00:00Z (off-peak) unless told otherwise.
struct World {
  explicit World(std::string_view wall = "2026-11-18T05:00:00Z")
      : network(std::make_shared<Network>()) {
    network->clock = std::make_shared<Clock>(wall);
    options.api_key = "sk-canary";
    options.retries.most = 0;  // Tests of retries say so.
    options.clock = network->clock;
    options.transport = [shared = network]() {
      return tally::Result<std::unique_ptr<tally::Transport>>(std::make_unique<Transport>(shared));
    };
  }

  tally::Client open() const { return *tally::Client::open(options); }

  std::shared_ptr<Network> network;
  tally::ClientOptions options;
};

inline tally::ChatRequest question() {
  tally::ChatRequest request;
  request.model = "deepseek-flash";
  request.messages = {tally::user("Name three rivers.")};
  return request;
}

// A DeepSeek stream, piece by piece.
inline std::string chunk(std::string_view delta, std::string_view finish = "null",
                         std::string_view usage = "null") {
  std::string out =
      R"(data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"deepseek-flash",)"
      R"("system_fingerprint":"fp","choices":[{"index":0,"delta":)";
  out += delta;
  out += R"(,"logprobs":null,"finish_reason":)";
  out += finish;
  out += R"(}],"usage":)";
  out += usage;
  out += "}\n\n";
  return out;
}
inline std::string text_chunk(std::string_view text) {
  return chunk(R"({"content":")" + std::string(text) + R"("})");
}
/// 18 in, none of them cached, 9 out: 18 x 0.15 + 9 x 0.60 per million = 0.0000081 dollars
/// off-peak.
inline constexpr std::string_view usage_18_9 =
    R"({"prompt_tokens":18,"completion_tokens":9,"total_tokens":27,)"
    R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":18})";
inline std::string finish_chunk() { return chunk(R"({"content":""})", R"("stop")", usage_18_9); }
inline const std::string done = "data: [DONE]\n\n";

inline Script whole_answer() {
  return {connect(),
          head(200, "content-type: text/event-stream\nx-ds-trace-id: trace-7\n"),
          body(text_chunk("The Danube")),
          body(text_chunk(", the Nile")),
          body(finish_chunk()),
          body(done),
          end()};
}

}  // namespace fake
