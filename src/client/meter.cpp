// SPDX-License-Identifier: MIT
#include "client/meter.hpp"

#include <algorithm>

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::chrono::milliseconds slice_length{250};

std::int64_t slice_at(SteadyInstant at) { return at.time_since_epoch() / slice_length; }

/// False: two currencies, or more money than there is.
bool add_to(Money& sum, const Money& more) {
  const auto added = add(sum, more);
  if (added) sum = *added;
  return added.has_value();
}

}  // namespace

Meter::Meter(Currency account) {
  sums_.spent.currency = account;
  sums_.estimated.currency = account;
}

void Meter::begin_call() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++sums_.calls_begun;
}

void Meter::end_call(std::optional<ErrorKind> error) {
  std::lock_guard<std::mutex> lock(mutex_);
  ++sums_.calls_ended;
  if (error) sums_.last_error = error;
}

void Meter::count(const Attempt& attempt) {
  std::lock_guard<std::mutex> lock(mutex_);
  sums_.prompt_tokens += attempt.usage.prompt_tokens.value_or(0);
  sums_.cache_hit_tokens += attempt.usage.billed.cache_hit.value_or(0);
  sums_.output_tokens += attempt.usage.billed.output.value_or(0);
  if (attempt.state == BillState::not_billed) return;
  const bool is_added = attempt.cost.total && add_to(sums_.spent, *attempt.cost.total);
  if (is_added && attempt.state == BillState::estimated) {
    add_to(sums_.estimated, *attempt.cost.total);
  }
  if (!is_added || attempt.state == BillState::partial) ++sums_.unpriced_attempts;
}

void Meter::show_budgets(const std::vector<BudgetStatus>& budgets) {
  const auto left_less = [](const BudgetStatus& a, const BudgetStatus& b) {
    return a.left() < b.left();
  };
  const auto tightest = std::min_element(budgets.begin(), budgets.end(), left_less);
  if (tightest == budgets.end()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  sums_.budget = Snapshot::BudgetLeft{tightest->limit, tightest->spent, tightest->left()};
}

void Meter::count_output(std::int64_t tokens, SteadyInstant now) {
  const std::int64_t number = slice_at(now);
  std::lock_guard<std::mutex> lock(mutex_);
  Slice& slice = slices_[static_cast<std::size_t>(number) % slices_.size()];
  if (slice.number != number) slice = {number, 0};
  slice.tokens += tokens;
}

Snapshot Meter::read(SteadyInstant now) const {
  const std::int64_t last = slice_at(now);
  const auto count = static_cast<std::int64_t>(slices_.size());
  std::lock_guard<std::mutex> lock(mutex_);
  Snapshot snapshot = sums_;
  std::int64_t tokens = 0;
  for (const Slice& slice : slices_) {
    if (slice.number > last - count && slice.number <= last) tokens += slice.tokens;
  }
  snapshot.tokens_per_second = tokens * 1000 / (count * slice_length.count());
  return snapshot;
}

}  // namespace TALLY_ABI
}  // namespace tally
