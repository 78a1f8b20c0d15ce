// SPDX-License-Identifier: MIT
#include "ledger/budget_rules.hpp"

#include <algorithm>
#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

enum class Sign { plus, minus };

bool move(Decimal& value, Decimal by, Sign sign) {
  const auto moved = sign == Sign::plus ? checked_add(value, by) : checked_subtract(value, by);
  if (moved) value = *moved;
  return moved.has_value();
}

std::optional<BudgetStatus> moved(BudgetStatus status, const WindowEntry& entry, Sign sign) {
  const int one = sign == Sign::plus ? 1 : -1;
  if (!entry.charged) {
    status.in_flight += one;
    if (!move(status.held, entry.held, sign)) return std::nullopt;
    return status;
  }
  if (!move(status.spent, *entry.charged, sign)) return std::nullopt;
  if (entry.is_estimate && !move(status.estimated, *entry.charged, sign)) return std::nullopt;
  if (entry.is_unpriced) status.unpriced_calls += one;
  return status;
}

/// limit * soft_permille / 1000; a limit whose product overflows has no threshold.
std::optional<Decimal> threshold_of(const Budget& budget) {
  if (budget.soft_permille == 0) return std::nullopt;
  const auto product = checked_multiply(budget.limit.amount, budget.soft_permille);
  return product ? checked_divide(*product, 1000) : std::nullopt;
}

}  // namespace

WindowEntry settled_entry(const LedgerRow& row, Currency currency, Decimal held) {
  WindowEntry entry;
  entry.held = held;
  const std::optional<Decimal> charge = charge_of(row, currency);
  const bool has_unknown_part =
      !charge || row.state == BillState::unpriced || row.state == BillState::partial;
  // What was held may be more than the row's own hold: `OnUnpriced::assume` gives one to a call
  // whose worst case is not known.
  entry.charged = has_unknown_part ? std::max(charge.value_or(Decimal{}), held) : *charge;
  entry.is_estimate = row.state == BillState::estimated;
  entry.is_unpriced = has_unknown_part;
  return entry;
}

std::optional<BudgetStatus> with_entry(BudgetStatus status, const WindowEntry& entry) {
  return moved(std::move(status), entry, Sign::plus);
}

std::optional<BudgetStatus> without_entry(BudgetStatus status, const WindowEntry& entry) {
  return moved(std::move(status), entry, Sign::minus);
}

std::optional<BudgetRefusal> refusal_of(const BudgetHold& hold, const BudgetStatus& now,
                                        int begun_lately) {
  const Budget& budget = *hold.budget;
  BudgetRefusal refusal;
  refusal.status = now;
  if (hold.amount) refusal.could_cost = Money{*hold.amount, budget.limit.currency};
  if (budget.most_in_flight > 0 && now.in_flight >= budget.most_in_flight) {
    refusal.reason = BudgetReason::in_flight;
    return refusal;
  }
  if (budget.requests_per_minute > 0 && begun_lately >= budget.requests_per_minute) {
    refusal.reason = BudgetReason::requests_per_minute;
    return refusal;
  }
  if (budget.on_exceed == OnExceed::warn) return std::nullopt;
  refusal.reason = BudgetReason::amount;
  // Once spent has passed the limit nothing goes through, however little it may cost.
  const Decimal left = now.left();
  if (left.is_negative() || (hold.amount && *hold.amount > left)) return refusal;
  return std::nullopt;
}

std::vector<BudgetNotice> notices_of(const Budget& budget, const BudgetStatus& before,
                                     const BudgetStatus& after, const WindowEntry& entry) {
  std::vector<BudgetNotice> notices;
  const Decimal limit = budget.limit.amount;
  if (!entry.charged) {
    if (after.left().is_negative()) notices.push_back({BudgetNotice::Kind::exceeded, after});
    return notices;
  }
  const auto threshold = threshold_of(budget);
  if (threshold && before.spent < *threshold && after.spent >= *threshold) {
    notices.push_back({BudgetNotice::Kind::soft_threshold, after});
  }
  if (*entry.charged > entry.held && after.spent > limit) {
    notices.push_back({BudgetNotice::Kind::overshoot, after});
  }
  return notices;
}

void note_change(LedgerDone& done, const Budget& budget, const BudgetStatus& before,
                 const BudgetStatus& after, const WindowEntry& entry) {
  for (BudgetNotice& notice : notices_of(budget, before, after, entry)) {
    done.notices.push_back(std::move(notice));
  }
  // The window of a single call says nothing of what is left.
  if (budget.window != BudgetWindow::call) done.budgets.push_back(after);
}

}  // namespace TALLY_ABI
}  // namespace tally
