// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// When a row counts: its billing instant, or its start while there is none.
Instant counts_at(const LedgerRow& row);

bool matches(const LedgerFilter& filter, const LedgerRow& row);

/// Rows in the order of their reserves. One thread at a time.
class MemoryRows {
 public:
  using Number = std::uint64_t;  ///< Grows with each row, and is never used again.

  std::optional<Number> find(const std::string& attempt_id) const;
  bool has(Number number) const { return rows_.count(number) != 0; }
  const LedgerRow& operator[](Number number) const { return rows_.find(number)->second; }
  const std::map<Number, LedgerRow>& all() const { return rows_; }
  /// Those that count in that span.
  std::vector<Number> within(TimeSpan span) const;

  Number insert(LedgerRow row);
  void replace(Number number, LedgerRow row);
  void clear_labels(Number number) { rows_.find(number)->second.labels.clear(); }
  void erase(Number number);

 private:
  std::map<Number, LedgerRow> rows_;
  std::unordered_map<std::string, Number> by_attempt_;
  std::set<std::pair<Instant, Number>> by_instant_;
  Number last_ = 0;
};

}  // namespace TALLY_ABI
}  // namespace tally
