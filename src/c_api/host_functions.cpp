// SPDX-License-Identifier: MIT
#include <array>

#include "c_api/options.hpp"

namespace tally {
inline namespace TALLY_ABI {

namespace {

std::string line_of(const RetryNotice& notice) {
  return "call " + notice.call_id + ": attempt " + std::to_string(notice.failed_attempt) +
         " failed (" + std::string(to_string(notice.error.kind)) + ": " + notice.error.message +
         "); the next one in " + std::to_string(notice.delay.count()) + " ms";
}

std::string line_of(const AttemptReport& report) {
  const Attempt& attempt = report.attempt;
  std::string line = "call " + report.call_id + ": attempt " + std::to_string(attempt.number) +
                     " of " + report.model + ": " + to_string(attempt.cost) + ", " +
                     std::string(to_string(attempt.state));
  if (attempt.http_status != 0) line += ", HTTP " + std::to_string(attempt.http_status);
  if (report.error) line += ", " + std::string(to_string(*report.error));
  return line;
}

std::string line_of(const BudgetNotice& notice) {
  const BudgetStatus& status = notice.status;
  return "budget \"" + status.id + "\": " + std::string(to_string(notice.kind)) + ": " +
         to_string(Money{status.spent, status.limit.currency}) + " of " + to_string(status.limit) +
         " spent; call " + notice.call_id;
}

/// A hook that writes a line of that level; none, where nobody wants it.
template <class Notice>
std::function<void(const Notice&)> logging(const HostFunctions& host, std::int32_t level) {
  if (host.log == nullptr || host.log_level < level) return {};
  return [log = host.log, user = host.user, level](const Notice& notice) {
    const std::string line = line_of(notice);
    log(user, level, line.data(), line.size());
  };
}

class HostClock : public Clock {
 public:
  explicit HostClock(const tally_clock& clock) : clock_(clock) {}
  SteadyInstant steady() const override {
    return SteadyInstant(std::chrono::nanoseconds(clock_.steady_ns(clock_.user)));
  }
  Instant wall() const override {
    return Instant(std::chrono::microseconds(clock_.wall_us(clock_.user)));
  }

 private:
  const tally_clock clock_;
};

}  // namespace

Hooks hooks_of(const HostFunctions& host) {
  Hooks hooks;
  hooks.on_retry = logging<RetryNotice>(host, TALLY_LOG_WARNING);
  hooks.on_budget = logging<BudgetNotice>(host, TALLY_LOG_WARNING);
  hooks.on_attempt = logging<AttemptReport>(host, TALLY_LOG_INFO);
  return hooks;
}

std::function<void(std::string_view)> trace_of(const HostFunctions& host) {
  if (host.log == nullptr || host.log_level < TALLY_LOG_TRACE) return {};
  return [log = host.log, user = host.user](std::string_view line) {
    log(user, TALLY_LOG_TRACE, line.data(), line.size());
  };
}

std::function<std::string()> token_of(tally_token_fn token, void* user) {
  return [token, user] {
    std::array<char, 16384> key{};
    const std::int32_t size = token(user, key.data(), key.size());
    const bool fits = size > 0 && static_cast<std::size_t>(size) <= key.size();
    return fits ? std::string(key.data(), static_cast<std::size_t>(size)) : std::string();
  };
}

HostLoop loop_of(tally_socket_fn on_socket, tally_timer_fn on_timer, void* user) {
  HostLoop loop;
  loop.on_socket = [on_socket, user](const SocketWatch& watch) {
    on_socket(user, static_cast<std::int64_t>(watch.socket),
              (watch.read ? TALLY_READ : 0) | (watch.write ? TALLY_WRITE : 0));
  };
  loop.on_timer = [on_timer, user](std::optional<std::chrono::microseconds> after) {
    on_timer(user, after ? static_cast<std::int64_t>(after->count()) : -1);
  };
  return loop;
}

std::shared_ptr<const Clock> clock_of(const tally_clock& clock) {
  return std::make_shared<HostClock>(clock);
}

}  // namespace TALLY_ABI
}  // namespace tally
