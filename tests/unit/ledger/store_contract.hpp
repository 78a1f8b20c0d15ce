// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tally/store.hpp"

/// What every store promises, whatever it keeps its rows in. A store's own test brings the storage:
///
///     TEST_CASE("sqlite store: keeps the contract") {
///       contract::check_every_promise([] { return on_a_fresh_file(); });
///     }
namespace contract {

struct StoreUnderTest {
  /// A handle over one storage, which the first call finds empty. Later calls reopen it; no other
  /// handle is open then.
  std::function<std::shared_ptr<tally::LedgerStore>()> open;
  bool keeps_on_disk = false;
};

/// Gives a new, empty storage each time.
using FreshStorage = std::function<StoreUnderTest()>;

/// A promise is a sentence; its check runs on a storage of its own.
struct Promise {
  const char* sentence;
  void (*check)(const StoreUnderTest&);
};

const std::vector<Promise>& promises_of_writes();
const std::vector<Promise>& promises_of_budgets();
const std::vector<Promise>& promises_of_counting();
const std::vector<Promise>& promises_of_questions();

/// Each promise is a subcase: `-sc="a label of a megabyte*"` runs one.
void check_every_promise(const FreshStorage& fresh);

/// Random reserves, settles and recoveries over random budgets, against a model that adds up all
/// entries anew each time.
void check_random_course(const StoreUnderTest& store, unsigned seed, int steps);

}  // namespace contract
