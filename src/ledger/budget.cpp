// SPDX-License-Identifier: MIT
#include "tally/budget.hpp"

#include <limits>

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error bad(const std::string& id, const std::string& what) {
  return Error{ErrorKind::invalid_argument, "budget \"" + id + "\": " + what};
}

std::string words(const BudgetStatus& status) { return "budget \"" + status.id + "\": "; }

std::string until(const BudgetStatus& status) {
  const bool ends = status.window.end != Instant::max() && status.window.end > status.window.begin;
  return ends ? " until " + to_string(status.window.end) : std::string();
}

}  // namespace

Decimal BudgetStatus::left() const {
  const auto unspent = checked_subtract(limit.amount, spent);
  const auto unheld = unspent ? checked_subtract(*unspent, held) : std::nullopt;
  // Too far below 0 to be told; as 0 it would let a call through.
  return unheld.value_or(Decimal{std::numeric_limits<std::int64_t>::min(), 0});
}

std::string to_string(const BudgetRefusal& refusal) {
  const BudgetStatus& status = refusal.status;
  switch (refusal.reason) {
    case BudgetReason::in_flight:
      return words(status) + std::to_string(status.in_flight) +
             " calls are in flight, and no more are allowed";
    case BudgetReason::requests_per_minute:
      return words(status) + "no more calls are allowed within 60 seconds";
    case BudgetReason::unpriced:
      return words(status) + "what the call could cost is not known (Budget::on_unpriced)";
    case BudgetReason::amount:
      break;
  }
  const Money left{status.left(), status.limit.currency};
  return words(status) + "the call could cost " +
         (refusal.could_cost ? to_string(*refusal.could_cost) : "an unknown amount") + ", and " +
         to_string(left) + " of " + to_string(status.limit) + " is left" + until(status);
}

Result<void> check_budget(const Budget& budget) {
  if (budget.id.empty()) {
    return Error{ErrorKind::invalid_argument, "Budget::id is empty: a budget needs a name"};
  }
  if (budget.limit.amount.is_negative()) return bad(budget.id, "limit is below 0");
  // A file's counters are 64-bit integers of 10^-9, which end at 9.2e9; a budget that only warns
  // may be passed.
  if (budget.limit.amount.units > 4'000'000'000) {
    return bad(budget.id, "limit is above 4,000,000,000");
  }
  if (budget.soft_permille < 0 || budget.soft_permille > 1000) {
    return bad(budget.id, "soft_permille has to be 0 to 1000");
  }
  if (budget.assume_max_tokens <= 0) return bad(budget.id, "assume_max_tokens has to be above 0");
  if (budget.most_in_flight < 0) return bad(budget.id, "most_in_flight is below 0");
  if (budget.requests_per_minute < 0) return bad(budget.id, "requests_per_minute is below 0");
  if (budget.assume_input.is_negative() || budget.assume_output.is_negative()) {
    return bad(budget.id, "an assumed price is below 0");
  }
  if (budget.on_unpriced == OnUnpriced::assume && budget.assume_output.is_zero()) {
    return bad(budget.id, "on_unpriced is assume, and assume_output is 0: unknown is never free");
  }
  return {};
}

std::string_view to_string(BudgetWindow window) {
  switch (window) {
    case BudgetWindow::call:
      return "call";
    case BudgetWindow::hour:
      return "hour";
    case BudgetWindow::day:
      return "day";
    case BudgetWindow::week:
      return "week";
    case BudgetWindow::month:
      return "month";
    case BudgetWindow::total:
      return "total";
  }
  return "?";
}

std::string_view to_string(BudgetReason reason) {
  switch (reason) {
    case BudgetReason::amount:
      return "amount";
    case BudgetReason::in_flight:
      return "in_flight";
    case BudgetReason::requests_per_minute:
      return "requests_per_minute";
    case BudgetReason::unpriced:
      return "unpriced";
  }
  return "?";
}

std::string_view to_string(BudgetNotice::Kind kind) {
  switch (kind) {
    case BudgetNotice::Kind::soft_threshold:
      return "soft_threshold";
    case BudgetNotice::Kind::exceeded:
      return "exceeded";
    case BudgetNotice::Kind::overshoot:
      return "overshoot";
  }
  return "?";
}

}  // namespace TALLY_ABI
}  // namespace tally
