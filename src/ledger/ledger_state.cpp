// SPDX-License-Identifier: MIT
#include "ledger/ledger_state.hpp"

#include <algorithm>
#include <utility>

#include "ledger/charge.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What is tried again is answered to nobody.
constexpr milliseconds look_again{20};
// "For ever" must not overflow.
constexpr milliseconds longest_wait = std::chrono::hours(24 * 365);

steady_clock::time_point end_of(milliseconds timeout) {
  return steady_clock::now() + std::min(timeout, longest_wait);
}

microseconds time_to(steady_clock::time_point until) {
  return std::chrono::ceil<microseconds>(until - steady_clock::now());
}

bool is_before(const std::shared_ptr<const Budget>& budget, const std::string& id) {
  return budget->id < id;
}

}  // namespace

std::uint64_t Ledger::State::submit(LedgerWrite write) {
  if (!write.row.price && write.row.cost.price) {
    write.row.price = reference_of(*write.row.cost.price);
  }
  std::uint64_t ticket = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ticket = write.ticket = last_ticket_ + 1;
    const bool is_answered = missing_budgets_ && write.kind == LedgerWrite::Kind::reserve;
    if (is_answered) {
      LedgerDone done{ticket, missing_budgets_, {}, {}};
      answers_[ticket].done = std::move(done);
      ++answered_;
    } else {
      unanswered_[ticket];
    }
    ++last_ticket_;
    if (is_answered) return ticket;
  }
  struct Withdrawal {
    State& state;
    std::uint64_t ticket;
    ~Withdrawal() {
      if (ticket == 0) return;
      std::lock_guard<std::mutex> lock(state.mutex_);
      state.unanswered_.erase(ticket);
    }
  } if_not_taken{*this, ticket};
  std::vector<LedgerWrite> batch;
  batch.push_back(std::move(write));
  store->submit(std::move(batch));
  if_not_taken.ticket = 0;
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
  std::optional<LedgerDone> done = std::move(found->second.done);
  answers_.erase(found);
  return done;
}

void Ledger::State::forget(std::uint64_t ticket) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  if (answers_.erase(ticket) != 0) return;
  const auto found = unanswered_.find(ticket);
  if (found != unanswered_.end()) found->second.is_forgotten = true;
}

Result<void> Ledger::State::flush(milliseconds timeout) {
  const auto until = end_of(timeout);
  if (auto answered = catch_up(timeout); !answered) return answered;
  while (store->retrying() > 0) {
    const microseconds left = time_to(until);
    if (left <= microseconds(0)) return timeout_error(timeout);
    store->await(std::min<microseconds>(left, look_again));
  }
  return {};
}

Result<void> Ledger::State::catch_up(milliseconds timeout) {
  const auto until = end_of(timeout);
  std::uint64_t last = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    last = last_ticket_;  // Under load there are always some that came later.
  }
  // Also where nothing is left to write: a store that was only polled tidies up here.
  store->await(microseconds(0));
  while (true) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      collect_locked();
      if (unanswered_.empty() || unanswered_.begin()->first > last) return {};
    }
    const microseconds left = time_to(until);
    if (left <= microseconds(0)) return timeout_error(timeout);
    store->await(left);
  }
}

Error Ledger::State::timeout_error(milliseconds timeout) const {
  const std::string why = store->waiting_for();
  Error error{ErrorKind::timeout, "the ledger has not stored everything within " +
                                      std::to_string(timeout.count()) + " ms" +
                                      (why.empty() ? "" : ": " + why)};
  error.clock = ClockKind::ledger;
  error.retry_may_help = true;
  return error;
}

void Ledger::State::collect_locked() {
  for (LedgerDone& done : store->collect()) {
    ++answered_;
    auto asked = unanswered_.extract(done.ticket);
    if (asked.empty() || asked.mapped().is_forgotten) continue;
    asked.mapped().done = std::move(done);
    answers_.insert(std::move(asked));
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

void Ledger::State::miss_budgets(const Error& why) {
  missing_budgets_ = why;
  missing_budgets_->message = "the ledger's budgets cannot be read: " + why.message;
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
