// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tally/money.hpp"
#include "tally/time.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a call was for: `{"player", "p-117"}, {"npc", "smith"}`.
using Labels = std::map<std::string, std::string>;

/// How long a budget's money has to last. All but `call` and `total` begin and end with the local
/// time of the budget's zone; a week begins on Monday.
enum class BudgetWindow {
  call,  ///< Each call by itself.
  hour,
  day,
  week,
  month,
  total,
};

/// What happens to a call that could cost more than is left.
enum class OnExceed {
  refuse,  ///< It is not sent.
  warn,    ///< It is sent, and `Hooks::on_budget` is told.
};

/// What happens to a call whose worst case has no price: an unknown model, a picture.
enum class OnUnpriced {
  refuse,  ///< It is not sent.
  allow,   ///< It is sent and counted in `BudgetStatus::unpriced_calls`.
  assume,  ///< It is held and counted at `assume_input` and `assume_output`.
};

/// A limit on what calls may cost. Give it to a ledger (`Ledger::set_budget`); it then holds for
/// every call over that ledger whose labels match. Plain data.
///
/// Before a call is sent, its worst case is held in all budgets that match, or in none, and the
/// call refused. The bill then replaces the hold. It can only be larger where the server bills
/// tokens that nothing announces; that is recorded, and the next call is refused.
struct Budget {
  std::string id{};
  Money limit{};
  BudgetWindow window = BudgetWindow::total;
  TimeZone zone{};
  /// Each of these has to be among the call's labels; the keys `provider` and `model` (as
  /// requested) are there by themselves. Empty: every call.
  Labels scope{};
  /// Spent beyond this share of the limit (of 1000), `Hooks::on_budget` is told, once a window. 0:
  /// never.
  int soft_permille = 0;
  OnExceed on_exceed = OnExceed::refuse;
  OnUnpriced on_unpriced = OnUnpriced::refuse;
  Decimal assume_input{};   ///< Per million tokens, in the limit's currency.
  Decimal assume_output{};  ///< Per million tokens.
  /// Written into a request that has no `max_tokens`, so that its cost has a bound.
  std::int64_t assume_max_tokens = 8192;
  int most_in_flight = 0;       ///< Calls that are not settled yet; 0: any number.
  int requests_per_minute = 0;  ///< Attempts begun within 60 seconds; 0: any number.
};

/// Where a budget stands in one of its windows. Plain data.
struct BudgetStatus {
  std::string id;
  Money limit;
  TimeSpan window;
  Decimal spent;      ///< Bills counted in this window, estimates included.
  Decimal held;       ///< Worst cases of calls in flight.
  Decimal estimated;  ///< The part of `spent` that is estimates.
  std::int64_t unpriced_calls = 0;
  int in_flight = 0;

  /// limit - spent - held; below 0 after an overshoot.
  TALLY_API Decimal left() const;
};

/// Why a budget did not let a call through.
enum class BudgetReason {
  amount,               ///< It could cost more than is left.
  in_flight,            ///< `most_in_flight` calls are not settled yet.
  requests_per_minute,  ///< Too many within 60 seconds.
  unpriced,             ///< What it could cost is not known.
};

/// A budget's no. Plain data.
struct BudgetRefusal {
  BudgetReason reason = BudgetReason::amount;
  BudgetStatus status;              ///< As it stood.
  std::optional<Money> could_cost;  ///< The worst case; absent where it is not known.
};

/// `budget "npc-day": the call could cost $0.0123 and $0.004 of $0.40 is left until
/// 2026-11-23T00:00:00Z`.
TALLY_API std::string to_string(const BudgetRefusal& refusal);

/// What a host is told of its budgets (`Hooks::on_budget`). Plain data.
struct BudgetNotice {
  enum class Kind {
    soft_threshold,  ///< Spent has passed `soft_permille`.
    exceeded,        ///< A call that could cost more than is left was let through (`warn`).
    overshoot,       ///< A bill was larger than its hold, and spent is now above the limit.
  };
  Kind kind = Kind::soft_threshold;
  BudgetStatus status{};
  std::string call_id{};  ///< Of the call that brought it about; set where the hook is told.
};

/// The window of that kind around `at`: local times in `zone`, given back as instants. A day begins
/// with the first instant of its date, also where a change of the clocks leaves no midnight or two.
/// `call` is empty and begins at `at`; `total` is all time since 1970.
TALLY_API TimeSpan window_at(BudgetWindow window, const TimeZone& zone, Instant at);

/// `invalid_argument` names the field that makes no sense.
TALLY_API Result<void> check_budget(const Budget& budget);

TALLY_API std::string_view to_string(BudgetWindow window);
TALLY_API std::string_view to_string(BudgetReason reason);
TALLY_API std::string_view to_string(BudgetNotice::Kind kind);

}  // namespace TALLY_ABI
}  // namespace tally
