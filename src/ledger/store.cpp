// SPDX-License-Identifier: MIT
#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error not_offered(const char* what) {
  return Error{ErrorKind::unsupported, std::string("this ledger's store does not offer ") + what};
}

}  // namespace

Decimal LedgerTotal::total() const {
  const auto both = checked_add(settled, estimated);
  const auto all = both ? checked_add(*both, partial) : std::nullopt;
  return all.value_or(Decimal{});
}

Result<std::vector<LedgerTotal>> LedgerStore::totals(const LedgerFilter&, const LedgerGrouping&) {
  return not_offered("totals");
}
Result<std::vector<LedgerHistory>> LedgerStore::history(const std::string&) {
  return not_offered("history");
}
Result<std::string> LedgerStore::price_entry(const std::string&) {
  return not_offered("price_entry");
}
Result<void> LedgerStore::put_budget(const Budget&) { return not_offered("budgets"); }
Result<void> LedgerStore::remove_budget(const std::string&) { return not_offered("budgets"); }
Result<std::vector<Budget>> LedgerStore::budgets() { return std::vector<Budget>(); }
Result<BudgetStatus> LedgerStore::budget_status(const Budget&, TimeSpan) {
  return not_offered("budgets");
}
Result<std::vector<BudgetDrift>> LedgerStore::verify_budgets(Repair) {
  return not_offered("verify_budgets");
}
Result<std::int64_t> LedgerStore::recover() { return not_offered("recover"); }
Result<std::int64_t> LedgerStore::prune(Instant) { return not_offered("prune"); }
Result<std::int64_t> LedgerStore::erase(const std::string&, const std::string&) {
  return not_offered("erase");
}
Result<void> LedgerStore::put_balance(const BalanceCheck&) { return not_offered("balances"); }
Result<std::vector<BalanceCheck>> LedgerStore::balances(const std::string&, const std::string&,
                                                        TimeSpan) {
  return not_offered("balances");
}

}  // namespace TALLY_ABI
}  // namespace tally
