// SPDX-License-Identifier: MIT
#include "base/civil.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

struct TimeZone::Rules {
  std::chrono::seconds offset{0};
};

Result<TimeZone> TimeZone::fixed(std::chrono::seconds east_of_utc) {
  return TimeZone(std::make_shared<const Rules>(Rules{east_of_utc}));
}
std::chrono::seconds TimeZone::offset_at(Instant) const {
  return rules_ ? rules_->offset : std::chrono::seconds(0);
}
std::string to_string(const TimeZone&) { return "UTC"; }
LocalDay local_day(const TimeZone& zone, Instant at) {
  const auto offset = zone.offset_at(at);
  const auto local = at.time_since_epoch() + offset;
  const auto day = std::chrono::floor<std::chrono::hours>(local).count() / 24;
  const Instant begin{std::chrono::hours(day * 24) - offset};
  return {to_string(begin + offset).substr(0, 10), {begin, begin + std::chrono::hours(24)}};
}

}  // namespace TALLY_ABI
}  // namespace tally
