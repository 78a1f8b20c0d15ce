// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/charge.hpp"
#include "ledger/ledger_state.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// So many rows are handed in before their answers are waited for.
constexpr std::size_t rows_at_once = 500;

/// Of a row that never had an amount, nothing tells the currency of its account.
Currency currency_of(const LedgerRow& row) {
  if (row.cost.total) return row.cost.total->currency;
  return row.hold ? row.hold->currency : usd;
}

/// As served. A row keeps what its usage said, and what it was billed as; only where it has neither
/// does what was asked for have to do.
std::string_view tier_of(const LedgerRow& row) {
  if (!row.usage.service_tier.empty()) return row.usage.service_tier;
  return row.price ? row.price->service_tier : row.service_tier_requested;
}

Instant billed_at(const LedgerRow& row) {
  return row.billed_at.value_or(row.completed.value_or(row.started));
}

Result<Price, Unpriced> price_of(const LedgerRow& row, Instant at, const PriceCatalog& catalog) {
  PriceQuery query;
  query.provider = row.provider;
  query.model = row.model_requested;
  query.reported_model = row.model_reported;
  query.at = at;
  query.currency = currency_of(row);
  query.service_tier = tier_of(row);
  query.prompt_tokens = row.usage.prompt_tokens;
  // Hosts are compared where the host told the provider. A row does not say whether it did: a card
  // for its host goes first, and one for others is taken for a provider that the caller had named.
  query.host = row.host;
  if (auto price = catalog.price_at(query)) return price;
  query.host = {};
  return catalog.price_at(query);
}

void widen(Cost& cost, const Money& amount) {
  if (!cost.bounds) cost.bounds = CostBounds{*cost.total, *cost.total};
  if (amount.amount < cost.bounds->low.amount) cost.bounds->low = amount;
  if (amount.amount > cost.bounds->high.amount) cost.bounds->high = amount;
}

/// The counts at the ends of an estimate are not in the row, only what they cost: those amounts
/// stay, and take the new one in.
void keep_bounds(Cost& cost, const Cost& before) {
  for (const CostFlag flag : before.flags) {
    if (flag == CostFlag::output_unbounded) cost.flags.push_back(flag);
  }
  if (!before.bounds || before.bounds->low.currency != cost.total->currency) return;
  cost.bounds = before.bounds;
  widen(cost, *cost.total);
}

/// A call that began in one band and ended in another carries both amounts.
void mark_straddling(Cost& cost, const LedgerRow& row, const PriceCatalog& catalog) {
  const Instant ends = row.completed.value_or(row.started);
  const auto other = price_of(row, billed_at(row) == ends ? row.started : ends, catalog);
  if (!other || other->rates == cost.price->rates) return;
  cost.flags.push_back(CostFlag::straddles_bands);
  if (const auto total = cost_of(row.usage, *other).total) widen(cost, *total);
}

/// Nothing where there are no counts, or no price: then no other bill is better than the old one.
std::optional<LedgerRow> billed_anew(LedgerRow row, const PriceCatalog& catalog) {
  const auto price = price_of(row, billed_at(row), catalog);
  if (!price) return std::nullopt;
  Cost cost = cost_of(row.usage, *price);
  if (!cost.total) return std::nullopt;
  if (cost.is_estimate) keep_bounds(cost, row.cost);
  mark_straddling(cost, row, catalog);
  row.state = bill_state(row.usage, cost);
  row.price = reference_of(*price);
  row.cost = std::move(cost);
  ++row.revision;
  return row;
}

bool is_same_bill(const LedgerRow& a, const LedgerRow& b) {
  return a.state == b.state && a.cost.total == b.cost.total;
}

/// Hands revised rows in, and reads the store's answers.
class Revisions {
 public:
  Revisions(Ledger::State& ledger, RecomputeReport& report) : ledger_(ledger), report_(report) {}

  Result<void> add(LedgerRow row) {
    std::string attempt_id = row.attempt_id;
    const auto ticket = ledger_.submit({0, LedgerWrite::Kind::revise, std::move(row)});
    waiting_.push_back({ticket, std::move(attempt_id)});
    return waiting_.size() < rows_at_once ? Result<void>() : finish();
  }

  Result<void> finish() {
    auto stored = ledger_.catch_up();
    for (Waiting& write : std::exchange(waiting_, {})) {
      const auto done = ledger_.ask(write.ticket);
      if (!done) {
        ledger_.forget(write.ticket);
      } else if (done->error) {
        report_.failed.push_back(std::move(write.attempt_id));
      } else {
        ++report_.changed;
      }
    }
    return stored;
  }

 private:
  struct Waiting {
    std::uint64_t ticket = 0;
    std::string attempt_id;
  };

  Ledger::State& ledger_;
  RecomputeReport& report_;
  std::vector<Waiting> waiting_;
};

}  // namespace

Result<RecomputeReport> Ledger::recompute(const PriceCatalog& catalog,
                                          const LedgerFilter& filter) const {
  RecomputeReport report;
  Revisions revisions(*state_, report);
  Result<void> stored;
  auto read = each_row(filter, [&](const LedgerRow& row) {
    if (row.state == BillState::reserved) return true;
    ++report.rows;
    if (row.state == BillState::not_billed) return true;  // Free at any price.
    auto anew = billed_anew(row, catalog);
    if (!anew) {
      report.failed.push_back(row.attempt_id);
    } else if (!is_same_bill(*anew, row)) {
      stored = revisions.add(*std::move(anew));
    }
    return static_cast<bool>(stored);
  });
  if (!read) return std::move(read).error();
  if (stored) stored = revisions.finish();
  if (!stored) return std::move(stored).error();
  return report;
}

}  // namespace TALLY_ABI
}  // namespace tally
