// SPDX-License-Identifier: MIT
#include "client/core.hpp"

#include <algorithm>
#include <thread>

#include "base/patience.hpp"
#include "base/process.hpp"
#include "base/quietly.hpp"
#include "client/fetch.hpp"
#include "client/secret.hpp"
#include "wire/error_json.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;

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
      started_(std::make_unique<StartedCalls>()),
      loop_(settings_->options.loop) {}

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
  // Room for when it comes back: that is in destructors.
  if (idle_lanes_.capacity() <= lanes_.size()) idle_lanes_.reserve(2 * lanes_.size() + 1);
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
  if (std::exchange(lane.resumes_seen, resumes_) != resumes_) {
    lane.transport().forget_idle_connections();
  }
  idle_lanes_.push_back(&lane);
  --leased_;
  lane_came_back_.notify_all();
}

Result<Lane*> Client::Core::started_lane() {
  if (Lane* lane = started_lane_.load()) return lane;
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  auto lane = new_lane();
  if (!lane) return lane;
  if (loop_.has_loop()) shows_sockets_ = (*lane)->transport().show_sockets();
  started_->use(**lane);
  started_lane_.store(*lane);
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
    if ((*lane)->is_suspended()) {
      return Error{ErrorKind::busy, "the started calls are suspended: resume them first"};
    }
    Result<Fetched> warm = out_of_memory();
    quietly([&] { warm = fetch(**lane, *settings_, order); });
    started_->queue_ready();  // The lane's turns were the fetch's.
    note_for_loop();
    lock.unlock();
    loop_.tell();
    if (!warm) return warm.error();
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
  if (options.token) order.headers = headers_with_token(options);
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

void Client::Core::shutdown(std::chrono::milliseconds deadline) {
  if (is_forked()) return;
  closed_.store(true, std::memory_order_release);
  quietly([this] { resume(OnResume::go_on); });
  wake_driver();  // Who waits with nothing in flight is told that nothing comes any more.
  const SteadyInstant until = later(std::chrono::steady_clock::now(), deadline);
  // The started calls have no thread but the one that polls: while they finish, this one does.
  // Where another thread is in `poll` or `wait`, that one does.
  const auto is_idle = [&] {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    return lock && !started_->has_unfinished();
  };
  while (std::chrono::steady_clock::now() < until && !is_idle()) {
    // A turn does not wait while events lie there unread.
    const auto moved = turn_started(std::chrono::milliseconds(1));
    if (!moved || !*moved) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  {
    std::unique_lock<std::mutex> lock(lanes_mutex_);
    lane_came_back_.wait_until(lock, until, [&] { return leased_ == 0; });
  }
  stop_all();
  // A turn ends them all; another thread may be in one.
  const SteadyInstant latest = std::chrono::steady_clock::now() + std::chrono::milliseconds(40);
  do {
    if (turn_started(microseconds(0)) && is_idle()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (std::chrono::steady_clock::now() < latest);
  wake_driver();  // That turn may have taken the wake of a thread that was about to wait.
  loop_.leave();
  loop_.tell();
}

void Client::Core::stop_all() {
  stops_.store(true, std::memory_order_release);
  std::lock_guard<std::mutex> lock(lanes_mutex_);
  for (const auto& lane : lanes_) lane->call_attention();
}

}  // namespace TALLY_ABI
}  // namespace tally
