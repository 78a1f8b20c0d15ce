// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QSocketNotifier>
#include <QTimer>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tally/tally.hpp>
#include <utility>

/// A tally client in the event loop of the Qt thread that this lives on: no thread of its own, no
/// polling. Its end shuts the client down; it must not come from inside `OnEvent`, which may end
/// the loop instead.
class QtLoop {
 public:
  using OnEvent = std::function<void(const tally::Client&, const tally::Event&)>;

  QtLoop() {
    timer_.setSingleShot(true);
    QObject::connect(&timer_, &QTimer::timeout, [this] { hand_out(client_->drive_timer()); });
  }
  ~QtLoop() {
    if (client_) client_->shutdown(std::chrono::milliseconds(0));
  }
  QtLoop(const QtLoop&) = delete;
  QtLoop& operator=(const QtLoop&) = delete;

  /// A client whose events the loop hands to `on_event`.
  tally::Result<tally::Client> open(tally::ClientOptions options, OnEvent on_event) {
    options.loop.on_socket = [this](const tally::SocketWatch& watch) { change(watch); };
    options.loop.on_timer = [this](std::optional<std::chrono::microseconds> after) {
      if (!after) return timer_.stop();
      timer_.start(std::chrono::ceil<std::chrono::milliseconds>(*after));
    };
    on_event_ = std::move(on_event);
    auto client = tally::Client::open(std::move(options));
    if (client) client_ = *client;
    return client;
  }

 private:
  /// A notifier may end inside of its own signal, where Qt still needs the object, but at once it
  /// must look at the socket no more, since that may be another one soon.
  struct EndLater {
    void operator()(QSocketNotifier* notifier) const {
      notifier->setEnabled(false);
      notifier->deleteLater();
    }
  };
  using Notifier = std::unique_ptr<QSocketNotifier, EndLater>;

  struct Watch {
    Notifier read;
    Notifier write;
  };

  void change(const tally::SocketWatch& watch) {
    if (!watch.read && !watch.write) {
      watches_.erase(watch.socket);
      return;
    }
    Watch& known = watches_[watch.socket];
    turn(known.read, watch.socket, watch.read, QSocketNotifier::Read);
    turn(known.write, watch.socket, watch.write, QSocketNotifier::Write);
  }

  void turn(Notifier& notifier, tally::SocketHandle socket, bool on, QSocketNotifier::Type type) {
    if (notifier) return notifier->setEnabled(on);
    if (!on) return;
    notifier.reset(new QSocketNotifier(static_cast<qintptr>(socket), type, &parent_));
    const tally::SocketReady ready{type == QSocketNotifier::Read, type == QSocketNotifier::Write};
    QObject::connect(notifier.get(), &QSocketNotifier::activated,
                     [this, socket, ready] { hand_out(client_->drive_socket(socket, ready)); });
  }

  void hand_out(const tally::Result<tally::PollResult>& driven) {
    tally::Event event;
    while (driven && client_->next_event(event)) on_event_(*client_, event);
  }

  std::optional<tally::Client> client_;
  OnEvent on_event_;
  QObject parent_;  // Of the notifiers, so that none outlives this.
  QTimer timer_;
  std::map<tally::SocketHandle, Watch> watches_;
};
