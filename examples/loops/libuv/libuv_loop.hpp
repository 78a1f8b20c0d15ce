// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tally/tally.hpp>
#include <utility>

/// A tally client in a uv_loop_t: no thread of its own, no polling. For the thread that runs the
/// loop. Its end shuts the client down; it must not come from inside `OnEvent`, which may stop the
/// loop instead. Handles are closed then, and gone after one more turn of the loop.
class LibuvLoop {
 public:
  using OnEvent = std::function<void(const tally::Client&, const tally::Event&)>;

  explicit LibuvLoop(uv_loop_t* loop) : loop_(loop), timer_(new uv_timer_t) {
    uv_timer_init(loop_, timer_.get());
    timer_->data = this;
  }
  ~LibuvLoop() {
    if (client_) client_->shutdown(std::chrono::milliseconds(0));
  }
  LibuvLoop(const LibuvLoop&) = delete;
  LibuvLoop& operator=(const LibuvLoop&) = delete;

  /// A client whose events the loop hands to `on_event`.
  tally::Result<tally::Client> open(tally::ClientOptions options, OnEvent on_event) {
    options.loop.on_socket = [this](const tally::SocketWatch& watch) { change(watch); };
    options.loop.on_timer = [this](std::optional<std::chrono::microseconds> after) {
      if (!after) return (void)uv_timer_stop(timer_.get());
      uv_update_time(loop_);  // libuv counts from the beginning of its turn.
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*after).count();
      uv_timer_start(timer_.get(), &LibuvLoop::on_timeout, static_cast<std::uint64_t>(ms), 0);
    };
    on_event_ = std::move(on_event);
    auto client = tally::Client::open(std::move(options));
    if (client) client_ = *client;
    return client;
  }

 private:
  struct Watch {
    uv_poll_t poll;
    LibuvLoop* loop;
    tally::SocketHandle socket;
  };

  /// libuv keeps a handle's memory until it has closed it.
  struct Close {
    void operator()(uv_timer_t* timer) const {
      uv_close(reinterpret_cast<uv_handle_t*>(timer),
               [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    }
    void operator()(Watch* watch) const {
      uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
               [](uv_handle_t* handle) { delete static_cast<Watch*>(handle->data); });
    }
  };

  void change(const tally::SocketWatch& watch) {
    if (!watch.read && !watch.write) {
      watches_.erase(watch.socket);
      return;
    }
    auto& known = watches_[watch.socket];
    if (!known) {
      auto fresh = std::make_unique<Watch>(Watch{{}, this, watch.socket});
      if (uv_poll_init_socket(loop_, &fresh->poll, watch.socket) != 0) return;  // Closed already.
      fresh->poll.data = fresh.get();
      known.reset(fresh.release());
    }
    const int events = (watch.read ? UV_READABLE : 0) | (watch.write ? UV_WRITABLE : 0);
    uv_poll_start(&known->poll, events, &LibuvLoop::on_ready);
  }

  static void on_ready(uv_poll_t* poll, int error, int events) {
    const auto* watch = static_cast<Watch*>(poll->data);
    LibuvLoop* loop = watch->loop;
    const bool is_known = error == 0;  // Else the client looks for itself what is wrong.
    loop->hand_out(loop->client_->drive_socket(
        watch->socket,
        {is_known && (events & UV_READABLE) != 0, is_known && (events & UV_WRITABLE) != 0}));
  }

  static void on_timeout(uv_timer_t* timer) {
    auto* loop = static_cast<LibuvLoop*>(timer->data);
    loop->hand_out(loop->client_->drive_timer());
  }

  void hand_out(const tally::Result<tally::PollResult>& driven) {
    tally::Event event;
    while (driven && client_->next_event(event)) on_event_(*client_, event);
  }

  uv_loop_t* loop_;
  std::optional<tally::Client> client_;
  OnEvent on_event_;
  std::unique_ptr<uv_timer_t, Close> timer_;
  std::map<tally::SocketHandle, std::unique_ptr<Watch, Close>> watches_;
};
