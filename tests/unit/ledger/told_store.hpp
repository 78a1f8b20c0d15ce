// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "tally/ledger.hpp"

/// A store that answers questions with what a test told it.
class ToldStore final : public tally::LedgerStore {
 public:
  std::vector<tally::LedgerRow> rows;
  std::function<std::vector<tally::LedgerTotal>(const tally::LedgerFilter&)> sums;
  std::vector<tally::Budget> known_budgets;
  tally::BudgetStatus status;
  std::vector<tally::BalanceCheck> checks;

  void submit(std::vector<tally::LedgerWrite>) override {}
  std::vector<tally::LedgerDone> collect() override { return {}; }
  void await(std::chrono::microseconds) override {}

  tally::Result<void> each_row(const tally::LedgerFilter&,
                               const std::function<bool(const tally::LedgerRow&)>& keep) override {
    for (const tally::LedgerRow& row : rows) {
      if (!keep(row)) break;
    }
    return {};
  }
  tally::Result<std::vector<tally::LedgerTotal>> totals(const tally::LedgerFilter& filter,
                                                        const tally::LedgerGrouping&) override {
    return sums(filter);
  }
  tally::Result<std::vector<tally::Budget>> budgets() override { return known_budgets; }
  tally::Result<tally::BudgetStatus> budget_status(const tally::Budget&, tally::TimeSpan) override {
    return status;
  }
  tally::Result<std::vector<tally::BalanceCheck>> balances(const std::string&, const std::string&,
                                                           tally::TimeSpan) override {
    return checks;
  }
};
