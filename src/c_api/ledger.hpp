// SPDX-License-Identifier: MIT
#pragma once

#include "c_api/storage.hpp"
#include "tally/ledger.hpp"

struct tally_ledger : tally::HandleOf<tally::HandleKind::ledger> {
  explicit tally_ledger(tally::Ledger of) : ledger(std::move(of)) {}
  tally::Ledger ledger;
};
