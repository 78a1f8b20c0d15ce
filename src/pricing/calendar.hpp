// SPDX-License-Identifier: MIT
#pragma once

// When a price applies within a week: daily windows, weekdays in a stated offset, and holidays.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tally/pricing.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Days since 1970-01-01, both included.
struct DayRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// A named list of days. Plain data.
struct Calendar {
  std::string name;
  std::optional<int> offset_min;  ///< In which a day begins; absent: in the offset of the window.
  DayRange covers;                ///< The days for which the list is complete.
  std::vector<DayRange> days;     ///< Ascending, without overlap.

  bool contains(std::int64_t day) const;
};

/// A part of each day that has a band of its own. Minutes count from 00:00 UTC; `end` before
/// `start` crosses midnight. Plain data.
struct Window {
  std::size_t band = 0;  ///< Position in `Schedule::bands`.
  int start_min = 0;
  int end_min = 0;
  unsigned weekdays = every_weekday;       ///< Bit 1 is Monday, bit 7 is Sunday.
  int weekday_offset_min = 0;              ///< In which the weekday of an instant is read.
  int calendar_offset_min = 0;             ///< In which the day of an instant is looked up.
  std::shared_ptr<const Calendar> except;  ///< On its days the window does not count.

  static constexpr unsigned every_weekday = 0xFE;
};

/// Daily windows; the first that contains an instant gives its band. Plain data.
struct Schedule {
  std::string name;
  BillingInstant billing_instant = BillingInstant::completed;
  std::vector<std::string> bands;  ///< The first is the one outside of all windows.
  std::vector<Window> windows;

  /// The position in `bands` that is in force.
  std::size_t band_at(Instant at) const;

  /// The first instant after `at` with another band than `at`; nothing if none comes within a year.
  std::optional<Instant> next_edge(Instant at) const;

  /// A calendar of the schedule ends before that day, so that its holidays are not known.
  bool calendar_expired(Instant at) const;
};

}  // namespace TALLY_ABI
}  // namespace tally
