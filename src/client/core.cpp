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

Error busy() {
  return Error{ErrorKind::busy,
               "another thread drives the started calls of this client: poll it from one thread"};
}

/// How long a host's loop may be left without a turn while calls are in flight; absent: it hears of
/// everything.
std::optional<microseconds> longest_blind(bool shows_sockets) {
  if (!shows_sockets) return std::chrono::milliseconds(5);
#ifdef _WIN32
  return std::chrono::milliseconds(50);  // No descriptor says that somebody wants attention.
#else
  return std::nullopt;
#endif
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

CallId Client::Core::start(CallOrder order, const CallOptions& options) {
  auto call = std::make_unique<Call>(settings_, std::move(order), options, stops_);
  // Asked here: a call that is started before a shutdown has its time, also if it begins later.
  const CallId id = started_->add(std::move(call), options.group, refusal());
  if (loop_.has_loop() || waits_.load() > 0) wake_driver();
  // A wake is heard by one of the watches, if there are any.
  if (loop_.has_loop() && !loop_.is_watching()) call_loop();
  return id;
}

void Client::Core::call_loop() {
  loop_called_.store(true);
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return;                          // Whoever works there looks for it when done.
    quietly([this] { (void)started_lane(); });  // Else its first turn makes it.
    note_for_loop();
  }
  loop_.tell();
}

void Client::Core::look_for_calls() {
  if (loop_.has_loop() && loop_called_.load()) call_loop();
}

void Client::Core::begin_added() {
  if (!started_->has_added()) return;
  std::optional<Error> refused;
  if (stops_.load(std::memory_order_acquire)) refused = refusal();
  const Lane* present = started_lane_.load();
  if (!refused && present != nullptr && present->is_suspended()) return;
  if (!refused) {
    if (auto lane = started_lane(); !lane) refused = std::move(lane).error();
  }
  started_->begin_added(refused);
}

Result<bool> Client::Core::turn_started(microseconds waits) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  bool moved = false;
  const bool has_run = quietly([&] {
    begin_added();
    moved = started_->turn(waits);
  });
  if (!has_run) started_->queue_ready();  // Who ended in a turn that was broken off is not told of.
  const auto posts = started_->take_posts();
  note_for_loop();
  lock.unlock();
  look_for_calls();
  loop_.tell();
  for (const auto& call_host : posts) call_host();
  if (!has_run) return out_of_memory();
  return moved;
}

Result<PollResult> Client::Core::poll_result() {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) return busy();
  if (is_forked()) return *refusal();
  const PollResult result{started_->events_ready(), started_->in_flight()};
  lock.unlock();
  look_for_calls();
  return result;
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
  struct Waiting {
    explicit Waiting(std::atomic<int>& count) : waits(count) { ++waits; }
    ~Waiting() { --waits; }
    std::atomic<int>& waits;
  } const waiting(waits_);
  auto result = wait_until(until);
  // A shutdown on another thread takes short turns of its own; they are let pass.
  while (!result && result.error().kind == ErrorKind::busy && closed_.load() &&
         settings_->clock->steady() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    result = wait_until(until);
  }
  return result;
}

Result<PollResult> Client::Core::wait_until(SteadyInstant until) {
  {
    // A transport sleeps and can be woken, also without a transfer.
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    if (auto lane = started_lane(); !lane) return std::move(lane).error();
  }
  while (true) {
    auto now = poll_result();
    if (!now || now->events_ready > 0) return now;
    if (now->calls_in_flight == 0 && closed_.load(std::memory_order_acquire)) return *refusal();
    const auto left = std::chrono::ceil<microseconds>(until - settings_->clock->steady());
    if (woken_.exchange(false) || left <= microseconds(0)) return now;
    wait_suspended(left);
    if (auto moved = turn_started(left); !moved) return std::move(moved).error();
  }
}

void Client::Core::wakeup() {
  woken_.store(true);
  wake_driver();
}

