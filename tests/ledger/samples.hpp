// SPDX-License-Identifier: MIT
#pragma once

// Rows and budgets whose sums can be worked out by hand, and writes without a client.

#include <optional>
#include <string>
#include <vector>

#include "tally/tally.hpp"

namespace ledger_tests {

/// A row of now, with the bounds and the hold that a client would have found.
tally::LedgerRow reserved_row(const tally::Money& hold);
tally::LedgerRow settled_row(tally::LedgerRow reserved, const tally::Money& bill);

/// Of all time, for every call.
tally::Budget total_budget(const std::string& id, const tally::Money& limit);

/// Hands a write in and waits for its answer; `hold` is what it holds in each of the ledger's
/// budgets.
tally::LedgerDone reserve(const tally::Ledger& ledger, tally::LedgerRow row);
tally::LedgerDone settle(const tally::Ledger& ledger, tally::LedgerRow row);

/// The same without the wait: the write's ticket.
std::uint64_t submit(const tally::Ledger& ledger, tally::LedgerWrite::Kind kind,
                     tally::LedgerRow row);
tally::LedgerDone answer_to(const tally::Ledger& ledger, std::uint64_t ticket);

/// A client of a server at `url`, billed as DeepSeek, that makes each attempt once.
tally::ClientOptions options_for(const std::string& url, const tally::Ledger& ledger);
tally::ChatRequest asking(const std::string& text);

/// Prices of which bills are easily added: an output token of `deepseek-flash` costs one cent,
/// input nothing.
tally::PriceCatalog cent_prices();

/// No row is lost, no counter wrong: what `verify` found, as text; empty is good.
std::string drift_of(const tally::Ledger& ledger);

}  // namespace ledger_tests
