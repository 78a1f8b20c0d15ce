// SPDX-License-Identifier: MIT
#pragma once

// How the parts of a row that have no column of their own are written, and read back. Stores on
// disk share these, so that one can be exported into another. Amounts are decimal strings. What is
// read is absent where the text is not what was written.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tally/store.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// Text as databases take it: bad UTF-8 becomes U+FFFD, and NUL bytes are left out.
std::string clean_text(std::string_view text);
/// Keys that become the same keep the first value.
Labels clean_labels(const Labels& labels);
/// Every text and label of a row.
LedgerRow clean_row(LedgerRow row);

/// `{"npc":"smith","player":"p-117"}`, cleaned.
std::string labels_to_json(const Labels& labels);
std::optional<Labels> labels_from_json(std::string_view json);

/// The lines of a cost, those without a price included. Plain data.
struct CostLines {
  std::vector<CostLine> lines;
  std::vector<UnpricedQuantity> without_price;
};
/// `[{"bucket":"output","quantity":42,"per_token":"0.0000003","amount":"0.0000126"},
/// {"bucket":"output_audio","quantity":7}]`: what has no price has no amount.
std::string cost_lines_to_json(const Cost& cost);
std::optional<CostLines> cost_lines_from_json(std::string_view json);

/// What a usage bills beside its four quantities of tokens. Plain data.
struct BilledExtras {
  BilledTokens::Parts parts;
  std::vector<BilledUnit> units;
};
/// `{"audio_miss":69,"units":{"search_query":3,"page":null}}`, without what is 0; empty where there
/// is nothing.
std::string billed_extras_to_json(const Usage& usage);
std::optional<BilledExtras> billed_extras_from_json(std::string_view json);

/// Names, separated by commas; empty for none.
std::string anomalies_to_text(const std::vector<Anomaly>& anomalies);
std::optional<std::vector<Anomaly>> anomalies_from_text(std::string_view text);
std::string flags_to_text(const std::vector<CostFlag>& flags);
std::optional<std::vector<CostFlag>> flags_from_text(std::string_view text);

std::optional<BillState> bill_state_from_text(std::string_view text);
std::optional<UsageSource> usage_source_from_text(std::string_view text);
std::optional<UnpricedReason> unpriced_reason_from_text(std::string_view text);

/// The whole definition; its zone as `to_string` writes it.
std::string budget_to_json(const Budget& budget);
/// `ledger` says what is missing.
Result<Budget> budget_from_json(std::string_view json);

}  // namespace TALLY_ABI
}  // namespace tally
