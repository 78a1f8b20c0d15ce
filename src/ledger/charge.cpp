// SPDX-License-Identifier: MIT
#include "ledger/charge.hpp"

#include <algorithm>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

std::optional<Decimal> amount_in(const std::optional<Money>& money, Currency currency) {
  if (!money || money->currency != currency) return std::nullopt;
  return money->amount;
}

const std::string* value_of(const std::string& key, const Labels& labels,
                            const std::string& provider, const std::string& model) {
  if (const auto found = labels.find(key); found != labels.end()) return &found->second;
  if (key == "provider") return &provider;
  return key == "model" ? &model : nullptr;
}

}  // namespace

std::optional<Decimal> charge_of(const LedgerRow& row, Currency currency) {
  if (row.state == BillState::not_billed) return Decimal{};
  const std::optional<Decimal> known = amount_in(row.cost.total, currency);
  if (row.state == BillState::settled || row.state == BillState::estimated) return known;
  const std::optional<Decimal> held = amount_in(row.hold, currency);
  if (!known || !held) return known ? known : held;
  return std::max(*known, *held);
}

PriceReference reference_of(const Price& price) {
  PriceReference reference;
  reference.entry_id = price.entry->id;
  reference.sha256 = price.entry->sha256;
  reference.catalog_version = price.entry->catalog_version;
  reference.model = price.entry->model;
  reference.band = price.band;
  reference.service_tier = price.service_tier;
  reference.context_tier = price.context_tier;
  return reference;
}

bool is_in_scope(const Budget& budget, const Labels& labels, const std::string& provider,
                 const std::string& model) {
  return std::all_of(budget.scope.begin(), budget.scope.end(), [&](const auto& wanted) {
    const std::string* value = value_of(wanted.first, labels, provider, model);
    return value != nullptr && *value == wanted.second;
  });
}

bool was_recovered(const LedgerRow& row) {
  return row.state != BillState::reserved &&
         (row.reason == "owner_gone" || row.reason == "lease_expired");
}

LedgerRow estimated_after_death(LedgerRow row, std::string reason, Instant now) {
  row.reason = std::move(reason);
  row.completed = now;
  row.billed_at = row.started;  // When it ended is not known; that it began is.
  ++row.revision;
  row.usage.source = UsageSource::estimator;
  row.cost.is_estimate = true;
  if (row.cost.bounds) row.cost.total = row.cost.bounds->high;
  row.state = row.cost.total ? BillState::estimated : BillState::unpriced;
  return row;
}

}  // namespace TALLY_ABI
}  // namespace tally