void Client::Core::wake_driver() {
  if (is_forked()) return;
  if (Lane* lane = started_lane_.load()) lane->call_attention();
  std::lock_guard<std::mutex> lock(suspend_mutex_);
  resumed_.notify_all();
}

Result<PollResult> Client::Core::drive_socket(SocketHandle socket, SocketReady ready) {
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    if (Lane* lane = started_lane_.load()) lane->transport().note_ready(socket, ready);
  }
  return poll(microseconds(0));
}

Result<PollResult> Client::Core::drive_timer() {
  {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return busy();
    if (is_forked()) return *refusal();
    loop_.note_timer_over();
  }
  return poll(microseconds(0));
}

void Client::Core::note_for_loop() {
  if (!loop_.has_loop()) return;
  loop_called_.store(false);
  Lane* lane = started_lane_.load();
  const SteadyInstant now = settings_->clock->steady();
  SteadyInstant at = lane != nullptr ? lane->next_turn() : SteadyInstant::max();
  const bool is_suspended = lane != nullptr && lane->is_suspended();
  if (started_->has_added() && !is_suspended) at = now;
  const auto blind = longest_blind(shows_sockets_);
  if (blind && started_->has_unfinished()) at = std::min<SteadyInstant>(at, now + *blind);
  std::vector<SocketWatch> changes;
  if (lane != nullptr) changes = lane->transport().take_watches();
  loop_.note(std::move(changes), at, now);
}

bool Client::Core::next_event(Event& event) {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock || is_forked()) return false;
  bool has_event = started_->next_event(event);
  if (!has_event) {  // Begun only then: who pulls a thousand events must not begin as many calls.
    begin_added();
    has_event = started_->next_event(event);
  }
  note_for_loop();  // A stream that was paused may go on.
  lock.unlock();
  loop_.tell();
  return has_event;
}

void Client::Core::suspend() {
  if (is_forked()) return;
  {
    // First, so that a thread in `wait` does not take the lock again for as long as it likes.
    std::lock_guard<std::mutex> lock(suspend_mutex_);
    if (closed_.load()) return;
    is_suspended_ = true;
  }
  wake_driver();
  {
    std::lock_guard<std::mutex> lock(poll_mutex_);
    if (!is_suspended()) return;  // Another thread has resumed meanwhile.
    if (auto lane = started_lane()) (*lane)->suspend();
    loop_.suspend();
  }
  loop_.tell();
}

void Client::Core::resume(OnResume what) {
  if (is_forked()) return;
  // A thread in `wait` holds the other lock for as long as it likes, but while suspended.
  if (!is_suspended()) return;
  std::unique_lock<std::mutex> lock(poll_mutex_);
  Lane* lane = started_lane_.load();
  if (lane != nullptr && lane->is_suspended()) {
    lane->resume();
    if (what == OnResume::reconnect) lane->break_connections();
    lane->transport().forget_idle_connections();
  }
  {
    std::lock_guard<std::mutex> lanes_lock(lanes_mutex_);
    ++resumes_;  // Leased lanes look at it when they come back.
    for (Lane* idle : idle_lanes_) {
      idle->resumes_seen = resumes_;
      idle->transport().forget_idle_connections();
    }
  }
  loop_.resume();
  note_for_loop();
  {
    // Before the host is told, who may suspend again from inside.
    std::lock_guard<std::mutex> suspend_lock(suspend_mutex_);
    is_suspended_ = false;
    resumed_.notify_all();
  }
  lock.unlock();
  loop_.tell();
}

bool Client::Core::is_suspended() {
  std::lock_guard<std::mutex> lock(suspend_mutex_);
  return is_suspended_;
}

void Client::Core::wait_suspended(microseconds waits) {
  std::unique_lock<std::mutex> lock(suspend_mutex_);
  const SteadyInstant until =
      later(std::chrono::steady_clock::now(), std::chrono::ceil<std::chrono::milliseconds>(waits));
  resumed_.wait_until(lock, until,
                      [&] { return !is_suspended_ || woken_.load() || closed_.load(); });
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
