// SPDX-License-Identifier: MIT
// The words for the constants of the header.
#include "c_api/boundary.hpp"
#include "tally/chat.hpp"
#include "tally/import.hpp"

namespace {

/// C++'s word, as far as the enumeration goes. The words are literals, and so end in a NUL.
template <class Enum>
const char* word(std::int32_t value, Enum last) {
  if (value < 0 || value > static_cast<std::int32_t>(last)) return nullptr;
  return tally::to_string(static_cast<Enum>(value)).data();
}

/// That of a flag: one bit.
template <class Enum>
const char* word_of_bit(std::int32_t bit, Enum last) {
  for (std::int32_t value = 0; value <= static_cast<std::int32_t>(last); ++value) {
    if (bit == 1 << value) return word(value, last);
  }
  return nullptr;
}

const char* error_word(std::int32_t code) {
  switch (code) {
    case TALLY_OK:
      return "ok";
    case TALLY_E_STALE:
      return "stale";
    case TALLY_E_OUT_OF_MEMORY:
      return "out_of_memory";
    case TALLY_E_UNPRICED:
      return "unpriced";
    case TALLY_E_INTERNAL:
      return "internal";
    default:
      return code > -1000 ? word(-1 - code, tally::ErrorKind::budget) : nullptr;
  }
}

}  // namespace

extern "C" const char* tally_enum_to_string(int32_t enumeration, int32_t value) {
  switch (enumeration) {
    case TALLY_ENUM_ERROR:
      return error_word(value);
    case TALLY_ENUM_CLOCK:
      return word(value, tally::ClockKind::ledger);
    case TALLY_ENUM_BILL_STATE:
      return word(value, tally::BillState::not_billed);
    case TALLY_ENUM_FINISH_REASON:
      return word(value, tally::FinishReason::other);
    case TALLY_ENUM_USAGE_SOURCE:
      return word(value, tally::UsageSource::mixed);
    case TALLY_ENUM_ANOMALY:
      return word_of_bit(value, tally::Anomaly::cached_kind_unknown);
    case TALLY_ENUM_BUCKET:
      return word(value, tally::Bucket::unit);
    case TALLY_ENUM_UNPRICED_REASON:
      return word(value, tally::UnpricedReason::mixed_currencies);
    case TALLY_ENUM_PRICE_FLAG:
      return word_of_bit(value, tally::PriceFlag::service_tier_unknown);
    case TALLY_ENUM_COST_FLAG:
      return word_of_bit(value, tally::CostFlag::unexplained_total);
    case TALLY_ENUM_BUDGET_WINDOW:
      return word(value, tally::BudgetWindow::total);
    case TALLY_ENUM_BUDGET_REASON:
      return word(value, tally::BudgetReason::unpriced);
    case TALLY_ENUM_IMPORT_REFUSAL:
      return word(value, tally::ImportRefusal::large_change);
    default:
      return nullptr;
  }
}
