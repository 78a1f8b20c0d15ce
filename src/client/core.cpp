// SPDX-License-Identifier: MIT
#include "client/core.hpp"

#include <thread>

#include "base/patience.hpp"
#include "base/process.hpp"
#include "client/fetch.hpp"
#include "client/secret.hpp"
#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

Error busy() {
  return Error{ErrorKind::busy,
               "another thread drives the started calls of this client: poll it from one thread"};
}

Error error_of(const Fetched& fetched, const HttpHeaders& headers) {
  Error error = error_of_response(fetched.status, fetched.body);
  error.http_status = fetched.status;
  redact(error.message, key_in(headers));
  redact(error.provider_code, key_in(headers));
  return error;
}

}  // namespace

Client::Core::Core(std::shared_ptr<const ClientSettings> settings)
    : settings_(std::move(settings)),
      forks_before_(forks_so_far()),
      started_(std::make_unique<StartedCalls>()) {}

Client::Core::~Core() {
  if (!is_forked()) return;
  // The sockets belong to the parent too: closing TLS here would end its connections.
  [[maybe_unused]] StartedCalls* kept = started_.release();
  for (auto& lane : lanes_) [[maybe_unused]] Lane* kept_lane = lane.release();
}

bool Client::Core::is_forked() const { return forks_so_far() != forks_before_; }

std::optional<Error> Client::Core::refusal() const {
  if (is_forked()) {
    return Error{ErrorKind::forked,
                 "this client was opened before a fork: open a new one in the child"};
  }
  if (closed_.load(std::memory_order_acquire)) {
    return Error{ErrorKind::closed, "the client was shut down: open a new one"};
  }
  return std::nullopt;
}

Result<Lane*> Client::Core::new_lane() {
  auto transport = settings_->options.transport ? settings_->options.transport()
                                                : curl_transport(settings_->options.curl)();
  if (!transport) return std::move(transport).error();
  lanes_.push_back(std::make_unique<Lane>(*std::move(transport), settings_->clock));
  return lanes_.back().get();
}

Result<Lane*> Client::Core::lease() {
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  if (idle_lanes_.empty()) {
    auto lane = new_lane();
    if (!lane) return lane;
    idle_lanes_.push_back(*lane);
  }
  Lane* lane = idle_lanes_.back();
  idle_lanes_.pop_back();
  ++leased_;
  return lane;
}

void Client::Core::give_back(Lane& lane) {
  if (is_forked()) return;  // The mutex may be held by a thread that this process does not have.
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  idle_lanes_.push_back(&lane);
  --leased_;
  lane_came_back_.notify_all();
}

Result<Lane*> Client::Core::started_lane() {
  if (started_lane_ != nullptr) return started_lane_;
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  auto lane = new_lane();
  if (lane) started_lane_ = *lane;
  return lane;
}

Result<void> Client::Core::warm_up(std::chrono::milliseconds timeout) {
  if (auto refused = refusal()) return *std::move(refused);
  // Any answer, a refusal too, came over a connection that now stands.
  const FetchOrder order{"/models", "warm_up", settings_->headers,
                         later(settings_->clock->steady(), timeout), stops_};
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    auto lane = started_lane();
    if (!lane) return std::move(lane).error();
    if (auto warm = fetch(**lane, *settings_, order); !warm) return std::move(warm).error();
  }
  auto lane = lease();
  if (!lane) return std::move(lane).error();
  const LaneLease back(*this, **lane);
  if (auto warm = fetch(**lane, *settings_, order); !warm) return std::move(warm).error();
  return {};
}

Result<std::string> Client::Core::get(std::string_view path, std::string_view who,
                                      std::chrono::milliseconds timeout) {
  if (auto refused = refusal()) return *std::move(refused);
  const ClientOptions& options = settings_->options;
  FetchOrder order{path, who, settings_->headers, later(settings_->clock->steady(), timeout),
                   stops_};
  if (options.token) order.headers = headers_with_key(options, options.token());
  if (!order.headers) {
    return Error{ErrorKind::authentication, "ClientOptions::token gave no usable key"};
  }
  auto lane = lease();
  if (!lane) return std::move(lane).error();
  const LaneLease back(*this, **lane);
  auto fetched = fetch(**lane, *settings_, order);
  if (!fetched) return std::move(fetched).error();
  if (fetched->status >= 200 && fetched->status < 300) return std::move(fetched->body);
  return error_of(*fetched, *order.headers);
}

CallId Client::Core::chat_start(const ChatRequest& request, const CallOptions& options) {
  if (is_forked()) return 0;
  std::lock_guard<std::mutex> lock(poll_mutex_);
  auto call = std::make_unique<Call>(settings_, request, options, CallShape::streamed, stops_);
  std::optional<Error> refused = refusal();
  if (!refused) {
    if (auto lane = started_lane(); !lane) refused = std::move(lane).error();
  }
  return started_->start(std::move(call), options.group, started_lane_, refused);
}

Result<bool> Client::Core::turn_started(microseconds waits) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  const bool moved = started_->turn(waits);
  const auto posts = started_->take_posts();
  lock.unlock();
  for (const auto& call_host : posts) call_host();
  return moved;
}

Result<PollResult> Client::Core::poll_result() {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  return PollResult{started_->events_ready(), started_->in_flight()};
}

Result<PollResult> Client::Core::poll(microseconds time_budget) {
  const SteadyInstant until = settings_->clock->steady() + time_budget;
  while (true) {
    auto moved = turn_started(microseconds(0));
    if (!moved) return std::move(moved).error();
    if (!*moved || settings_->clock->steady() >= until) return poll_result();
  }
}

Result<PollResult> Client::Core::wait(std::chrono::milliseconds timeout) {
  const SteadyInstant until = later(settings_->clock->steady(), timeout);
  auto left = std::chrono::ceil<microseconds>(until - settings_->clock->steady());
  auto now = poll_result();
  while (now && now->calls_in_flight > 0 && now->events_ready == 0 && left > microseconds(0)) {
    if (auto moved = turn_started(left); !moved) return std::move(moved).error();
    now = poll_result();
    left = std::chrono::ceil<microseconds>(until - settings_->clock->steady());
  }
  return now;
}

bool Client::Core::next_event(Event& event) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  return lock && !is_forked() && started_->next_event(event);
}

void Client::Core::shutdown(std::chrono::milliseconds deadline) {
  if (is_forked()) return;
  closed_.store(true, std::memory_order_release);
  const SteadyInstant until = later(std::chrono::steady_clock::now(), deadline);
  // The started calls have no thread but the one that polls: while they finish, this one does.
  // Where another thread is in `poll` or `wait`, that one does.
  const auto is_idle = [&] {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    return lock && !started_->has_unfinished();
  };
  while (std::chrono::steady_clock::now() < until && !is_idle()) {
    if (turn_started(std::chrono::milliseconds(1))) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  {
    std::unique_lock<std::mutex> lock(lanes_mutex_);
    lane_came_back_.wait_until(lock, until, [&] { return leased_ == 0; });
  }
  stop_all();
  (void)turn_started(microseconds(0));
}

void Client::Core::stop_all() {
  stops_.store(true, std::memory_order_release);
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  for (const auto& lane : lanes_) lane->call_attention();
}

}  // namespace TALLY_ABI
}  // namespace tally
