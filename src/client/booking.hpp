// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/settings.hpp"
#include "client/worst_case.hpp"
#include "ledger/ledger_state.hpp"
#include "tally/client.hpp"

namespace tally {
inline namespace TALLY_ABI {

class Lane;

/// For a call that begins at `at`. Looks at `settings` and `model`.
PriceQuery price_query(const ClientSettings& settings, const std::string& model, Instant at);

/// One call and its ledger: what each attempt can cost, what its budgets hold for it, and the write
/// that is waited for. One thread at a time; the ledger behind it may be shared.
class Booking {
 public:
  /// Without a ledger everything here does nothing.
  Booking(const ClientSettings& settings, const CallOptions& options, const std::string& model);

  bool has_ledger() const { return ledger_ != nullptr; }
  const LedgerOptions& options() const { return ledger_->options; }
  void drop_ledger() { ledger_.reset(); }

  /// What the budgets want written into a request that bounds no output.
  std::optional<std::int64_t> max_tokens_if_absent() const;
  const RequestBound& bound() const { return bound_; }
  /// `least_prompt_tokens` matters to a ledger only.
  void know_request(RequestBound bound, std::int64_t least_prompt_tokens);

  /// For an attempt that begins at `at`: its worst case, and what is to be held. Or the refusal of
  /// a budget that wants to know the cost, which is not known.
  std::optional<BudgetRefusal> assess(const ClientSettings& settings, const std::string& model,
                                      Instant at, std::chrono::milliseconds total_clock);
  /// As `assess` has found it.
  const WorstCase& worst() const { return assessed_->worst; }
  /// Adds what is known before sending.
  void describe(LedgerRow& row) const;

  void reserve(LedgerRow row, Lane& lane);
  /// `is_admitted`: the attempt was to be sent, so that its bill counts in budgets.
  void settle(LedgerRow row, bool is_admitted, Lane& lane);
  bool is_waiting() const { return ticket_ != 0; }
  /// The answer to the last write, once it is there.
  std::optional<LedgerDone> answer(Lane& lane);
  /// As `answer`, after a look into the store, for a call that nobody drives any more.
  std::optional<LedgerDone> answer_now(Lane& lane);
  /// The write goes on, but nobody waits for it any more.
  void stop_waiting(Lane& lane);
  /// For the end of a wait: that the ledger did not answer, and what it waits for.
  Error timeout(std::chrono::milliseconds limit) const;

 private:
  /// What a call has that begins with a ledger, or is estimated; others do without its 300 bytes.
  struct Assessed {
    WorstCase worst;
    std::vector<BudgetHold> holds;
  };

  void submit(LedgerWrite write, Lane& lane);

  std::shared_ptr<Ledger::State> ledger_;
  std::vector<std::shared_ptr<const Budget>> budgets_;  ///< That match, by id.
  RequestBound bound_;
  std::int64_t least_prompt_ = 0;
  std::unique_ptr<Assessed> assessed_;  ///< Null: the attempt was not assessed.
  std::uint64_t ticket_ = 0;            ///< Of the write that is waited for; 0: none.
};

}  // namespace TALLY_ABI
}  // namespace tally
