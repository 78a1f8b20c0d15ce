// SPDX-License-Identifier: MIT
#pragma once

// A transport that plays a recorded answer in chosen pieces, and a clock that says what one wants:
// with them a real client reads recordings without any network.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tally/tally.hpp"

namespace runners {

class FakeClock : public tally::Clock {
 public:
  tally::SteadyInstant steady() const override { return steady_; }
  tally::Instant wall() const override { return wall_; }
  void set(tally::Instant wall) { wall_ = wall; }

 private:
  tally::SteadyInstant steady_{std::chrono::seconds(1)};
  tally::Instant wall_{};
};

/// What the next transfer plays. The body is looked at, not kept.
struct Recording {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  std::size_t first_piece = 0;                 ///< Bytes of the first piece; 0: as the others.
  std::size_t piece = std::string_view::npos;  ///< Bytes of each other piece.
  /// What the clock says once the answer comes in; the call began before that.
  std::shared_ptr<FakeClock> clock;
  tally::Instant answered{};
};

/// A factory of transports that all play what `recording` says at that moment.
tally::TransportFactory replay_transport(std::shared_ptr<const Recording> recording);

}  // namespace runners
