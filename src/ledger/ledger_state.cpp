// SPDX-License-Identifier: MIT
#include "ledger/ledger_state.hpp"

#include <algorithm>
#include <utility>

#include "ledger/charge.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

bool is_before(const std::shared_ptr<const Budget>& budget, const std::string& id) {
  return budget->id < id;
}

}  // namespace

std::uint64_t Ledger::State::submit(LedgerWrite write) {
  if (!write.row.price && write.row.cost.price) {
    write.row.price = reference_of(*write.row.cost.price);
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    write.ticket = ++last_ticket_;
    ++unanswered_;
  }
  const std::uint64_t ticket = write.ticket;
  std::vector<LedgerWrite> batch;
  batch.push_back(std::move(write));
  store->submit(std::move(batch));
  return ticket;
}

std::uint64_t Ledger::State::collect() {
  std::lock_guard<std::mutex> lock(mutex_);
  collect_locked();
  return answered_;
}

std::optional<LedgerDone> Ledger::State::ask(std::uint64_t ticket) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = answers_.find(ticket);
  if (found == answers_.end()) return std::nullopt;
  LedgerDone done = std::move(found->second);
  answers_.erase(found);
  return done;
}

void Ledger::State::forget(std::uint64_t ticket) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (answers_.erase(ticket) == 0) forgotten_.insert(ticket);
}

Result<void> Ledger::State::flush(std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + timeout;
  while (true) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      collect_locked();
      if (unanswered_ == 0) return {};
    }
    const auto left = std::chrono::ceil<std::chrono::microseconds>(until - steady_clock::now());
    if (left <= std::chrono::microseconds(0)) {
      const std::string why = store->waiting_for();
      Error error{ErrorKind::timeout, "the ledger has not stored everything within " +
                                          std::to_string(timeout.count()) + " ms" +
                                          (why.empty() ? "" : ": " + why)};
      error.clock = ClockKind::ledger;
      error.retry_may_help = true;
      return error;
    }
    store->await(left);
  }
}

void Ledger::State::collect_locked() {
  for (LedgerDone& done : store->collect()) {
    --unanswered_;
    ++answered_;
    if (forgotten_.erase(done.ticket) != 0) continue;
    const std::uint64_t ticket = done.ticket;
    answers_.emplace(ticket, std::move(done));
  }
}

std::vector<std::shared_ptr<const Budget>> Ledger::State::budgets_for(
    const Labels& labels, const std::string& provider, const std::string& model) const {
  std::vector<std::shared_ptr<const Budget>> matching;
  std::lock_guard<std::mutex> lock(budgets_mutex_);
  for (const auto& budget : budgets_) {
    if (is_in_scope(*budget, labels, provider, model)) matching.push_back(budget);
  }
  return matching;
}

std::vector<std::shared_ptr<const Budget>> Ledger::State::budgets() const {
  std::lock_guard<std::mutex> lock(budgets_mutex_);
  return budgets_;
}

std::shared_ptr<const Budget> Ledger::State::budget(const std::string& id) const {
  std::lock_guard<std::mutex> lock(budgets_mutex_);
  const auto place = std::lower_bound(budgets_.begin(), budgets_.end(), id, is_before);
  return place != budgets_.end() && (*place)->id == id ? *place : nullptr;
}

void Ledger::State::keep_budget(Budget budget) {
  std::lock_guard<std::mutex> lock(budgets_mutex_);
  auto place = std::lower_bound(budgets_.begin(), budgets_.end(), budget.id, is_before);
  auto kept = std::make_shared<const Budget>(std::move(budget));
  if (place != budgets_.end() && (*place)->id == kept->id) {
    *place = std::move(kept);
  } else {
    budgets_.insert(place, std::move(kept));
  }
}

void Ledger::State::drop_budget(const std::string& id) {
  std::lock_guard<std::mutex> lock(budgets_mutex_);
  const auto place = std::lower_bound(budgets_.begin(), budgets_.end(), id, is_before);
  if (place != budgets_.end() && (*place)->id == id) budgets_.erase(place);
}

}  // namespace TALLY_ABI
}  // namespace tally
