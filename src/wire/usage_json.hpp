// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "base/json.hpp"
#include "tally/usage.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// The counts of a server's usage object in any of the spellings that servers use; `text` is what
/// `usage` was parsed from.
ReportedUsage read_usage(const JsonValue& usage, std::string_view text);

/// The usage of one attempt out of the snapshots that came, which are cumulative: the last counts,
/// and nothing is ever added up. One thread at a time.
class UsageSnapshots {
 public:
  void add(ReportedUsage snapshot);

  /// Null: the server sent none.
  const ReportedUsage* current() const { return current_.get(); }
  /// Some count went down on the way (`Anomaly::usage_regressed`).
  bool regressed() const { return regressed_; }

 private:
  std::unique_ptr<ReportedUsage> current_;  // Comes last: a stream is without it for long.
  bool regressed_ = false;
};

}  // namespace TALLY_ABI
}  // namespace tally
