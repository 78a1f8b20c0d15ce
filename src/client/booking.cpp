// SPDX-License-Identifier: MIT
#include "client/booking.hpp"

#include <algorithm>
#include <utility>

#include "client/lane.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

using std::chrono::milliseconds;

// A call without a total clock is taken to end within this.
constexpr milliseconds usual_end = std::chrono::hours(1);
// Prices are not looked for beyond this, however long a call may last.
constexpr milliseconds farthest_end = std::chrono::hours(24);

}  // namespace

PriceQuery price_query(const ClientSettings& settings, const std::string& model, Instant at) {
  PriceQuery query;
  query.provider = settings.provider.id;
  query.model = model;
  query.at = at;
  query.currency = settings.options.currency;
  query.host = settings.price_host;
  return query;
}

Booking::Booking(const ClientSettings& settings, const CallOptions& options,
                 const std::string& model) {
  const std::optional<Ledger>& ledger = options.ledger ? options.ledger : settings.options.ledger;
  if (!ledger) return;
  ledger_ = ledger->state();
  budgets_ = ledger_->budgets_for(options.labels, settings.provider.id, model);
}

std::optional<std::int64_t> Booking::max_tokens_if_absent() const {
  std::optional<std::int64_t> least;
  for (const auto& budget : budgets_) {
    least = std::min(least.value_or(budget->assume_max_tokens), budget->assume_max_tokens);
  }
  return least;
}

void Booking::know_request(RequestBound bound, std::int64_t least_prompt_tokens) {
  bound_ = std::move(bound);
  least_prompt_ = least_prompt_tokens;
}

std::optional<BudgetRefusal> Booking::assess(const ClientSettings& settings,
                                             const std::string& model, Instant at,
                                             milliseconds total_clock) {
  const PriceQuery query = price_query(settings, model, at);
  const milliseconds lasts =
      total_clock.count() > 0 ? std::min(total_clock, farthest_end) : usual_end;
  if (!assessed_) assessed_ = std::make_unique<Assessed>();
  assessed_->worst = worst_case(settings.prices(), query, at + lasts, bound_, least_prompt_);
  assessed_->holds.clear();
  for (const auto& budget : budgets_) {
    auto amount = hold_of(*budget, assessed_->worst, at);
    if (!amount) return std::move(amount).error();
    assessed_->holds.push_back({budget, window_at(budget->window, budget->zone, at), *amount});
  }
  return std::nullopt;
}

void Booking::describe(LedgerRow& row) const {
  row.service_tier_requested = bound_.service_tier;
  if (!assessed_) return;
  const WorstCase& worst = assessed_->worst;
  row.hold = worst.high;
  if (row.state != BillState::reserved) return;
  row.cost.price = worst.price;
  if (worst.low && worst.high) row.cost.bounds = CostBounds{*worst.low, *worst.high};
  if (worst.output_is_assumed) row.cost.flags.push_back(CostFlag::output_unbounded);
}

void Booking::reserve(LedgerRow row, Lane& lane) {
  submit({0, LedgerWrite::Kind::reserve, std::move(row), assessed_->holds}, lane);
}

void Booking::settle(LedgerRow row, bool is_admitted, Lane& lane) {
  std::vector<BudgetHold> billed;
  if (is_admitted && assessed_) billed = assessed_->holds;
  for (BudgetHold& hold : billed) {
    const Budget& budget = *hold.budget;
    hold.window = window_at(budget.window, budget.zone, row.billed_at.value_or(row.started));
  }
  submit({0, LedgerWrite::Kind::settle, std::move(row), std::move(billed)}, lane);
}

void Booking::submit(LedgerWrite write, Lane& lane) {
  // In this order: an answer that nobody expects would not be collected.
  lane.expect_answer(ledger_);
  struct Expectation {  // Ends where there is no memory to hand the write in.
    Booking& booking;
    Lane& lane;
    ~Expectation() {
      if (!booking.is_waiting()) lane.expect_no_answer(*booking.ledger_);
    }
  } const expectation{*this, lane};
  ticket_ = ledger_->submit(std::move(write));
}

std::optional<LedgerDone> Booking::answer(Lane& lane) {
  if (!is_waiting()) return std::nullopt;
  auto done = ledger_->ask(ticket_);
  if (!done) return std::nullopt;
  ticket_ = 0;
  lane.expect_no_answer(*ledger_);
  return done;
}

std::optional<LedgerDone> Booking::answer_now(Lane& lane) {
  if (is_waiting()) ledger_->collect();
  return answer(lane);
}

void Booking::stop_waiting(Lane& lane) {
  if (!is_waiting()) return;
  ledger_->forget(std::exchange(ticket_, 0));
  lane.expect_no_answer(*ledger_);
}

Error Booking::timeout(milliseconds limit) const {
  const std::string why = ledger_->store->waiting_for();
  Error error{ErrorKind::timeout, "the ledger did not take the row within " +
                                      std::to_string(limit.count()) + " ms (Clocks::ledger)" +
                                      (why.empty() ? "" : ": " + why)};
  error.clock = ClockKind::ledger;
  error.retry_may_help = true;
  return error;
}

}  // namespace TALLY_ABI
}  // namespace tally
