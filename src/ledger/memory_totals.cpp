// SPDX-License-Identifier: MIT
#include "ledger/memory_totals.hpp"

#include <utility>

#include "ledger/memory_rows.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool add_to(Decimal& sum, Decimal part) {
  const auto both = checked_add(sum, part);
  if (both) sum = *both;
  return both.has_value();
}

std::optional<Currency> currency_of(const LedgerRow& row) {
  if (row.cost.total) return row.cost.total->currency;
  if (row.hold) return row.hold->currency;
  return std::nullopt;
}

Decimal* amount_of(LedgerTotal& total, BillState state) {
  switch (state) {
    case BillState::settled:
      return &total.settled;
    case BillState::estimated:
      return &total.estimated;
    case BillState::partial:
      return &total.partial;
    default:
      return nullptr;
  }
}

bool add_amounts(LedgerTotal& total, const LedgerRow& row) {
  bool fits = true;
  Decimal* const amount = amount_of(total, row.state);
  if (amount != nullptr && row.cost.total) fits = add_to(*amount, row.cost.total->amount);
  const auto& difference = row.cost.reported_difference;
  if (difference && total.currency == difference->currency) {
    fits = add_to(total.reported_difference, difference->amount) && fits;
  }
  return fits;
}

void add_counts(LedgerTotal& total, const LedgerRow& row) {
  const BilledTokens& billed = row.usage.billed;
  ++total.attempts;
  total.cache_hit_tokens += billed.cache_hit.value_or(0);
  total.cache_miss_tokens += billed.cache_miss.value_or(0);
  total.cache_write_tokens += billed.cache_write.value_or(0);
  total.output_tokens += billed.output.value_or(0);
  if (row.state == BillState::unpriced) ++total.unpriced_attempts;
  if (row.state == BillState::reserved) ++total.reserved_attempts;
}

}  // namespace

void MemoryTotals::add(const LedgerRow& row) {
  const auto [place, is_new] = groups_.try_emplace(key_of(row));
  Group& group = place->second;
  if (is_new) {
    const Key& key = place->first;
    group.total.provider = std::get<0>(key);
    group.total.model = std::get<1>(key);
    group.total.label = std::get<2>(key);
    group.total.state = std::get<3>(key);
    group.total.day = std::get<4>(key);
    group.total.currency = currency_of(row);
  }
  add_counts(group.total, row);
  fits_ = add_amounts(group.total, row) && fits_;
  group.calls.insert(row.call_id);
}

MemoryTotals::Key MemoryTotals::key_of(const LedgerRow& row) {
  Key key;
  if (grouping_.by_provider) std::get<0>(key) = row.provider;
  if (grouping_.by_model) std::get<1>(key) = row.model_requested;
  if (const auto label = row.labels.find(grouping_.by_label);
      !grouping_.by_label.empty() && label != row.labels.end()) {
    std::get<2>(key) = label->second;
  }
  if (grouping_.by_state) std::get<3>(key) = row.state;
  if (grouping_.by_day) std::get<4>(key) = date_of(row);
  if (const auto currency = currency_of(row)) std::get<5>(key) = currency->view();
  return key;
}

const std::string& MemoryTotals::date_of(const LedgerRow& row) {
  const Instant at = counts_at(row);
  if (day_.date.empty() || at < day_.span.begin || at >= day_.span.end) {
    day_ = local_day(grouping_.zone, at);
  }
  return day_.date;
}

Result<std::vector<LedgerTotal>> MemoryTotals::take() {
  if (!fits_) return Error{ErrorKind::limit_exceeded, "a sum over these rows is too large"};
  std::vector<LedgerTotal> totals;
  totals.reserve(groups_.size());
  for (auto& group : groups_) {
    group.second.total.calls = static_cast<std::int64_t>(group.second.calls.size());
    totals.push_back(std::move(group.second.total));
  }
  return totals;
}

}  // namespace TALLY_ABI
}  // namespace tally
