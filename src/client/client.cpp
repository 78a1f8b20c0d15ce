// SPDX-License-Identifier: MIT
#include "tally/client.hpp"

#include <utility>

#include "client/core.hpp"
#include "client/estimate.hpp"
#include "client/settings.hpp"
#include "client/stream_state.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What the copies of a Client share and its Streams do not: when it goes, the client is closed.
struct Client::Handle {
  explicit Handle(std::shared_ptr<Core> core_) : core(std::move(core_)) {}
  ~Handle() { core->shutdown(std::chrono::milliseconds(0)); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  const std::shared_ptr<Core> core;
};

Client::Client(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

Result<Client> Client::open(ClientOptions options) {
  if (!options.transport) {
    if (auto version = curl_version(); !version) return std::move(version).error();
  }
  auto settings = check_options(std::move(options));
  if (!settings) return std::move(settings).error();
  return Client(std::make_shared<Handle>(std::make_shared<Core>(*std::move(settings))));
}

Completion Client::chat(const ChatRequest& request, const CallOptions& options) const {
  Stream::State call(handle_->core, request, options, CallShape::document);
  return std::move(call.finish());
}

Completion Client::chat(const ChatRequest& request, const OnDelta& on_delta,
                        const CallOptions& options) const {
  Stream::State stream(handle_->core, request, options, CallShape::streamed);
  while (auto delta = stream.next()) {
    if (on_delta && on_delta(*delta) == Flow::stop) stream.call->cancel();
  }
  return std::move(stream.finish());
}

Stream Client::stream(const ChatRequest& request, const CallOptions& options) const {
  return Stream(
      std::make_unique<Stream::State>(handle_->core, request, options, CallShape::streamed));
}

CallId Client::chat_start(const ChatRequest& request, const CallOptions& options) const {
  return handle_->core->chat_start(request, options);
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
  return core->poll(std::chrono::microseconds(0));
}

void Client::suspend() const { handle_->core->suspend(); }
void Client::resume(OnResume what) const { handle_->core->resume(what); }
Snapshot Client::snapshot() const { return handle_->core->snapshot(); }

bool Client::next_event(Event& event) const { return handle_->core->next_event(event); }
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
  return estimate_call(*handle_->core->settings(), request, options);
}

std::vector<Advice> Client::advise(const ChatRequest& request) const {
  const ClientSettings& settings = *handle_->core->settings();
  return check_request(request, settings.provider, settings.options.base_url);
}

const PriceCatalog& Client::prices() const { return handle_->core->settings()->prices(); }

}  // namespace TALLY_ABI
}  // namespace tally
