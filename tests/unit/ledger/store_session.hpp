// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tally/store.hpp"
#include "unit/ledger/store_contract.hpp"

/// What the contract's promises are written with.
namespace contract {

/// One who waits for each write.
class Session {
 public:
  explicit Session(const StoreUnderTest& under_test);

  tally::LedgerDone reserve(tally::LedgerRow row, std::vector<tally::BudgetHold> budgets = {});
  tally::LedgerDone settle(tally::LedgerRow row, std::vector<tally::BudgetHold> budgets = {});
  tally::LedgerDone revise(tally::LedgerRow row);
  tally::LedgerDone write(tally::LedgerWrite write);
  /// In the order of the batch; each ticket has to be answered once.
  std::vector<tally::LedgerDone> write_all(std::vector<tally::LedgerWrite> batch);
  /// Waits for the answers of so many writes that were submitted with tickets 1 to `count`.
  std::map<std::uint64_t, tally::LedgerDone> answers(std::size_t count);

  std::vector<tally::LedgerRow> rows(const tally::LedgerFilter& filter = {});
  tally::LedgerRow row(const std::string& attempt_id);
  tally::BudgetStatus status(const tally::BudgetHold& where);
  void set(const tally::BudgetHold& budget);

  tally::LedgerStore& store() { return *store_; }

 private:
  std::shared_ptr<tally::LedgerStore> store_;
};

tally::Instant at(std::string_view text);
tally::Decimal decimal(std::string_view text);
tally::Money dollars(std::string_view text);
tally::Money yuan(std::string_view text);

/// `01978a00-0000-7000-8000-000000000007`.
std::string attempt(int number);
/// A reserved row of 2026-04-05T12:00:00Z, of a call of its own; `hold` in dollars, empty: not
/// known.
tally::LedgerRow reserved(int number, std::string_view hold = "");
/// Its bill, two seconds later, in dollars.
tally::LedgerRow settled(tally::LedgerRow row, std::string_view cost);
tally::LedgerRow estimated(tally::LedgerRow row, std::string_view cost, const char* reason);
tally::LedgerRow partial(tally::LedgerRow row, std::string_view cost);
tally::LedgerRow unpriced(tally::LedgerRow row);
tally::LedgerRow not_billed(tally::LedgerRow row);
/// The row at another time: start, and bill if it has one.
tally::LedgerRow begun(tally::LedgerRow row, std::string_view start);

/// A budget in dollars, of all time or of each UTC day.
tally::Budget budget(const char* id, std::string_view limit);
tally::Budget daily(const char* id, std::string_view limit);
/// Holds `amount` (empty: not known) in it; its window is all time, or the UTC day of 2026-04-05.
tally::BudgetHold hold(const tally::Budget& budget, std::string_view amount = "");
tally::BudgetHold hold(const tally::Budget& budget, std::string_view amount,
                       tally::TimeSpan window);
/// That UTC day.
tally::TimeSpan day(std::string_view date);

/// Reserves and settles in one budget.
void spend(Session& session, int number, const tally::BudgetHold& where, std::string_view cost);

/// Spent, held, estimated as decimals and the two counts: `0.5 0.3 0 0 1`.
std::string figures(const tally::BudgetStatus& status);

void check_equal(const tally::LedgerRow& read, const tally::LedgerRow& written);

}  // namespace contract
