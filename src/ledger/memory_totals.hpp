// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Sums over rows, for a store without a query language. One thread at a time.
class MemoryTotals {
 public:
  explicit MemoryTotals(const LedgerGrouping& grouping) : grouping_(grouping) {}

  void add(const LedgerRow& row);
  /// `limit_exceeded`: a sum does not fit.
  Result<std::vector<LedgerTotal>> take();

 private:
  /// provider, model, label, state, day, currency: also the order of the groups.
  using Key = std::tuple<std::string, std::string, std::string, std::optional<BillState>,
                         std::string, std::string>;
  struct Group {
    LedgerTotal total;
    std::set<std::string> calls;
  };

  Key key_of(const LedgerRow& row);
  const std::string& date_of(const LedgerRow& row);

  const LedgerGrouping grouping_;
  std::map<Key, Group> groups_;
  LocalDay day_;  ///< Of the row before: most rows lie on the same one.
  bool fits_ = true;
};

}  // namespace TALLY_ABI
}  // namespace tally
