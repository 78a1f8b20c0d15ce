// SPDX-License-Identifier: MIT
#include <utility>

#include "base/stable_order.hpp"
#include "ledger/ledger_state.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Balances lag behind the calls by about four minutes.
constexpr std::chrono::minutes lag{5};

/// Adds and subtracts, and remembers that a sum did not fit.
class Sums {
 public:
  explicit Sums(Currency currency) : currency_(currency) {}

  bool fits() const { return fits_; }
  Money money(Decimal amount) const { return {amount, currency_}; }
  Money add(const Money& a, const Money& b) { return keep(checked_add(a.amount, b.amount)); }
  Money subtract(const Money& a, const Money& b) {
    return keep(checked_subtract(a.amount, b.amount));
  }

 private:
  Money keep(std::optional<Decimal> amount) {
    fits_ = fits_ && amount.has_value();
    return money(amount.value_or(Decimal{}));
  }

  Currency currency_;
  bool fits_ = true;
};

/// A check, with the currency's amount in it.
struct Reading {
  Instant at;
  Money balance;
};

std::vector<Reading> readings_of(const std::vector<BalanceCheck>& checks, Currency currency) {
  std::vector<Reading> readings;
  for (const BalanceCheck& check : checks) {
    if (const BalanceAmount* amount = check.balance.in(currency)) {
      readings.push_back({check.at, amount->total});
    }
  }
  sort_stably(readings, [](const Reading& a, const Reading& b) { return a.at < b.at; });
  return readings;
}

/// What was billed in a span.
struct Billed {
  Money amount;
  std::int64_t unknown = 0;  ///< Rows without a known cost.
};

class Reconciler {
 public:
  Reconciler(const Ledger& ledger, const std::string& provider, Currency currency)
      : ledger_(ledger), sums_(currency) {
    filter_.provider = provider;
    result_.drop = result_.spent = result_.difference = sums_.money({});
  }

  Result<void> compare(const Reading& before, const Reading& after) {
    const TimeSpan span{before.at, after.at};
    const auto billed = billed_in(span);
    if (!billed) return billed.error();
    const auto tolerance = tolerance_of(span);
    if (!tolerance) return tolerance.error();

    ReconciledStretch stretch;
    stretch.span = span;
    stretch.drop = sums_.subtract(before.balance, after.balance);
    stretch.spent = billed->amount;
    stretch.difference = sums_.subtract(stretch.drop, stretch.spent);
    stretch.tolerance = *tolerance;
    stretch.is_top_up = stretch.drop.amount.is_negative();
    const Money size = stretch.difference.amount.is_negative()
                           ? sums_.subtract(sums_.money({}), stretch.difference)
                           : stretch.difference;
    stretch.agrees = !stretch.is_top_up && size.amount <= stretch.tolerance.amount;
    result_.unpriced_attempts += billed->unknown;
    if (!stretch.is_top_up) count(stretch);
    result_.stretches.push_back(std::move(stretch));
    return {};
  }

  Result<Reconciliation> take() && {
    if (!sums_.fits()) {
      return Error{ErrorKind::limit_exceeded, "the amounts to reconcile do not fit into a sum"};
    }
    result_.agrees = compared_ > 0 && agreed_ == compared_;
    return std::move(result_);
  }

 private:
  void count(const ReconciledStretch& stretch) {
    ++compared_;
    if (stretch.agrees) ++agreed_;
    result_.drop = sums_.add(result_.drop, stretch.drop);
    result_.spent = sums_.add(result_.spent, stretch.spent);
    result_.difference = sums_.add(result_.difference, stretch.difference);
  }

  Result<Billed> billed_in(TimeSpan span) {
    filter_.from = span.begin;
    filter_.to = span.end;
    const auto totals = ledger_.totals(filter_);
    if (!totals) return totals.error();
    Billed billed{sums_.money({}), 0};
    for (const LedgerTotal& total : *totals) {
      billed.unknown += total.unpriced_attempts + total.reserved_attempts;
      if (total.currency != billed.amount.currency) continue;
      billed.amount = sums_.add(billed.amount, sums_.money(total.total()));
    }
    return billed;
  }

  /// A balance has two decimals, so a drop is off by less than a hundredth.
  Result<Money> tolerance_of(TimeSpan span) {
    const TimeSpan begin{span.begin - lag, span.begin + lag};
    const TimeSpan end{span.end - lag, span.end + lag};
    const bool is_one = end.begin <= begin.end;
    const auto first = billed_in(is_one ? TimeSpan{begin.begin, end.end} : begin);
    if (!first) return first.error();
    Money tolerance = sums_.add(sums_.money(cents(1).amount), first->amount);
    if (is_one) return tolerance;
    const auto second = billed_in(end);
    if (!second) return second.error();
    return sums_.add(tolerance, second->amount);
  }

  const Ledger& ledger_;
  LedgerFilter filter_;
  Sums sums_;
  Reconciliation result_;
  int compared_ = 0;
  int agreed_ = 0;
};

}  // namespace

Result<Reconciliation> Ledger::reconcile(const std::string& provider, Currency currency,
                                         TimeSpan span, const std::string& account) const {
  const auto checks = state_->store->balances(provider, account, span);
  if (!checks) return checks.error();
  const std::vector<Reading> readings = readings_of(*checks, currency);
  if (readings.size() < 2) {
    return Error{ErrorKind::invalid_argument, "a reconciliation needs two balance checks of " +
                                                  provider + " in " + std::string(currency.view()) +
                                                  " within its span, and there are " +
                                                  std::to_string(readings.size())};
  }
  Reconciler reconciler(*this, provider, currency);
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (auto done = reconciler.compare(readings[i - 1], readings[i]); !done) return done.error();
  }
  return std::move(reconciler).take();
}

}  // namespace TALLY_ABI
}  // namespace tally
