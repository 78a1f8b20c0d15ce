// SPDX-License-Identifier: MIT
#include "tally/client.hpp"

#include <utility>

#include "base/quietly.hpp"
#include "client/call_order.hpp"
#include "client/core.hpp"
#include "client/estimate.hpp"
#include "client/settings.hpp"
#include "client/stream_state.hpp"
#include "transport/curl_global.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

// The faces of a client, the same for every kind of request.

using SharedCore = std::shared_ptr<Client::Core>;

template <class Request>
Completion ask(const SharedCore& core, const Request& request, const CallOptions& options) {
  auto order = order_of(*core->settings(), request, options, CallShape::document);
  Stream::State call(core, std::move(order), options);
  return call.take();
}

template <class Request>
std::shared_ptr<Stream::State> begin_stream(const SharedCore& core, const Request& request,
                                            const CallOptions& options) {
  auto order = order_of(*core->settings(), request, options, CallShape::streamed);
  return std::make_shared<Stream::State>(core, std::move(order), options);
}

template <class Request>
Completion ask(const SharedCore& core, const Request& request, const OnDelta& on_delta,
               const CallOptions& options) {
  const auto stream = begin_stream(core, request, options);
  while (auto delta = stream->next()) {
    if (on_delta && on_delta(*delta) == Flow::stop) stream->call->cancel();
  }
  return stream->take();
}

template <class Request>
CallId start(SharedCore core, const Request& request, const CallOptions& options) {
  if (core->is_forked()) return 0;  // A mutex of its ledger may be held for ever.
  return core->start(order_of(*core->settings(), request, options, CallShape::streamed), options);
}

/// As a stream, which is the longer of the two, unless `extra` says that it is none.
template <class Request>
Estimate estimate_of(const ClientSettings& settings, const Request& request,
                     const CallOptions& options) {
  auto order = order_of(settings, request, options, CallShape::streamed);
  if (!order.body) order = order_of(settings, request, options, CallShape::document);
  return estimate_call(settings, std::move(order), options);
}

}  // namespace

/// What the copies of a Client share and its Streams do not: when it goes, the client is closed.
struct Client::Handle {
  explicit Handle(std::shared_ptr<Core> core_) : core(std::move(core_)) {}
  ~Handle() {
    quietly([this] { core->shutdown(std::chrono::milliseconds(0)); });
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  const std::shared_ptr<Core> core;
};

Client::Client(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

Result<Client> Client::open(ClientOptions options) {
  if (!options.transport) {
    if (auto started = start_curl(); !started) return std::move(started).error();
  }
  auto settings = check_options(std::move(options));
  if (!settings) return std::move(settings).error();
  return Client(std::make_shared<Handle>(std::make_shared<Core>(*std::move(settings))));
}

Completion Client::chat(const ChatRequest& request, const CallOptions& options) const {
  return ask(handle_->core, request, options);
}

Completion Client::fim(const FimRequest& request, const CallOptions& options) const {
  return ask(handle_->core, request, options);
}

Completion Client::chat(const ChatRequest& request, const OnDelta& on_delta,
                        const CallOptions& options) const {
  return ask(handle_->core, request, on_delta, options);
}

Completion Client::fim(const FimRequest& request, const OnDelta& on_delta,
                       const CallOptions& options) const {
  return ask(handle_->core, request, on_delta, options);
}

Stream Client::stream(const ChatRequest& request, const CallOptions& options) const {
  return Stream(begin_stream(handle_->core, request, options));
}

Stream Client::stream(const FimRequest& request, const CallOptions& options) const {
  return Stream(begin_stream(handle_->core, request, options));
}

CallId Client::chat_start(const ChatRequest& request, const CallOptions& options) const {
  return start(handle_->core, request, options);
}

CallId Client::fim_start(const FimRequest& request, const CallOptions& options) const {
  return start(handle_->core, request, options);
}

Result<PollResult> Client::poll(std::chrono::microseconds time_budget) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->poll(time_budget);
}

Result<PollResult> Client::wait(std::chrono::milliseconds timeout) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->wait(timeout);
}

void Client::wakeup() const { handle_->core->wakeup(); }

Result<PollResult> Client::drive_socket(SocketHandle socket, SocketReady ready) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->drive_socket(socket, ready);
}

Result<PollResult> Client::drive_timer() const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->drive_timer();
}

void Client::suspend() const {
  const auto core = handle_->core;  // A hook may drop the last client.
  core->suspend();
}

void Client::resume(OnResume what) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  core->resume(what);
}

Snapshot Client::snapshot() const { return handle_->core->snapshot(); }

bool Client::next_event(Event& event) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->next_event(event);
}

bool Client::cancel(CallId call) const { return handle_->core->cancel(call); }

std::size_t Client::cancel_group(std::uint64_t group) const {
  return handle_->core->cancel_group(group);
}

void Client::shutdown(std::chrono::milliseconds deadline) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  core->shutdown(deadline);
}

Result<void> Client::warm_up(std::chrono::milliseconds timeout) const {
  const auto core = handle_->core;  // A hook may drop the last client.
  return core->warm_up(timeout);
}

Result<Balance> Client::balance(std::chrono::milliseconds timeout) const {
  const auto core = handle_->core;  // `ClientOptions::token` may drop the last client.
  return core->balance(timeout);
}

Result<std::vector<ServedModel>> Client::models(std::chrono::milliseconds timeout) const {
  const auto core = handle_->core;  // `ClientOptions::token` may drop the last client.
  auto body = core->get("/models", "models", timeout);
  if (!body) return std::move(body).error();
  return parse_models(*body);
}

Estimate Client::estimate(const ChatRequest& request, const CallOptions& options) const {
  return estimate_of(*handle_->core->settings(), request, options);
}

Estimate Client::estimate(const FimRequest& request, const CallOptions& options) const {
  return estimate_of(*handle_->core->settings(), request, options);
}

std::vector<Advice> Client::advise(const ChatRequest& request) const {
  const ClientSettings& settings = *handle_->core->settings();
  return check_request(request, settings.provider, settings.options.base_url);
}

const PriceCatalog& Client::prices() const { return handle_->core->settings()->prices(); }

}  // namespace TALLY_ABI
}  // namespace tally
