// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "c_api/storage.hpp"
#include "tally/c_api.h"
#include "tally/receipt.hpp"

namespace tally {
inline namespace TALLY_ABI {

// What C++ has of a bill, as structs of C's in `storage`. Their texts are views of what is given
// here, which has to live as long.

const tally_usage* usage_of(const Usage& usage, Storage& storage);
const tally_price* price_of(const Price& price, Storage& storage);
const tally_cost* cost_of(const Cost& cost, Storage& storage);
const tally_budget_status* status_of(const BudgetStatus& status, Storage& storage);
const tally_receipt* receipt_of(const Receipt& receipt, Storage& storage);
const tally_error* error_of(const Error& error, Storage& storage);

/// One bit for each flag.
template <class Flags>
std::uint32_t bits_of(const Flags& flags) {
  std::uint32_t bits = 0;
  for (const auto flag : flags) bits |= 1u << static_cast<unsigned>(flag);
  return bits;
}

/// `value` into `to`, and its bit into `has`; nothing if it is absent.
template <class Value, class To>
void put(const std::optional<Value>& value, std::uint32_t bit, std::uint32_t* has, To* to) {
  if (!value) return;
  *has |= bit;
  *to = *value;
}
inline void put(const std::optional<Money>& value, std::uint32_t bit, std::uint32_t* has,
                tally_money* to) {
  if (!value) return;
  *has |= bit;
  *to = money_of(*value);
}
inline void put(const std::optional<Decimal>& value, std::uint32_t bit, std::uint32_t* has,
                tally_amount* to) {
  if (!value) return;
  *has |= bit;
  *to = amount_of(*value);
}

}  // namespace TALLY_ABI
}  // namespace tally
