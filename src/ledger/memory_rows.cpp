// SPDX-License-Identifier: MIT
#include "ledger/memory_rows.hpp"

#include <algorithm>

namespace tally {
inline namespace TALLY_ABI {

Instant counts_at(const LedgerRow& row) { return row.billed_at.value_or(row.started); }

bool matches(const LedgerFilter& filter, const LedgerRow& row) {
  const Instant at = counts_at(row);
  if (filter.from && at < *filter.from) return false;
  if (filter.to && at >= *filter.to) return false;
  if (!filter.provider.empty() && filter.provider != row.provider) return false;
  if (!filter.model.empty() && filter.model != row.model_requested) return false;
  if (filter.state && *filter.state != row.state) return false;
  if (!filter.call_id.empty() && filter.call_id != row.call_id) return false;
  return std::all_of(filter.labels.begin(), filter.labels.end(), [&row](const auto& wanted) {
    const auto found = row.labels.find(wanted.first);
    return found != row.labels.end() && found->second == wanted.second;
  });
}

std::optional<MemoryRows::Number> MemoryRows::find(const std::string& attempt_id) const {
  const auto found = by_attempt_.find(attempt_id);
  if (found == by_attempt_.end()) return std::nullopt;
  return found->second;
}

std::vector<MemoryRows::Number> MemoryRows::within(TimeSpan span) const {
  std::vector<Number> numbers;
  const auto end = by_instant_.lower_bound({span.end, 0});
  for (auto place = by_instant_.lower_bound({span.begin, 0}); place != end; ++place) {
    numbers.push_back(place->second);
  }
  return numbers;
}

MemoryRows::Number MemoryRows::insert(LedgerRow row) {
  // All memory is asked for first: where there is none, the row is in none of the three.
  const Number number = last_ + 1;
  by_attempt_.reserve(by_attempt_.size() + 1);
  std::unordered_map<std::string, Number> attempt{{row.attempt_id, number}};
  std::set<std::pair<Instant, Number>> instant{{counts_at(row), number}};
  rows_.emplace(number, std::move(row));
  by_attempt_.merge(attempt);
  by_instant_.merge(instant);
  last_ = number;
  return number;
}

void MemoryRows::replace(Number number, LedgerRow row) {
  LedgerRow& place = rows_.find(number)->second;
  auto instant = by_instant_.extract({counts_at(place), number});
  instant.value() = {counts_at(row), number};
  by_instant_.insert(std::move(instant));
  place = std::move(row);
}

void MemoryRows::erase(Number number) {
  const auto place = rows_.find(number);
  by_instant_.erase({counts_at(place->second), number});
  by_attempt_.erase(place->second.attempt_id);
  rows_.erase(place);
}

}  // namespace TALLY_ABI
}  // namespace tally
