// SPDX-License-Identifier: MIT
#pragma once

#include <glib-unix.h>
#include <glib.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tally/tally.hpp>
#include <utility>

/// A tally client in a GMainContext, and so in GTK's or GStreamer's loop: no thread of its own, no
/// polling. For the thread that runs the context. Its end shuts the client down; it must not come
/// from inside `OnEvent`, which may quit the loop instead.
class GlibLoop {
 public:
  using OnEvent = std::function<void(const tally::Client&, const tally::Event&)>;

  /// Null: the default context.
  explicit GlibLoop(GMainContext* context = nullptr) : context_(context) {}
  ~GlibLoop() {
    if (client_) client_->shutdown(std::chrono::milliseconds(0));
  }
  GlibLoop(const GlibLoop&) = delete;
  GlibLoop& operator=(const GlibLoop&) = delete;

  /// A client whose events the loop hands to `on_event`.
  tally::Result<tally::Client> open(tally::ClientOptions options, OnEvent on_event) {
    options.loop.on_socket = [this](const tally::SocketWatch& watch) { change(watch); };
    options.loop.on_timer = [this](std::optional<std::chrono::microseconds> after) {
      timer_.reset();
      if (!after) return;
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*after).count();
      timer_.reset(g_timeout_source_new(static_cast<guint>(ms)));
      run(timer_, &GlibLoop::on_timeout);
    };
    on_event_ = std::move(on_event);
    auto client = tally::Client::open(std::move(options));
    if (client) client_ = *client;
    return client;
  }

 private:
  /// GLib holds a source while it is dispatched, so it may end inside of its own function.
  struct EndSource {
    void operator()(GSource* source) const {
      g_source_destroy(source);
      g_source_unref(source);
    }
  };
  using Source = std::unique_ptr<GSource, EndSource>;

  void change(const tally::SocketWatch& watch) {
    watches_.erase(watch.socket);
    int condition = 0;
    if (watch.read) condition |= G_IO_IN | G_IO_HUP | G_IO_ERR;
    if (watch.write) condition |= G_IO_OUT | G_IO_ERR;
    if (condition == 0) return;
    Source& source = watches_[watch.socket];
    source.reset(g_unix_fd_source_new(watch.socket, static_cast<GIOCondition>(condition)));
    run(source, G_SOURCE_FUNC(&GlibLoop::on_ready));
  }

  void run(const Source& source, GSourceFunc function) {
    g_source_set_callback(source.get(), function, this, nullptr);
    g_source_attach(source.get(), context_);
  }

  static gboolean on_ready(gint socket, GIOCondition condition, gpointer self) {
    auto* loop = static_cast<GlibLoop*>(self);
    loop->hand_out(loop->client_->drive_socket(
        socket, {(condition & (G_IO_IN | G_IO_HUP)) != 0, (condition & G_IO_OUT) != 0}));
    return G_SOURCE_CONTINUE;
  }

  static gboolean on_timeout(gpointer self) {
    auto* loop = static_cast<GlibLoop*>(self);
    loop->timer_.reset();  // Before the client asks for the next one.
    loop->hand_out(loop->client_->drive_timer());
    return G_SOURCE_REMOVE;
  }

  void hand_out(const tally::Result<tally::PollResult>& driven) {
    tally::Event event;
    while (driven && client_->next_event(event)) on_event_(*client_, event);
  }

  GMainContext* context_;
  std::optional<tally::Client> client_;
  OnEvent on_event_;
  Source timer_;
  std::map<tally::SocketHandle, Source> watches_;
};
